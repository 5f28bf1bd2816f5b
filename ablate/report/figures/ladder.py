"""A study's ladder: arms of which each makes one change more than the one before, and what each change does."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ablate.claims.statistics import effects as statistics
from ablate.claims.study_rows import StudyRows
from ablate.claims.values import samples_of
from ablate.registry.measures import measure
from ablate.report.figures.levels import Levels, levels_chart, metrics_over_levels
from ablate.report.figures.response import combination, own_name
from ablate.report.figures.style import Chart
from ablate.results import numbers
from ablate.study.claims import Claim


@dataclass(frozen=True)
class StepTable:
    """What each step does on one dataset: a row a step, and one for all of them together."""

    dataset: str
    """and the levels of the grid, if there is one"""
    columns: list[str]
    rows: list[tuple[str, list[str]]]


@dataclass(frozen=True)
class LadderPart:
    """All that the template shows of a ladder."""

    rungs: tuple[str, ...]
    charts: list[Chart]
    tables: list[StepTable]


def ladder_part(rows: StudyRows) -> LadderPart | None:
    """None for a study without a ladder, and where none of its arms is selected."""
    climbs = _climbs(rows)
    if not climbs:
        return None
    rungs = rows.study.ladder
    levels_of_rungs = Levels("", tuple(map(float, range(len(rungs)))), rungs)
    charts, tables = [], []
    for dataset in rows.study.datasets:
        measured = metrics_over_levels(rows, dataset)
        for metric in measured:
            key = f"{rows.study.name}/{dataset}/ladder/{metric}"
            charts.append(levels_chart(rows, dataset, metric, climbs, levels_of_rungs, key))
        for levels, arms in climbs.items():
            where = f"{dataset}, {levels}" if levels else dataset
            columns = [*measured, "diverged"]
            steps = [*pairwise(arms), (arms[0], arms[-1])]
            names = [*(f"{a} → {b}" for a, b in pairwise(rungs)), f"all together, {rungs[0]} → {rungs[-1]}"]
            lines = [
                (name, [_effect(rows, dataset, metric, *step) for metric in columns])
                for name, step in zip(names, steps, strict=True)
            ]
            tables.append(StepTable(where, columns, lines))
    return LadderPart(rungs, [chart for chart in charts if chart is not None], tables)


def _climbs(rows: StudyRows) -> dict[str, list[str]]:
    """Levels of the grid → the arms of the rungs there; one climb named "" without a grid."""
    study = rows.study
    by_levels: dict[str, dict[str, str]] = {}
    for arm in study.arms:
        levels = study.factors.get(arm, {})
        by_levels.setdefault(combination(levels), {})[own_name(arm, levels)] = arm
    climbs = {levels: [arms.get(rung, "") for rung in study.ladder] for levels, arms in by_levels.items()}
    return {levels: arms for levels, arms in climbs.items() if any(arms)}


def _effect(rows: StudyRows, dataset: str, metric: str, before: str, after: str) -> str:
    """The arm after the step against the one before it: ratio or difference with its 95 % interval."""
    if not before or not after:  # one of them is not selected
        return numbers.NONE
    better = measure(metric).better
    claim = Claim(
        id="ladder", source=(), says="", test="compare", metric=metric, statistic="value", arm=after, against=before,
        direction="less" if better == "none" else better, margin=0.0, datasets=(dataset,), decide="pooled",
    )  # fmt: skip
    samples = samples_of(rows, claim, dataset)
    pair = samples.comparable() if samples.fewest else None
    if pair is None:
        return numbers.NONE
    seed = statistics.seed_of(claim.key, dataset)
    effect, low, high = statistics.difference_of_centers([pair], seed, samples.center)
    if samples.scale == "ratio":
        effect, low, high = (float(np.exp(log_ratio)) for log_ratio in (effect, low, high))
    return numbers.effect(effect, low, high, samples.scale)
