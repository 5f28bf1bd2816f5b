"""What a claim compares: the values of its metric in its arms on one dataset, diverged runs at the worst."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ablate.claims.series import association
from ablate.claims.statistics.effects import Floats, positive_floor
from ablate.claims.study_rows import COUNTED, StudyRows
from ablate.registry.measures import Scale, measure
from ablate.study.claims.association import spearman_of

if TYPE_CHECKING:
    import pandas as pd

    from ablate.study.study import Claim


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

    @property
    def n(self) -> tuple[int, int]:
        if self.rivals:
            return len(self.arm), sum(each.n[1] for each in self.rivals)
        return len(self.arm), 0 if self.against is None else len(self.against)

    @property
    def fewest(self) -> int:
        """Runs of the arm that has the fewest."""
        if self.rivals:
            return min(each.fewest for each in self.rivals)
        if self.ladders:
            return min(len(values) for ladder in self.ladders for _, values in ladder)
        return self.n[0] if self.against is None else min(self.n)

    def comparable(self) -> tuple[Floats, Floats] | None:
        """Finite values for means: diverged runs take the worst finite value seen in either arm; logs for a ratio.

        None if no run of either arm has a finite value. Without another arm the second is empty.
        """
        other = np.empty(0) if self.against is None else self.against
        both = np.concatenate([self.arm, other])
        finite = both[np.isfinite(both)]
        if not len(finite):
            return None
        bounded = (np.clip(self.arm, finite.min(), finite.max()), np.clip(other, finite.min(), finite.max()))
        if self.scale == "difference":
            return bounded
        floor = positive_floor(finite)
        first, second = (np.log(np.maximum(each, floor)) for each in bounded)
        return first, second

    def ranked(self) -> tuple[Floats, Floats]:
        """The values for rank tests on the scale of comparison: logs for a ratio, diverged runs still ±inf."""
        other = np.empty(0) if self.against is None else self.against
        if self.scale == "difference":
            return self.arm, other
        both = np.concatenate([self.arm, other])
        floor = positive_floor(both[np.isfinite(both)])
        first, second = (np.where(each == -np.inf, each, np.log(np.maximum(each, floor))) for each in (self.arm, other))
        return first, second


def samples_of(rows: StudyRows, claim: Claim, dataset: str) -> Samples:
    """The values that a claim compares on a dataset.

    A diverged run is the worst by its status, whatever its cells hold; where neither way is better, the worst is what
    speaks against the claim. A failed run is missing.
    """
    if claim.rivals:
        return _against_rivals(rows, claim, dataset)
    if claim.ladders:
        return _on_ladders(rows, claim, dataset)
    facts = measure(claim.metric)
    worst = _worst(claim, facts.better)
    names = (claim.arm, claim.against) if claim.against else (claim.arm,)
    groups = tuple(rows.rows(dataset, name) for name in names)
    groups = tuple(group[group["status"].isin(COUNTED)] for group in groups)
    broken = tuple((group["status"] == "diverged").to_numpy() for group in groups)
    raw = _raw(rows, claim.metric, groups, broken)
    values = [np.where(lost, worst, value) for value, lost in zip(raw, broken, strict=True)]
    if claim.metric == "diverged":
        values = [lost.astype(float) for lost in broken]
    done = [value[~lost] for value, lost in zip(values, broken, strict=True)]
    measured = claim.metric == "diverged" or not sum(map(len, done)) or any(np.isfinite(each).any() for each in done)
    known = [value[~np.isnan(value)] for value in values]
    absent = [max(0, rows.expected_count(dataset, name) - len(value)) for name, value in zip(names, known, strict=True)]
    scale = facts.scale
    if claim.statistic == "spread":
        known, scale = _spread(known, facts.scale), "difference"
    center = facts.center
    if claim.statistic == "share_near_best":
        known, scale, center = _near_best(rows, claim, dataset, known), "difference", "mean"
    lost = [int(each.sum()) for each in broken]
    if not claim.against:
        return Samples(known[0], None, scale, center, (lost[0], 0), (absent[0], 0), measured)
    return Samples(
        known[0], known[1], scale, center, (lost[0], lost[1]), (absent[0], absent[1]), measured
    )  # fmt: skip


def _worst(claim: Claim, better: str) -> float:
    if better == "none":
        better = claim.direction or ("less" if claim.high is not None or claim.low is None else "greater")
    return math.inf if better == "less" else -math.inf


def _against_rivals(rows: StudyRows, claim: Claim, dataset: str) -> Samples:
    pairs = tuple(samples_of(rows, replace(claim, against=name, rivals=()), dataset) for name in claim.rivals)
    first = pairs[0]
    return replace(
        first,
        against=np.concatenate([each.against for each in pairs if each.against is not None]),
        diverged=(first.diverged[0], sum(each.diverged[1] for each in pairs)),
        missing=(first.missing[0], sum(each.missing[1] for each in pairs)),
        applies=all(each.applies for each in pairs),
        rivals=pairs,
    )


def _on_ladders(rows: StudyRows, claim: Claim, dataset: str) -> Samples:
    """All levels' values; a level's diverged runs are the worst, and where neither way is better, −inf for a rise."""
    ladders, everything = [], []
    for ladder in claim.ladders:
        levels = []
        for level, name in ladder:
            each = samples_of(rows, replace(claim, arm=name, ladders=()), dataset)
            levels.append((level, each.arm))
            everything.append(each)
        ladders.append(tuple(levels))
    return Samples(
        np.concatenate([each.arm for each in everything]),
        None,
        everything[0].scale,
        everything[0].center,
        (sum(each.diverged[0] for each in everything), 0),
        (sum(each.missing[0] for each in everything), 0),
        any(each.applies for each in everything),
        ladders=tuple(ladders),
    )


def _raw(rows: StudyRows, metric: str, groups: tuple[pd.DataFrame, ...], broken: tuple[NDArray, ...]) -> list[Floats]:
    if metric in ("steps_to_target", "seconds_to_target"):
        return _time_to_target(rows, metric, groups, broken)
    curves = spearman_of(metric)
    if curves:
        return [association(rows, *curves, group["run_id"]) for group in groups]
    return [
        group[metric].to_numpy(dtype=float) if metric in group.columns else np.full(len(group), np.nan)
        for group in groups
    ]


def _spread(values: list[Floats], scale: Scale) -> list[Floats]:
    """Distance of each value, or of its logarithm for a ratio, from its own arm's median (Brown and Forsythe 1974).

    The median is that of the finite values; a diverged run is at the worst, +inf.
    """
    finite = np.concatenate(values)
    finite = finite[np.isfinite(finite)]
    floor = positive_floor(finite) if len(finite) else 1.0
    spread = []
    for each in values:
        inside = np.isfinite(each)
        level = np.where(inside, each, np.nan)
        level = np.log(np.maximum(level, floor)) if scale == "ratio" else level
        distance = np.abs(level - np.median(level[inside])) if inside.any() else level
        spread.append(np.where(inside, distance, np.inf))
    return spread


def _near_best(rows: StudyRows, claim: Claim, dataset: str, values: list[Floats]) -> list[Floats]:
    """1 for a run within the claim's factor of the best that any arm of the study reached on the dataset, else 0.

    The best is the same however the runs are dealt to the two arms, so that tests of the shares stay exact.
    """
    there = rows.table[(rows.table["dataset"] == dataset) & (rows.table["status"] == "done")]
    found = there[claim.metric].to_numpy(dtype=float) if claim.metric in there.columns else np.empty(0)
    found = found[np.isfinite(found)]
    if not len(found):
        return [np.zeros(len(each)) for each in values]
    if measure(claim.metric).better == "less":
        return [(each <= found.min() * claim.factor_of_best).astype(float) for each in values]
    return [(each >= found.max() / claim.factor_of_best).astype(float) for each in values]


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
    found = []
    for group, lost in zip(groups, broken, strict=True):
        times = np.full(len(group), np.nan)
        for i, run_id in enumerate(group["run_id"]):
            curve = rows.fid_curves.get(run_id)
            if curve is None or lost[i] or math.isnan(target):
                continue
            reached = np.flatnonzero(curve[2] <= target)
            times[i] = curve[column][reached[0]] if len(reached) else np.inf
        found.append(times)
    return found
