"""The page's part on a search: how draws are distributed by arm, which parameters matter, and the best settings."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ablate.claims.draws import Drawn, best_of, drawn, levels
from ablate.claims.study_rows import StudyRows
from ablate.registry.measures import measure
from ablate.report.figures.shares import shares_chart
from ablate.report.figures.style import Chart
from ablate.report.summaries import setting_text
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
    curves: list[Chart]
    importances: list[ByArm]
    importances_note: str
    best: list[ByArm]


@dataclass(frozen=True)
class _Outcome:
    """What came of the draws on one dataset, by arm."""

    dataset: str
    draws: dict[str, list[Drawn]]
    """those that ended"""
    pruned: dict[str, int]
    """how many were given up"""


def search_part(rows: StudyRows, palette: dict[str, str]) -> SearchPart | None:
    """None for a study without a search."""
    search = rows.study.search
    if search is None:
        return None
    outcomes = [_outcome(rows, dataset) for dataset in rows.study.datasets]
    curves = [_curve(rows.study.name, search, outcome, palette) for outcome in outcomes]
    importances, note = _importances(search, outcomes)
    return SearchPart(
        text=search.text,
        shared=not search.adaptive,
        parameters=[(parameter.name, parameter.text) for parameter in search.parameters],
        curves=[chart for chart in curves if chart],
        importances=importances,
        importances_note=note,
        best=[_best(search, outcome) for outcome in outcomes if any(outcome.draws.values())],
    )


def _outcome(rows: StudyRows, dataset: str) -> _Outcome:
    arms = rows.study.arms
    pruned = {arm: int((rows.rows(dataset, arm)["status"] == "pruned").sum()) for arm in arms}
    return _Outcome(dataset, {arm: drawn(rows, dataset, arm) for arm in arms}, pruned)


def _curve(study: str, search: Search, outcome: _Outcome, palette: dict[str, str]) -> Chart | None:
    worst = math.inf if search.better == "less" else -math.inf
    values = {
        arm: np.array([draw.value for draw in draws] + [worst] * outcome.pruned[arm])
        for arm, draws in outcome.draws.items()
        if draws
    }
    best = [draw.value for draws in outcome.draws.values() if (draw := best_of(draws, search))]
    objective = measure(search.objective)
    near = NEAR * min(best) if best and objective.scale == "ratio" and search.better == "less" else None
    key = f"{study}/{outcome.dataset}/draws"
    return shares_chart(values, objective, key, outcome.dataset, palette, near)


def _importances(search: Search, outcomes: list[_Outcome]) -> tuple[list[ByArm], str]:
    """Shares of the objective's variance that each parameter explains by itself or with others, by arm and dataset."""
    if not installed():
        return [], f"Which parameters matter is not shown: {EXTRA}."
    tables = []
    for outcome in outcomes:
        lines = []
        for arm, draws in outcome.draws.items():
            shares = importances(search, draws)
            if shares:
                lines.append((arm, [numbers.percent(shares.get(name, math.nan)) for name in search.names]))
        if lines:
            tables.append(ByArm(outcome.dataset, list(search.names), lines))
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
        [trial_of(draw.values, search.parameters, float(v)) for draw, v in zip(draws, values, strict=True)]
    )
    shares = optuna.importance.get_param_importances(
        study, evaluator=optuna.importance.FanovaImportanceEvaluator(seed=0)
    )
    return {name: float(share) for name, share in shares.items()}


def _best(search: Search, outcome: _Outcome) -> ByArm:
    lines = []
    for arm, draws in outcome.draws.items():
        best = best_of(draws, search)
        if best is None:
            lines.append((arm, [numbers.NONE] * (len(search.names) + 3)))
            continue
        diverged = sum(draw.diverged for draw in draws)
        counts = f"{len(draws)}" + (f", {diverged} diverged" if diverged else "")
        counts += f", and {outcome.pruned[arm]} pruned" if outcome.pruned[arm] else ""
        settings = [setting_text(best.values.get(name)) for name in search.names]
        lines.append((arm, [counts, str(best.number), numbers.number(best.value), *settings]))
    return ByArm(outcome.dataset, ["draws", "best draw", search.objective, *search.names], lines)
