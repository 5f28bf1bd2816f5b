"""What a claim compares: the values of its metric in its arms on one dataset, diverged runs at the worst."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ablate.claims.series import association
from ablate.claims.statistics.bootstrap import Floats
from ablate.claims.statistics.centers import bounded, positive_floor
from ablate.claims.study_rows import StudyRows
from ablate.claims.training_values import values_at
from ablate.registry.facts import Scale
from ablate.registry.measures import measure
from ablate.results.tables import COUNTED
from ablate.study.claims.association import spearman_of
from ablate.study.claims.point import BEST, TAIL

if TYPE_CHECKING:
    import pandas as pd

    from ablate.study.claims import Claim


@dataclass(frozen=True)
class Samples:
    """The values of the arm, and of the other arm if there is one, on one dataset. Diverged runs are ±inf, the worst."""

    arm: Floats
    against: Floats | None
    scale: Scale
    center: str
    diverged: tuple[int, int]
    missing: tuple[int, int]
    """runs that the study asks for and that give no value: not run yet, failed, or not measured"""
    applies: bool = True
    """false where runs are done and none has this metric: it does not exist on this dataset"""
    rivals: tuple[Samples, ...] = ()
    """the arm against each of several others"""
    ladders: tuple[tuple[tuple[float, Floats], ...], ...] = ()
    """values by level of a factor, ascending; one ladder for each setting of the rest"""
    gaps: tuple[Floats, ...] = ()
    """of a spread: differences within pairs of each arm's runs, which are independent where distances are not"""
    seeds: tuple[NDArray[np.int64], ...] = ()
    """the seed of each value's run, of the arm and of the other; in a search each draw has its own, in all arms the same"""
    lacks: str = ""
    """what is not measured, where that is not the metric itself"""
    courses: tuple[Floats, ...] = ()
    """of a claim of some evaluation: the values of either arm's runs [runs, evaluations], diverged ones at the worst"""
    names: tuple[str, ...] = ()
    """the arms: this one and the other, or this one and its rivals, or those of the ladders, one ladder after the other"""

    @property
    def binary(self) -> bool:
        """The values are 0 and 1, and averaged whole."""
        return self.center == "mean"

    @property
    def n(self) -> tuple[int, int]:
        """Runs of the arm, and of the other arms."""
        if self.rivals:
            return len(self.arm), sum(pair.n[1] for pair in self.rivals)
        return len(self.arm), 0 if self.against is None else len(self.against)

    @property
    def by_arm(self) -> list[tuple[str, int]]:
        """Each arm and how many runs it has."""
        if self.rivals:
            counts = [len(self.arm), *(pair.n[1] for pair in self.rivals)]
        elif self.ladders:
            counts = [len(values) for ladder in self.ladders for _, values in ladder]
        else:
            counts = [len(self.arm)] if self.against is None else list(self.n)
        return list(zip(self.names, counts, strict=True))

    @property
    def fewest(self) -> int:
        """Runs of the arm that has the fewest."""
        if self.rivals:
            return min(pair.fewest for pair in self.rivals)
        if self.ladders:
            return min(len(values) for ladder in self.ladders for _, values in ladder)
        return self.n[0] if self.against is None else min(self.n)

    def comparable(self) -> tuple[Floats, Floats] | None:
        """Finite values for means: diverged runs take the worst finite value of the two arms; logarithms for a ratio.

        Of no other arm, since the verdict must not hang on arms that the claim does not name: see
        ablate.claims.statistics.centers. None if no run of either arm has a finite value. Without another arm the second
        is empty.
        """
        other = np.empty(0) if self.against is None else self.against
        both = bounded(np.concatenate([self.arm, other]), self.scale)
        return None if both is None else (both[: len(self.arm)], both[len(self.arm) :])

    def ranked(self) -> tuple[Floats, Floats]:
        """The values for rank tests on the scale of comparison: logarithms for a ratio, diverged runs still ±inf."""
        other = np.empty(0) if self.against is None else self.against
        if self.scale == "difference":
            return self.arm, other
        both = np.concatenate([self.arm, other])
        floor = positive_floor(both[np.isfinite(both)])
        first, second = (
            np.where(values == -np.inf, values, np.log(np.maximum(values, floor))) for values in (self.arm, other)
        )
        return first, second


def samples_of(rows: StudyRows, claim: Claim, dataset: str, better: str = "") -> Samples:
    """The values of a claim's arm, and of the arm that it is held against, on a dataset.

    A diverged run is the worst by its status, whatever its cells hold. Where neither way of the metric is better, the
    worst is what speaks against the claim: `better` says what speaks for it, by default the claim's direction, else less.
    A failed run is missing.
    """
    facts = measure(claim.metric)
    names = (claim.arm, claim.against) if claim.against else (claim.arm,)
    groups = tuple(rows.rows(dataset, name) for name in names)
    groups = tuple(group[group["status"].isin(COUNTED)] for group in groups)
    broken = tuple((group["status"] == "diverged").to_numpy() for group in groups)
    if claim.metric == "diverged":
        values = [lost.astype(float) for lost in broken]
    else:
        better = (better or claim.direction or "less") if facts.better == "none" else facts.better
        worst = (1.0 if facts.binary else math.inf) if better == "less" else 0.0 if facts.binary else -math.inf
        raw = _raw(rows, claim, dataset, names, groups, broken)
        values = [np.where(lost, worst, value) for value, lost in zip(raw, broken, strict=True)]
    done = [value[~lost] for value, lost in zip(values, broken, strict=True)]
    measured = not sum(map(len, done)) or any(np.isfinite(value).any() for value in done)
    known = [value[~np.isnan(value)] for value in values]
    lost = [int(diverged.sum()) for diverged in broken] + [0]
    absent = [max(0, rows.expected_count(dataset, name) - len(value)) for name, value in zip(names, known, strict=True)]
    return Samples(
        known[0], known[1] if claim.against else None, facts.scale, facts.center, (lost[0], lost[1]),
        (absent[0], sum(absent[1:])), measured, names=names,
        seeds=tuple(
            group["seed"].to_numpy(dtype=np.int64)[~np.isnan(value)] for group, value in zip(groups, values, strict=True)
        ),
    )  # fmt: skip


def _raw(
    rows: StudyRows, claim: Claim, dataset: str, names: tuple[str, ...], groups: tuple[pd.DataFrame, ...],
    broken: tuple[NDArray, ...],
) -> list[Floats]:  # fmt: skip
    metric = claim.metric
    if claim.at in (TAIL, BEST) and rows.taken != metric:
        every = [values_at(rows, metric, dataset, name, claim.at) for name in names]
        counted = [rows.rows(dataset, name)["status"].isin(COUNTED).to_numpy() for name in names]
        return [values[there] for values, there in zip(every, counted, strict=True)]
    if metric in ("steps_to_target", "seconds_to_target"):
        return _time_to_target(rows, metric, groups, broken)
    curves = spearman_of(metric)
    if curves:
        return [association(rows, *curves, group["run_id"]) for group in groups]
    return [
        group[metric].to_numpy(dtype=float) if metric in group.columns else np.full(len(group), np.nan)
        for group in groups
    ]


def best_value(rows: StudyRows, metric: str, dataset: str) -> float | None:
    """The best value that any run of the study reached on the dataset; None without a finite one."""
    there = rows.table[(rows.table["dataset"] == dataset) & (rows.table["status"] == "done")]
    values = there[metric].to_numpy(dtype=float) if metric in there.columns else np.empty(0)
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    return float(values.min() if measure(metric).better == "less" else values.max())


def target_fid(groups: tuple[pd.DataFrame, ...]) -> float:
    """The worse arm's median final fid, over its runs that did not diverge; NaN if there is none."""
    medians = []
    for group in groups:
        if "fid" in group.columns:
            final = group.loc[group["status"] == "done", "fid"].to_numpy(dtype=float)
            final = final[np.isfinite(final)]
            medians += [float(np.median(final))] if len(final) else []
    return max(medians, default=math.nan)


def _time_to_target(
    rows: StudyRows, metric: str, groups: tuple[pd.DataFrame, ...], broken: tuple[NDArray, ...]
) -> list[Floats]:
    """Generator steps or seconds at the first evaluation with fid at or below the target; +inf if it is never reached.

    A run without a fid curve has no value (NaN).
    """
    target, column = target_fid(groups), 0 if metric == "steps_to_target" else 1
    by_group = []
    for group, lost in zip(groups, broken, strict=True):
        times = np.full(len(group), np.nan)
        for i, run_id in enumerate(group["run_id"]):
            curve = rows.fid_curves.get(run_id)
            if curve is None or lost[i] or math.isnan(target):
                continue
            reached = np.flatnonzero(curve[2] <= target)
            times[i] = curve[column][reached[0]] if len(reached) else np.inf
        by_group.append(times)
    return by_group
