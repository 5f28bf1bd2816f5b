"""The draws of a search that are in the tables: what was drawn, and what came of it by the search's objective."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ablate.claims.statistics.effects import Floats, positive_floor
from ablate.claims.study_rows import COUNTED, StudyRows
from ablate.registry.measures import measure
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
    found = []
    for number, run_id, status, value in zip(group["draw"], group["run_id"], group["status"], objective, strict=True):
        reached = worst if status == "diverged" else float(value)
        if not math.isnan(reached):
            given = configs[run_id].by_name()
            used = {name: given[name] for name in search.names if given[name] is not None}
            found.append(Drawn(int(number), run_id, used, reached))
    return sorted(found, key=lambda each: each.number)


def best_of(draws: list[Drawn], search: Search) -> Drawn | None:
    """The draw with the best objective, the first of equal ones; None where none has a finite value."""
    finite = [each for each in draws if math.isfinite(each.value)]
    sign = 1 if search.better == "less" else -1
    return min(finite, key=lambda each: (sign * each.value, each.number), default=None)


def levels(draws: list[Drawn], objective: str) -> Floats | None:
    """Finite objectives for models and means: diverged draws at the worst value seen, logarithms for a ratio."""
    values = np.array([each.value for each in draws], dtype=float)
    finite = values[np.isfinite(values)]
    if not len(finite):
        return None
    bounded = np.clip(values, finite.min(), finite.max())
    return np.log(np.maximum(bounded, positive_floor(finite))) if measure(objective).scale == "ratio" else bounded
