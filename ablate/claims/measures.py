"""What a claim compares: the values of its metric in its two arms on one dataset, diverged runs at the worst."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from ablate import registry
from ablate.claims.rows import COUNTED, StudyRows

if TYPE_CHECKING:
    import pandas as pd

    from ablate.study import Claim

Scale = Literal["ratio", "difference"]
Floats = NDArray[np.float64]
METRIC_KINDS = ("metric", "stability", "probe")


@dataclass(frozen=True)
class Measure:
    """How a column is compared: which way is better, and by ratio or by difference."""

    name: str
    better: str
    scale: Scale
    center: str = "iqm"
    """iqm, or mean for a column of 0 and 1, of which the interquartile mean would hide a quarter"""


OWN = {
    "diverged": Measure("diverged", "less", "difference", "mean"),
    "steps_to_target": Measure("steps_to_target", "less", "ratio"),
    "seconds_to_target": Measure("seconds_to_target", "less", "ratio"),
}
"""Measures that are made here, of statuses and curves, and are no column of the table"""


def measure(name: str) -> Measure:
    """The facts of a measure by name; a column that is not registered is compared by difference, neither way better."""
    if name in OWN:
        return OWN[name]
    for kind in METRIC_KINDS:
        found = registry.entries(kind).get(name)
        if found:
            scale: Scale = "ratio" if found.facts.get("scale") == "ratio" else "difference"
            return Measure(name, str(found.facts.get("better", "none")), scale)
    return Measure(name, "none", "difference")


@dataclass(frozen=True)
class Samples:
    """The two arms' values on one dataset. Diverged runs are ±inf, whichever is the worst."""

    arm: Floats
    against: Floats
    scale: Scale
    center: str
    diverged: tuple[int, int]
    missing: tuple[int, int]
    """runs that the study asks for and that give no value: not run yet, failed, or not measured"""
    applies: bool = True
    """false where runs are done and none has this metric: it does not exist on this dataset"""

    @property
    def n(self) -> tuple[int, int]:
        return len(self.arm), len(self.against)

    def comparable(self) -> tuple[Floats, Floats] | None:
        """Finite values for means: diverged runs take the worst finite value seen in either arm; logs for a ratio.

        None if no run of either arm has a finite value.
        """
        both = np.concatenate([self.arm, self.against])
        finite = both[np.isfinite(both)]
        if not len(finite):
            return None
        bounded = (np.clip(self.arm, finite.min(), finite.max()), np.clip(self.against, finite.min(), finite.max()))
        if self.scale == "difference":
            return bounded
        floor = positive_floor(finite)
        first, second = (np.log(np.maximum(each, floor)) for each in bounded)
        return first, second


def positive_floor(values: Floats) -> float:
    """What stands for values ≤ 0 where logarithms are taken: half the smallest positive value seen; 1 if none is."""
    positive = values[values > 0]
    return float(positive.min()) / 2 if len(positive) else 1.0


def samples_of(rows: StudyRows, claim: Claim, dataset: str) -> Samples:
    """The values that a claim compares on a dataset.

    A diverged run is the worst by its status, whatever its cells hold; where neither way is better, the worst is what
    speaks against the claim. A failed run is missing.
    """
    facts = measure(claim.metric)
    better = claim.direction if facts.better == "none" else facts.better
    worst = math.inf if better == "less" else -math.inf
    groups = tuple(rows.rows(dataset, name) for name in (claim.arm, claim.against))
    groups = tuple(group[group["status"].isin(COUNTED)] for group in groups)
    broken = tuple((group["status"] == "diverged").to_numpy() for group in groups)
    raw = _raw(rows, claim.metric, groups, broken)
    values = [np.where(lost, worst, value) for value, lost in zip(raw, broken, strict=True)]
    if claim.metric == "diverged":
        values = [lost.astype(float) for lost in broken]
    done = [value[~lost] for value, lost in zip(values, broken, strict=True)]
    measured = claim.metric == "diverged" or not sum(map(len, done)) or any(np.isfinite(each).any() for each in done)
    known = [value[~np.isnan(value)] for value in values]
    absent = [
        max(0, rows.expected_count(dataset, name) - len(value))
        for name, value in zip((claim.arm, claim.against), known, strict=True)
    ]
    scale = facts.scale
    if claim.statistic == "spread":
        known, scale = _spread(known, facts.scale), "difference"
    lost = int(broken[0].sum()), int(broken[1].sum())
    return Samples(known[0], known[1], scale, facts.center, lost, (absent[0], absent[1]), measured)


def _raw(rows: StudyRows, metric: str, groups: tuple[pd.DataFrame, ...], broken: tuple[NDArray, ...]) -> list[Floats]:
    if metric in ("steps_to_target", "seconds_to_target"):
        return _time_to_target(rows, metric, groups, broken)
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
