"""Response curves: how a metric answers to a factor of the grid, a line for each setting of the rest."""

from __future__ import annotations

import math

from ablate.claims.study_rows import StudyRows
from ablate.report.figures.levels import Levels, Lines, levels_chart, metrics_over_levels
from ablate.report.figures.style import Chart
from ablate.study.arms_section import level_text

FEWEST_LEVELS = 3
WIDE = 10.0
"""Positive levels whose largest is so many times the smallest are spaced by their ratios"""


def response_curves(rows: StudyRows) -> list[Chart]:
    """By factor, dataset and metric; none for a study without a factor of at least three numbers."""
    charts = []
    for factor in dict.fromkeys(name for levels in rows.study.factors.values() for name in levels):
        levels, lines = _lines(rows, factor)
        if levels is None:
            continue
        for dataset in rows.study.datasets:
            for metric in metrics_over_levels(rows, dataset):
                key = f"{rows.study.name}/{dataset}/{factor}/{metric}"
                charts.append(levels_chart(rows, dataset, metric, lines, levels, key))
    return [chart for chart in charts if chart is not None]


def _lines(rows: StudyRows, factor: str) -> tuple[Levels | None, Lines]:
    """The factor's levels, and for each setting of the rest its arms in order; None where it has too few numbers."""
    factors = {arm: levels for arm, levels in rows.study.factors.items() if factor in levels}
    levels = list(dict.fromkeys(own[factor] for own in factors.values()))
    if any(isinstance(level, bool) or not isinstance(level, int | float) for level in levels):
        return None, {}
    levels = sorted(levels)
    if len(levels) < FEWEST_LEVELS:
        return None, {}
    lines: Lines = {}
    for arm, own in factors.items():
        rest = {name: level for name, level in own.items() if name != factor}
        name = " ".join(filter(None, [own_name(arm, own), combination(rest)]))
        lines.setdefault(name, [""] * len(levels))[levels.index(own[factor])] = arm
    logarithmic = levels[0] > 0 and levels[-1] / levels[0] >= WIDE
    places = tuple(math.log(level) if logarithmic else float(level) for level in levels)
    return Levels(factor, places, tuple(level_text(level) for level in levels)), lines


def combination(levels: dict[str, object]) -> str:
    """Levels of the grid as they stand in an arm's name: `lr=0.001 n_critic=5`."""
    return " ".join(f"{name}={level_text(level)}" for name, level in levels.items())


def own_name(arm: str, levels: dict[str, object]) -> str:
    """The arm's name before its levels; empty for a grid without arms."""
    return arm.removesuffix(combination(levels)).strip()
