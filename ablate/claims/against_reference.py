"""Tables held against others of the same study, such as the reference's: which intervals overlap, which verdicts agree."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from ablate.claims.judgement import CONTRADICTED, FEWEST_SEEDS, REPRODUCED, WAITING
from ablate.claims.statistics import effects as statistics
from ablate.claims.statistics.effects import positive_floor
from ablate.claims.study_rows import COUNTED, StudyRows
from ablate.claims.verdict import POOLED, Verdict, decide
from ablate.registry.measures import measure, shown_in

if TYPE_CHECKING:
    import pandas as pd

    from ablate.results.tables import Results
    from ablate.study.study import Study

FALSE_ALARM = 0.05
"""Chance that two tables from the same truth are said to differ, over all their intervals together"""


@dataclass(frozen=True)
class Summary:
    """A center and its interval, from n runs."""

    n: int
    center: float
    low: float
    high: float

    def overlaps(self, other: Summary) -> bool:
        return self.low <= other.high and other.low <= self.high


@dataclass(frozen=True)
class Overlap:
    """One metric of one arm on one dataset in both tables; `agrees` is None where either has fewer than 5 runs."""

    dataset: str
    arm: str
    metric: str
    mine: Summary
    reference: Summary
    agrees: bool | None


@dataclass(frozen=True)
class VerdictPair:
    """The headline verdicts of one claim; they conflict where one is reproduced and the other contradicted."""

    mine: Verdict
    reference: Verdict

    @property
    def same(self) -> bool:
        return self.mine.verdict == self.reference.verdict

    @property
    def conflict(self) -> bool:
        return {self.mine.verdict, self.reference.verdict} == {REPRODUCED, CONTRADICTED}


@dataclass(frozen=True)
class Comparison:
    """What `compare` found."""

    study: str
    level: float
    """level of the intervals, wider than 95 % because there are many"""
    overlaps: list[Overlap]
    verdicts: list[VerdictPair]
    shared: int
    """runs with the same run_id in both tables"""
    identical: int
    """those of them whose status and metrics are the same to the last digit"""
    other: str = "the reference"
    """what the reference is called"""

    @property
    def differs(self) -> bool:
        """Some interval does not meet the reference's, or some verdict is the opposite. Undecided is not opposite."""
        return any(each.agrees is False for each in self.overlaps) or any(each.conflict for each in self.verdicts)

    def lines(self) -> list[str]:
        """Plain text for a terminal."""
        if not self.overlaps:
            return [f"{self.study}: {self.other} holds no run with these settings and seeds: nothing to compare with"]
        judged = [each for each in self.overlaps if each.agrees is not None]
        met = sum(bool(each.agrees) for each in judged)
        found = [
            f"{self.study}: against {self.other}",
            f"  runs in both: {self.shared}; the same to the last digit: {self.identical}",
            f"  intervals that overlap: {met} of {len(judged)} (at {100 * self.level:.1f} %, so that equal tables "
            f"differ in any of them with a chance of {100 * FALSE_ALARM:.0f} %)",
        ]
        found += [
            f"    {each.dataset}, {each.arm}, {each.metric}: {_shown(each.mine)}, {self.other} {_shown(each.reference)}"
            for each in judged
            if not each.agrees
        ]
        if len(judged) < len(self.overlaps):
            found.append(
                f"  not compared, fewer than {FEWEST_SEEDS} runs: {len(self.overlaps) - len(judged)} intervals"
            )
        found.append(f"  verdicts that agree: {sum(each.same for each in self.verdicts)} of {len(self.verdicts)}")
        found += [
            f"    {each.mine.key}: {each.mine.verdict} ({each.mine.reason}), {self.other} {each.reference.verdict}"
            for each in self.verdicts
            if not each.same
        ]
        if not judged and not self.differs:
            found.append(f"  too few runs to tell whether it agrees with {self.other}")
        else:
            found.append(f"  differs from {self.other}" if self.differs else f"  agrees with {self.other}")
        return found


def compare(
    mine: Results, reference: Results, study: Study, other_study: Study | None = None, other: str = "the reference"
) -> Comparison:
    """Hold one's own tables against the reference's, by the study's own arms and claims.

    other_study: the study that made the reference, if its seeds or settings are others; arms are matched by name.
    """
    other_study = replace(other_study or study, claims=study.claims)
    here, there = StudyRows.of(study, mine), StudyRows.of(other_study, reference)
    metrics = [of.name for of in shown_in("reference")]
    cells = [(dataset, arm, metric) for dataset in study.datasets for arm in study.arms for metric in metrics]
    level = meeting_level(len(cells))
    overlaps = []
    for cell in cells:
        first, second = (_summary(rows, *cell, level) for rows in (here, there))
        if first and second:
            enough = min(first.n, second.n) >= FEWEST_SEEDS
            overlaps.append(Overlap(*cell, first, second, first.overlaps(second) if enough else None))
    verdicts = [
        VerdictPair(a, b)
        for a, b in zip(decide(study, mine, here), decide(other_study, reference, there), strict=True)
        if a.dataset == POOLED and a.verdict != WAITING
    ]
    shared, identical = _identical(here.table, there.table)
    return Comparison(study.name, level, overlaps, verdicts, shared, identical, other)


def meeting_level(intervals: int) -> float:
    """Level at which so many pairs of intervals, each pair from one truth, all overlap with a chance of 95 %.

    Two equally wide normal intervals miss each other when their centers are √2 · z standard deviations of the
    difference apart; Bonferroni's share of 5 % is given to each pair.
    """
    z = stats.norm.ppf(1 - FALSE_ALARM / max(intervals, 1) / 2) / math.sqrt(2)
    return float(2 * stats.norm.cdf(z) - 1)


def _summary(rows: StudyRows, dataset: str, arm: str, metric: str, level: float) -> Summary | None:
    """The arm's center and interval; None without runs, or where the metric does not exist."""
    group = rows.rows(dataset, arm)
    group = group[group["status"].isin(COUNTED)]
    lost = (group["status"] == "diverged").to_numpy()
    n = len(group)
    if not n:
        return None
    if metric == "diverged":
        return Summary(n, float(lost.mean()), *statistics.share_interval(int(lost.sum()), n, level))
    return summarise(group, metric, level, statistics.seed_of(dataset, arm, metric))


def summarise(group: pd.DataFrame, metric: str, level: float, seed: int) -> Summary | None:
    """Interquartile mean of a metric over an arm's runs; of the logarithm for a ratio. None if no run has a value.

    Diverged runs take the worst finite value of the arm.
    """
    if metric not in group.columns:
        return None
    facts, lost = measure(metric), (group["status"] == "diverged").to_numpy()
    values = group[metric].to_numpy(dtype=float)
    finite = values[np.isfinite(values) & ~lost]
    if not len(finite):
        return None
    worst = finite.min() if facts.better == "greater" else finite.max()
    values = np.where(lost, worst, values)
    values = values[np.isfinite(values)]
    if facts.scale == "ratio":
        values = np.log(np.maximum(values, positive_floor(finite)))
    low, high = statistics.iqm_interval(values, seed, level)
    shown = [statistics.interquartile_mean(values), float(low[0]), float(high[0])]
    center, low_end, high_end = np.exp(shown) if facts.scale == "ratio" else shown
    return Summary(len(values), float(center), float(low_end), float(high_end))


def _identical(mine: pd.DataFrame, reference: pd.DataFrame) -> tuple[int, int]:
    columns = [
        name for name in ("status", "diverged_at", "fid", "mode_coverage", "best_fid", "grad_norm_ratio")
        if name in mine.columns and name in reference.columns
    ]  # fmt: skip
    both = mine[["run_id", *columns]].merge(reference[["run_id", *columns]], on="run_id", suffixes=("", "_reference"))
    same = np.ones(len(both), dtype=bool)
    for name in columns:
        first, second = both[name], both[f"{name}_reference"]
        same &= ((first == second) | (first.isna() & second.isna())).to_numpy(dtype=bool)
    return len(both), int(same.sum())


def _shown(summary: Summary) -> str:
    return f"{summary.center:.3g} [{summary.low:.3g}, {summary.high:.3g}] (n {summary.n})"
