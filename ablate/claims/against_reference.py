"""Tables held against others of the same study, such as the reference's: which intervals overlap, which verdicts agree."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from ablate.claims.by_looks import verdicts_of
from ablate.claims.judgement import CONTRADICTED, REPRODUCED, WAITING
from ablate.claims.statistics.binary import share_interval
from ablate.claims.statistics.centers import Center, centers
from ablate.claims.study_rows import StudyRows
from ablate.claims.thresholds import FEWEST_SEEDS
from ablate.claims.verdict import POOLED, Verdict
from ablate.registry.measures import measure, shown_in
from ablate.results.tables import COUNTED

if TYPE_CHECKING:
    from ablate.results.tables import Results
    from ablate.study.study import Study

FALSE_ALARM = 0.05
"""Chance that two tables from the same truth are said to differ, over all their intervals together"""
LABELS = ("study", "dataset", "arm", "seed", "draw")
"""What a study calls a run: another may call the same run otherwise"""
SETTINGS = "set_"
"""Begins the columns of a run's settings, which its run_id stands for"""
CIRCUMSTANCES = (
    "commit", "dirty", "ablate_version", "python", "torch", "device", "arithmetic", "threads", "cohort_size", "seconds",
    "step_seconds", "step_seconds_iqr", "finished_at", "flags", "error",
)  # fmt: skip
"""When, where and by which code a run was trained, and what was remarked on it, which may differ between equal trainings"""


@dataclass(frozen=True)
class Overlap:
    """One metric of one arm on one dataset in both tables; `agrees` is None where either has fewer than 5 runs."""

    dataset: str
    arm: str
    metric: str
    mine: Center
    reference: Center
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
    """What is equal, what agrees and what differs between one's own tables and others."""

    study: str
    level: float
    """level of the intervals, wider than 95 % because there are many"""
    overlaps: list[Overlap]
    verdicts: list[VerdictPair]
    shared: int
    """runs with the same run_id in both tables"""
    identical: int
    """those of them that are the same to the last digit in every column that equal trainings share"""
    other: str = "the reference"
    """what the reference is called"""

    @property
    def differs(self) -> bool:
        """Some interval does not meet the reference's, or some verdict is the opposite. Undecided is not opposite."""
        apart = any(overlap.agrees is False for overlap in self.overlaps)
        return apart or any(pair.conflict for pair in self.verdicts)

    def lines(self) -> list[str]:
        """Plain text for a terminal."""
        if not self.overlaps:
            return [f"{self.study}: {self.other} holds no run with these settings and seeds: nothing to compare with"]
        judged = [overlap for overlap in self.overlaps if overlap.agrees is not None]
        met = sum(bool(overlap.agrees) for overlap in judged)
        lines = [
            f"{self.study}: against {self.other}",
            f"  runs in both: {self.shared}; the same to the last digit: {self.identical}",
            f"  intervals that overlap: {met} of {len(judged)} (at {100 * self.level:.1f} %, so that equal tables "
            f"differ in any of them with a chance of {100 * FALSE_ALARM:.0f} %)",
        ]
        lines += [
            f"    {of.dataset}, {of.arm}, {of.metric}: {_shown(of.mine)}, {self.other} {_shown(of.reference)}"
            for of in judged
            if not of.agrees
        ]
        if len(judged) < len(self.overlaps):
            lines.append(
                f"  not compared, fewer than {FEWEST_SEEDS} runs: {len(self.overlaps) - len(judged)} intervals"
            )
        lines.append(f"  verdicts that agree: {sum(pair.same for pair in self.verdicts)} of {len(self.verdicts)}")
        lines += [
            f"    {pair.mine.key}: {pair.mine.verdict} ({pair.mine.reason}), {self.other} {pair.reference.verdict}"
            for pair in self.verdicts
            if not pair.same
        ]
        if not judged and not self.differs:
            lines.append(f"  too few runs to tell whether it agrees with {self.other}")
        else:
            lines.append(f"  differs from {self.other}" if self.differs else f"  agrees with {self.other}")
        return lines


def against_reference(
    mine: Results, reference: Results, study: Study, other_study: Study | None = None, other: str = "the reference"
) -> Comparison:
    """One's own tables held against the reference's, by the study's own arms and claims.

    other_study: the study that made the reference, if its seeds or settings are others; arms are matched by name.
    """
    other_study = replace(other_study or study, claims=study.claims)
    here, there = StudyRows.of(study, mine), StudyRows.of(other_study, reference)
    metrics = [of.name for of in shown_in("reference")]
    cells = [(dataset, arm, metric) for dataset in study.datasets for arm in study.arms for metric in metrics]
    level = meeting_level(len(cells))
    own, others = (_centers(rows, study.datasets, metrics, level) for rows in (here, there))
    overlaps = [_overlap(cell, own[cell], others[cell]) for cell in cells if cell in own and cell in others]
    verdicts = [
        VerdictPair(a, b)
        for a, b in zip(verdicts_of(study, mine, here), verdicts_of(other_study, reference, there), strict=True)
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


Cell = tuple[str, str, str]
"""dataset, arm, metric"""


def _centers(rows: StudyRows, datasets: tuple[str, ...], metrics: list[str], level: float) -> dict[Cell, Center]:
    """The centres that the page shows, with intervals at another level; without those that do not exist."""
    by_cell: dict[Cell, Center] = {}
    for dataset in datasets:
        counted = rows.table[(rows.table["dataset"] == dataset) & rows.table["status"].isin(COUNTED)]
        for metric in metrics:
            by_arm = _diverged(counted, level) if metric == "diverged" else centers(counted, measure(metric), level)
            by_cell |= {(dataset, arm, metric): center for arm, center in by_arm.items()}
    return by_cell


def _diverged(counted: pd.DataFrame, level: float) -> dict[str, Center]:
    """The share of each arm's runs that diverged."""
    lost = (counted["status"] == "diverged").groupby(counted["arm"], sort=False)
    return {
        str(arm): Center(float(own.mean()), *share_interval(int(own.sum()), len(own), level), len(own))
        for arm, own in lost
    }


def _overlap(cell: Cell, mine: Center, reference: Center) -> Overlap:
    enough = min(mine.n, reference.n) >= FEWEST_SEEDS
    return Overlap(*cell, mine, reference, mine.overlaps(reference) if enough else None)


def _identical(mine: pd.DataFrame, reference: pd.DataFrame) -> tuple[int, int]:
    """How many runs are in both tables, and how many of them are the same in every column that equal trainings share."""
    left_out = {"run_id", *LABELS, *CIRCUMSTANCES}
    columns = [
        name for name in mine.columns
        if name in reference.columns and name not in left_out and not name.startswith(SETTINGS)
    ]  # fmt: skip
    both = mine[["run_id", *columns]].merge(reference[["run_id", *columns]], on="run_id", suffixes=("", "_reference"))
    same = np.ones(len(both), dtype=bool)
    for name in columns:
        first, second = (both[column].mask(both[column] == "") for column in (name, f"{name}_reference"))
        same &= ((first == second) | (first.isna() & second.isna())).to_numpy(dtype=bool)
    return len(both), int(same.sum())


def _shown(center: Center) -> str:
    return f"{center.center:.3g} [{center.low:.3g}, {center.high:.3g}] (n {center.n})"
