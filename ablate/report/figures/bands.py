"""Learning curves of many seeds as a median and quartiles; a diverged run counts as worst from where it stopped."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ablate.claims.statistics.bootstrap import Floats
from ablate.claims.study_rows import StudyRows


@dataclass(frozen=True)
class Band:
    """Over the runs of an arm, at each generator step, or place: first quartile, median, third quartile. +inf: diverged."""

    steps: Floats
    low: Floats
    median: Floats
    high: Floats


def bands(
    rows: StudyRows, points: pd.DataFrame, metric: str, diverged_worst: bool, over: str = "generator_step"
) -> dict[tuple[str, str], Band]:
    """(dataset, arm) → the band of one metric.

    points: from `rows.curves_of`, or with the same columns; `over` names the one along which the band runs. With
    `diverged_worst` a diverged run counts as +inf after its last finite point, from the first step on if it has none;
    otherwise it only stops being counted. Pruned runs are left out: where they stop, the others would seem to get better.
    A quartile is the value at the nearest rank, so that +inf needs no arithmetic.
    """
    points = points[
        (points["metric"] == metric) & ~points["row"].isin(np.flatnonzero(rows.table["status"] == "pruned"))
    ]
    broken = (rows.table["status"] == "diverged").to_numpy()
    lost = rows.table.reset_index(drop=True)[broken].groupby(["dataset", "arm"], sort=False).groups
    by_arm = {}
    for key, group in points.groupby(["dataset", "arm"], sort=False, observed=True):
        steps, columns = np.unique(group[over].to_numpy(), return_inverse=True)
        members, lines = np.unique(group["row"].to_numpy(), return_inverse=True)
        matrix = np.full((len(members), len(steps)), np.nan)
        matrix[lines, columns] = group["value"].to_numpy(dtype=float)
        matrix[~np.isfinite(matrix)] = np.nan
        if diverged_worst:
            early = np.setdiff1d(lost.get((str(key[0]), str(key[1])), []), members).astype(members.dtype)  # type: ignore[index]
            members = np.concatenate([members, early])
            matrix = np.vstack([matrix, np.full((len(early), len(steps)), np.nan)])
            there = np.where(np.isnan(matrix), -1, np.arange(len(steps))).max(axis=1)
            after = np.arange(len(steps)) > there[:, None]
            matrix[after & broken[members][:, None]] = np.inf
        by_arm[str(key[0]), str(key[1])] = _band(steps.astype(float), matrix)  # type: ignore[index]
    return by_arm


def _band(steps: Floats, matrix: Floats) -> Band:
    ordered = np.sort(matrix, axis=0)  # NaN last
    count = (~np.isnan(matrix)).sum(axis=0)

    def rank(share: float) -> Floats:
        place = np.clip(np.rint(share * (count - 1)).astype(int), 0, None)
        return ordered[place, np.arange(len(steps))]

    return Band(steps, rank(0.25), rank(0.5), rank(0.75))
