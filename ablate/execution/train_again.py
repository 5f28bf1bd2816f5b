"""Rows against what training them again gives: equal to rounding, or no farther apart than rounding can grow."""

from __future__ import annotations

import math
import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ablate.config.run_config import RESULTS_VERSION
from ablate.errors import UsageError
from ablate.execution.options import Options
from ablate.execution.planner import CohortPlan
from ablate.execution.verify import equal_to_rounding
from ablate.registry.measures import measure
from ablate.results.late_metrics import measured_later
from ablate.results.rows import row_of
from ablate.results.tables import COUNTED, MEASURED_LATER, Results, rows_by_id
from ablate.study.study import Run, Study
from ablate.training.options import Arithmetic

Floats = NDArray[np.float64]
SPREADS = 2.0
"""A run trained again agrees when it lies within so many ranges of its arm's seeds of its row: rounding differs with
the machine, its threads and the cohort's size and grows in training, but not to another arm's result. Where a metric is
compared by ratio, ranges are of logarithms: runs that differ by factors do so here as well"""
FEWEST_FOR_SPREAD = 3


@dataclass(frozen=True)
class Again:
    """A row, and what training it again gave."""

    run: Run
    same: int
    """metrics that are equal to rounding"""
    differing: dict[str, tuple[float, float, float]]
    """metric → the row's value, the new one, and how far they lie apart as a share of what rounding explains"""
    problem: str = ""

    @property
    def agrees(self) -> bool:
        """Within what rounding explains."""
        return not self.problem and all(share <= 1 for _, _, share in self.differing.values())

    def line(self) -> str:
        """One line for a person."""
        name = f"{self.run.run_id} ({self.run.dataset}, {self.run.arm}, seed {self.run.seed})"
        if self.problem:
            return f"{name}: differs: {self.problem}"
        if not self.differing:
            return f"{name}: equal to rounding in all {self.same} metrics"
        worst = max(self.differing, key=lambda metric: self.differing[metric][2])
        mine, other, share = self.differing[worst]
        word = "agrees" if self.agrees else "differs"
        return (
            f"{name}: {word}: {self.same} metrics equal to rounding, {len(self.differing)} not; the farthest is {worst}: "
            f"{mine:.6g} in the table, {other:.6g} now, {share:.2g} of the distance that rounding explains"
        )


def train_again(
    results: Results, study: Study, count: int, seed: int, device: str, tell: Callable[[Again], None]
) -> list[Again]:
    """Train `count` finished rows again, chosen at random by `seed`, each alone and in a temporary folder.

    `tell` is given each as it ends. Pruned runs are not chosen. UsageError where there are fewer finished rows.
    """
    if study.results_version != RESULTS_VERSION:
        raise UsageError(
            f"{results.folder}: its rows are of version {study.results_version} of what a run gives, and this code makes "
            f"version {RESULTS_VERSION}: check out a commit that its rows name to train them again"
        )
    by_id = {run.run_id: run for run in study.runs()}
    finished = results.runs[results.runs["status"].isin(COUNTED) & results.runs["run_id"].isin(by_id)]
    if count > len(finished):
        raise UsageError(f"--rerun {count}: {results.folder} holds {len(finished)} finished rows of its study")
    chosen = random.Random(seed).sample(sorted(finished["run_id"]), count)
    outcomes = []
    for run_id in chosen:
        again = _again(study.name, by_id[run_id], results, finished, device)
        tell(again)
        outcomes.append(again)
    return outcomes


def _again(study: str, run: Run, results: Results, finished: pd.DataFrame, device: str) -> Again:
    """Train one run again and compare it with its row."""
    from ablate.execution.task import Task
    from ablate.execution.worker import train

    row = rows_by_id(finished[finished["run_id"] == run.run_id])[run.run_id]
    with tempfile.TemporaryDirectory() as folder:
        options = Options(Path(folder), checkpoint_seconds=math.inf, arithmetic=_arithmetic_of(row))
        task = Task(CohortPlan((run,)), device, options)
        result = train(task, lambda progress: None, lambda: False)
    if result.errors:
        return Again(run, 0, {}, result.errors[run.run_id])
    new = row_of(study, run, result.outcomes[0], device, 1)
    return _compared(run, row, new, _arm_values(finished, run, _metrics(results, finished)))


def _metrics(results: Results, finished: pd.DataFrame) -> list[str]:
    """What training gives anew: those that were measured later are of code that rows do not name as theirs."""
    cells = finished.get(MEASURED_LATER, pd.Series(dtype=str))
    later = {metric for cell in cells for metric in measured_later(cell)}
    return sorted((set(results.curves["metric"]) & set(finished.columns)) - later)


def _arithmetic_of(row: dict[str, Any]) -> Arithmetic:
    """What its row says, if it says it and means a float32 training."""
    said = row.get("arithmetic")
    return "tf32" if said == "tf32" else "fp32"


def _arm_values(finished: pd.DataFrame, run: Run, metrics: list[str]) -> dict[str, Floats]:
    """Metric → its values over the finished seeds of the run's arm on its dataset."""
    peers = finished[(finished["arm"] == run.arm) & (finished["dataset"] == run.dataset)][metrics].astype(float)
    return {name: peers[name].dropna().to_numpy() for name in metrics}


def share_of_spread(metric: str, mine: float, other: float, values: Floats) -> float:
    """How far two values of a metric lie apart, in units of SPREADS times the range of its values over seeds [n].

    inf where there are too few values, or none that differ; NaN where one of the two is NaN.
    """
    both, values = np.array([mine, other]), values[np.isfinite(values)]
    if measure(metric).scale == "ratio" and min(both.min(), values.min(initial=math.inf)) > 0:
        both, values = np.log(both), np.log(values)
    limit = SPREADS * float(np.ptp(values)) if len(values) >= FEWEST_FOR_SPREAD else 0.0
    distance = float(np.ptp(both))
    return distance / limit if limit else math.inf


def _compared(run: Run, row: dict[str, Any], new: dict[str, Any], values: dict[str, Floats]) -> Again:
    if row["dataset_fingerprint"] != new["dataset_fingerprint"]:
        data = f"{row['dataset_fingerprint']} in the table, {new['dataset_fingerprint']} here"
        return Again(run, 0, {}, f"the data are others: fingerprint {data}")
    again = Again(run, 0, {})
    if row["status"] != new["status"]:
        return replace(again, problem=f"{row['status']} in the table, {new['status']} now")
    pairs = {name: (float(row[name]), float(new.get(name, math.nan))) for name in values}
    differing = {
        name: (mine, other, share_of_spread(name, mine, other, values[name]))
        for name, (mine, other) in pairs.items()
        if not equal_to_rounding(mine, other)
    }
    absent = [name for name, (mine, other, _) in differing.items() if math.isnan(mine) or math.isnan(other)]
    if absent:
        return replace(again, problem=f"{absent[0]} is there only in one of the two")
    return replace(
        again, same=sum(not math.isnan(mine) for mine, _ in pairs.values()) - len(differing), differing=differing
    )
