"""A metric along training: its value at every evaluation of each run, and what a claim takes of them up to some evaluation.

The last evaluation is one noisy value; the tail averages the last third of the evaluations, as Mescheder et al. (2018)
average late iterates' values (ablate.metrics.late_training makes the same number while it trains: here it is made of the
curves, so that tables from before there was such a column have it too).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from ablate.claims.statistics.bootstrap import Floats
from ablate.claims.study_rows import StudyRows
from ablate.registry.measures import Measure, measure
from ablate.study.claims.point import BEST, END, TAIL

BEFORE_TRAINING = ("untrained_fid",)
"""Figures of a run that are known at every evaluation"""
TAIL_PART = 3
"""The tail is the last of so many parts of the evaluations"""


@dataclass(frozen=True)
class Course:
    """A metric of all runs of an arm on a dataset, along training."""

    steps: Floats
    """[evaluations], ascending: generator steps; of a generator that is held fixed, critic steps"""
    values: Floats
    """[runs, evaluations], in the order of the rows; NaN where there is no finite value"""


def courses_of(rows: StudyRows, metric: str) -> dict[tuple[str, str], Course]:
    """(dataset, arm) → its course; without those that were never evaluated."""
    if metric not in rows.courses:
        rows.courses[metric] = _courses(rows, metric)
    return rows.courses[metric]


def values_at(rows: StudyRows, metric: str, dataset: str, arm: str, at: str, back: int = 0) -> Floats:
    """What a claim takes of each run of an arm up to the evaluation that is `back` before the last: [runs]; NaN for none."""
    course = courses_of(rows, metric).get((dataset, arm))
    if course is None or back >= len(course.steps):
        return np.full(len(rows.rows(dataset, arm)), np.nan)
    return taken(course.values[:, : len(course.steps) - back], at, measure(metric))


def taken(values: Floats, at: str, facts: Measure) -> Floats:
    """Of each run [runs, evaluations] the last value, the mean of the last third or the best: [runs].

    The mean is geometric where the metric is compared by ratio. NaN where a value that it takes is missing, or has no
    logarithm; a best needs one value.
    """
    if at == BEST:
        worst = np.inf if facts.better == "less" else -np.inf
        best = (np.min if facts.better == "less" else np.max)(np.where(np.isnan(values), worst, values), axis=1)
        return np.where(np.isinf(best), np.nan, best)
    if at != TAIL:
        return values[:, -1]
    tail = values[:, -max(1, values.shape[1] // TAIL_PART) :]
    if facts.scale != "ratio":
        return tail.mean(axis=1)
    positive = np.where(tail > 0, tail, np.nan)
    return np.exp(np.log(positive).mean(axis=1))


def rows_at(rows: StudyRows, metric: str, at: str, back: int) -> StudyRows:
    """The study's rows as if training had ended so many evaluations before it did; of measures this one alone.

    A run that diverged later was not yet lost there.
    """
    names = ["run_id", "dataset", "arm", "seed", "status"]
    table = rows.table[[*names, *(name for name in BEFORE_TRAINING if name in rows.table.columns)]].copy()
    values, there = np.full(len(table), np.nan), np.full(len(table), np.nan)
    for (dataset, arm), group in rows.groups.items():
        own = group.index.to_numpy()
        values[own] = values_at(rows, metric, dataset, arm, at, back)
        there[own] = values_at(rows, metric, dataset, arm, END, back)
    table[metric] = values
    table.loc[(table["status"] == "diverged") & np.isfinite(values) & np.isfinite(there), "status"] = "done"
    return replace(rows, table=table, taken=metric)


def _courses(rows: StudyRows, metric: str) -> dict[tuple[str, str], Course]:
    points = _points(rows, metric)
    courses = {}
    for key, group in points.groupby(["dataset", "arm"], sort=False, observed=True):
        dataset, arm = str(key[0]), str(key[1])  # type: ignore[index]
        steps, columns = np.unique(group["step"].to_numpy(dtype=float), return_inverse=True)
        members = rows.rows(dataset, arm).index.to_numpy()
        values = np.full((len(members), len(steps)), np.nan)
        values[np.searchsorted(members, group["row"].to_numpy()), columns] = group["value"].to_numpy(dtype=float)
        values[~np.isfinite(values)] = np.nan
        courses[dataset, arm] = Course(steps, values)
    return {key: _to_the_end(rows, courses, *key) for key in courses}


def _to_the_end(rows: StudyRows, courses: dict[tuple[str, str], Course], dataset: str, arm: str) -> Course:
    """Of an arm of which no run came to the end, also the evaluations that were lost: those of the dataset's other arms."""
    course = courses[dataset, arm]
    longest = max((own for (where, _), own in courses.items() if where == dataset), key=lambda own: len(own.steps))
    lost = len(longest.steps) - len(course.steps)
    came = (rows.rows(dataset, arm)["status"] == "done").any()
    if came or not lost or (longest.steps[: len(course.steps)] != course.steps).any():
        return course
    return Course(longest.steps, np.pad(course.values, ((0, 0), (0, lost)), constant_values=np.nan))


def _points(rows: StudyRows, metric: str) -> pd.DataFrame:
    """Columns row (position in the table), dataset, arm, step and value: of a curve first, else of a probe."""
    points = rows.results.curves
    points = points[points["metric"] == metric]
    if points.empty and "probe" in rows.results.probes.columns:
        probes = rows.results.probes
        points = probes[(probes["probe"] == metric) & (probes["layer"].fillna("") == "")]
    points = rows.placed(points)
    held = "critic_step" in points.columns and points.duplicated(["row", "generator_step"]).any()
    return points.assign(step=points["critic_step" if held else "generator_step"])
