"""The draws of a search that are in the tables: what was drawn, and what came of it by the search's objective."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ablate.claims.statistics.bootstrap import Floats
from ablate.claims.statistics.centers import bounded
from ablate.claims.study_rows import StudyRows
from ablate.registry.measures import measure
from ablate.results.tables import COUNTED
from ablate.study.search_space import Draw, Search


@dataclass(frozen=True)
class Drawn:
    """One draw and its outcome; `value` is the objective, at the worst (±inf) for a run that diverged."""

    number: int
    run_id: str
    values: Draw
    """the parameters that the run uses"""
    value: float

    @property
    def diverged(self) -> bool:
        return math.isinf(self.value)


def drawn(rows: StudyRows, dataset: str, arm: str) -> list[Drawn]:
    """An arm's draws that are done or diverged, by number; those without a value of the objective are left out."""
    search = rows.study.search
    if search is None:
        return []
    group = rows.rows(dataset, arm)
    group = group[group["status"].isin(COUNTED)]
    worst = math.inf if search.better == "less" else -math.inf
    configs = {run.run_id: run.config for run in rows.runs if (run.dataset, run.arm) == (dataset, arm)}
    objective = group[search.objective] if search.objective in group.columns else [math.nan] * len(group)
    draws = []
    for number, run_id, status, value in zip(group["draw"], group["run_id"], group["status"], objective, strict=True):
        reached = worst if status == "diverged" else float(value)
        if not math.isnan(reached):
            given = configs[run_id].by_name()
            used = {name: given[name] for name in search.names if given[name] is not None}
            draws.append(Drawn(int(number), run_id, used, reached))
    return sorted(draws, key=lambda draw: draw.number)


def best_of(draws: list[Drawn], search: Search) -> Drawn | None:
    """The draw with the best objective, the first of equal ones; None where none has a finite value."""
    finite = [draw for draw in draws if math.isfinite(draw.value)]
    sign = 1 if search.better == "less" else -1
    return min(finite, key=lambda draw: (sign * draw.value, draw.number), default=None)


def levels(draws: list[Drawn], objective: str) -> Floats | None:
    """Finite objectives for models and means: diverged draws at the worst value seen, logarithms for a ratio."""
    return bounded(np.array([draw.value for draw in draws], dtype=float), measure(objective).scale)
