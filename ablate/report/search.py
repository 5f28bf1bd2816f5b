"""The page's part on a search: how draws are distributed by arm, which parameters matter, and the best settings."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ablate.claims.draws import Drawn, best_of, drawn, levels
from ablate.claims.study_rows import StudyRows
from ablate.registry.measures import measure
from ablate.report.figures import style as figures
from ablate.results import numbers
from ablate.search.optuna_space import EXTRA, installed, load_optuna, trial_of
from ablate.study.search_space import Search

FEWEST_DRAWS = 10
"""Fewer say nothing about which parameters matter"""
NEAR = 2.0
"""The dotted line: this many times the best value"""


@dataclass(frozen=True)
class ByArm:
    """A table on one dataset: a row an arm."""

    dataset: str
    columns: list[str]
    rows: list[tuple[str, list[str]]]


@dataclass(frozen=True)
class SearchPart:
    """All that the template shows of a search."""

    text: str
    shared: bool
    """all arms have the same draws"""
    parameters: list[tuple[str, str]]
    curves: list[figures.Drawing]
    importances: list[ByArm]
    importances_note: str
    best: list[ByArm]


def search_part(rows: StudyRows, palette: dict[str, str]) -> SearchPart | None:
    """None for a study without a search."""
    search = rows.study.search
    if search is None:
        return None
    found = {d: {arm: drawn(rows, d, arm) for arm in rows.study.arms} for d in rows.study.datasets}
    pruned = {
        d: {arm: int((rows.rows(d, arm)["status"] == "pruned").sum()) for arm in arms} for d, arms in found.items()
    }
    curves = [_curve(rows.study.name, search, d, arms, pruned[d], palette) for d, arms in found.items()]
    importances, note = _importances(search, found)
    return SearchPart(
        text=search.text,
        shared=not search.adaptive,
        parameters=[(parameter.name, parameter.text) for parameter in search.parameters],
        curves=[drawing for drawing in curves if drawing],
        importances=importances,
        importances_note=note,
        best=[_best(search, d, arms, pruned[d]) for d, arms in found.items() if any(arms.values())],
    )


def _curve(
    study: str,
    search: Search,
    dataset: str,
    arms: dict[str, list[Drawn]],
    pruned: dict[str, int],
    palette: dict[str, str],
) -> figures.Drawing | None:
    worst = math.inf if search.better == "less" else -math.inf
    values = {
        arm: np.array([each.value for each in draws] + [worst] * pruned.get(arm, 0))
        for arm, draws in arms.items()
        if draws
    }
    best = [each.value for draws in arms.values() if (each := best_of(draws, search))]
    scale = measure(search.objective).scale
    near = NEAR * min(best) if best and scale == "ratio" and search.better == "less" else None
    key = f"{study}/{dataset}/draws"
    return figures.cumulative(values, search.objective, search.better, scale, key, dataset, palette, near)


def _importances(search: Search, found: dict[str, dict[str, list[Drawn]]]) -> tuple[list[ByArm], str]:
    """Shares of the objective's variance that each parameter explains by itself or with others, by arm and dataset."""
    if not installed():
        return [], f"Which parameters matter is not shown: {EXTRA}."
    tables = []
    for dataset, arms in found.items():
        lines = []
        for arm, draws in arms.items():
            shares = importances(search, draws)
            if shares:
                lines.append((arm, [numbers.percent(shares.get(name, math.nan)) for name in search.names]))
        if lines:
            tables.append(ByArm(dataset, list(search.names), lines))
    few = f"Which parameters matter is not shown: that takes {FEWEST_DRAWS} draws of an arm that differ in outcome."
    return tables, "" if tables else few


def importances(search: Search, draws: list[Drawn]) -> dict[str, float]:
    """Each parameter's share of importance, by fANOVA (Hutter, Hoos, Leyton-Brown 2014); {} where there is too little.

    The objective is taken as in means: logarithms for a ratio, diverged draws at the worst value.
    """
    values = levels(draws, search.objective)
    if values is None or len(values) < FEWEST_DRAWS or np.ptp(values) == 0:
        return {}
    optuna = load_optuna()
    study = optuna.create_study()
    study.add_trials(
        [trial_of(each.values, search.parameters, float(v)) for each, v in zip(draws, values, strict=True)]
    )
    found = optuna.importance.get_param_importances(
        study, evaluator=optuna.importance.FanovaImportanceEvaluator(seed=0)
    )
    return {name: float(share) for name, share in found.items()}


def _best(search: Search, dataset: str, arms: dict[str, list[Drawn]], pruned: dict[str, int]) -> ByArm:
    lines = []
    for arm, draws in arms.items():
        best = best_of(draws, search)
        if best is None:
            lines.append((arm, [numbers.NONE] * (len(search.names) + 3)))
            continue
        lost = sum(each.diverged for each in draws)
        counts = f"{len(draws)}" + (f", {lost} diverged" if lost else "")
        counts += f", and {pruned[arm]} pruned" if pruned[arm] else ""
        settings = [_setting(best.values.get(name)) for name in search.names]
        lines.append((arm, [counts, str(best.number), numbers.number(best.value), *settings]))
    return ByArm(dataset, ["draws", "best draw", search.objective, *search.names], lines)


def _setting(value: object) -> str:
    if value is None:
        return numbers.NONE
    return f"{value:g}" if isinstance(value, float) else str(value)
