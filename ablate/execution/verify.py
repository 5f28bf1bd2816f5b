"""Whether tables are what their study gives: against their own hashes, schema and settings, and by training rows again."""

from __future__ import annotations

import math
import random
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from ablate.errors import UsageError
from ablate.execution.options import Options
from ablate.execution.planner import CohortPlan
from ablate.results import checksums, tables
from ablate.results.known_draws import with_draws
from ablate.results.rows import row_of, settings_of
from ablate.results.tables import Results
from ablate.study.study import Run, Study

COUNTERS = ("done_generator_steps", "done_critic_steps", "images_seen", "seconds", "cohort_size")
ALWAYS = ("ablate_version", "torch", "device", "threads", "dataset_fingerprint", "finished_at")
ROUNDING = 1e-6
"""Relative difference up to which two values are equal"""
SPREADS = 2.0
"""A run trained again agrees when it lies within so many ranges of its arm's seeds of its row: rounding differs with
the machine and the cohort's size and grows in training, but not to another arm's result"""
FEWEST_FOR_SPREAD = 3


@dataclass(frozen=True)
class Again:
    """A row, and what training it again gave."""

    run: Run
    same: int
    """metrics that are equal to rounding"""
    differing: dict[str, tuple[float, float, float]]
    """metric → the row's value, the new one, and how far they may lie apart"""
    problem: str = ""

    @property
    def agrees(self) -> bool:
        """Within what rounding explains."""
        return not self.problem and all(abs(a - b) <= limit for a, b, limit in self.differing.values())

    def line(self) -> str:
        """One line for a person."""
        name = f"{self.run.run_id} ({self.run.dataset}, {self.run.arm}, seed {self.run.seed})"
        if self.problem:
            return f"{name}: differs: {self.problem}"
        if not self.differing:
            return f"{name}: equal to rounding in all {self.same} metrics"

        def distance(metric: str) -> float:
            mine, other, limit = self.differing[metric]
            return abs(mine - other) / limit if limit else math.inf

        worst = max(self.differing, key=distance)
        mine, other, limit = self.differing[worst]
        word = "agrees" if self.agrees else "differs"
        return (
            f"{name}: {word}: {self.same} metrics equal to rounding, {len(self.differing)} not; the farthest is {worst}: "
            f"{mine:.6g} in the table, {other:.6g} now, may be {limit:.3g} apart"
        )


def read(folder: Path) -> tuple[Results, Study]:
    """The tables and their study; UsageError where they are damaged, which says where."""
    results = Results.read(folder)
    if not (folder / tables.STUDY).is_file():
        raise UsageError(f"{folder / tables.STUDY} is missing: what the rows should be cannot be told; restore it")
    return results, with_draws(tables.study_as_run(results), results.runs)


def notes_on(results: Results, study: Study) -> list[str]:
    """What cannot be checked, or is worth knowing, and is no fault."""
    found = []
    if not (results.folder / checksums.NAME).exists():
        found.append(f"no {checksums.NAME}: whether someone edited the tables cannot be told")
    missing = len({run.run_id for run in study.runs()} - set(results.runs["run_id"]))
    if missing:
        found.append(f"{missing} runs of the study are missing")
    return found


def faults_in(results: Results, study: Study) -> list[str]:
    """What is wrong in tables that could be read, each with its line."""
    path = results.folder / tables.RUNS
    absent = [name for name in (*tables.PROVENANCE, *COUNTERS) if name not in results.runs.columns]
    finished = results.runs["status"].isin(["done", "diverged", "pruned"])
    if absent and finished.any():
        return [f"{path}:1: column {name!r} is missing" for name in absent]
    by_id = {run.run_id: run for run in study.runs()}
    curves = dict(list(results.curves.groupby("run_id")))
    found = []
    rows: list[dict[Any, Any]] = results.runs.to_dict("records")
    for line, row in enumerate(rows, start=2):
        run = by_id.get(row["run_id"])
        if run is None:
            found.append(f"{path}:{line}: run_id {row['run_id']} follows from no settings of {tables.STUDY}")
            continue
        found += [f"{path}:{line}: {fault}" for fault in _row_faults(row, run, curves.get(run.run_id))]
    for label, group in results.runs[finished].groupby("dataset"):
        if group["dataset_fingerprint"].nunique() > 1:
            known = ", ".join(sorted(set(group["dataset_fingerprint"])))
            found.append(f"{path}: rows of dataset {label!r} are of different data: fingerprints {known}")
    for name, table in ((tables.CURVES, results.curves), (tables.PROBES, results.probes)):
        strangers = set(table["run_id"]) - set(results.runs["run_id"])
        if strangers:
            found.append(f"{results.folder / name}: {len(strangers)} runs in it have no row, such as {min(strangers)}")
    return found


def _row_faults(row: dict[Any, Any], run: Run, curve: pd.DataFrame | None) -> Iterator[str]:
    expected = {"dataset": run.dataset, "arm": run.arm, "seed": run.seed, **settings_of(run)}
    for name, value in expected.items():
        if name in row and _plain(row[name]) != _plain(value):
            yield f"{name} is {_plain(row[name])}, but the run of this run_id has {_plain(value)}"
    if row["status"] == "failed":
        if not row["error"]:
            yield "failed, but error is empty"
        return
    if row["error"]:
        yield f"{row['status']}, but there is an error"
    for name in (*COUNTERS, *ALWAYS):
        if _plain(row[name]) == "":
            yield f"{name} is empty"
    if (row["status"] == "diverged") != (_plain(row["diverged_at"]) != ""):
        yield f"status is {row['status']}, but diverged_at is {_plain(row['diverged_at']) or 'empty'}"
    word, steps = row["status"], run.config.total_generator_steps
    if word == "diverged":
        return
    if word == "pruned" and row["done_generator_steps"] not in run.config.evaluation_steps[:-1]:
        yield f"pruned after {row['done_generator_steps']} generator steps, where no evaluation is but at the end"
    if word == "done" and row["done_generator_steps"] != steps:
        yield f"done after {row['done_generator_steps']} generator steps, expected {steps}"
    if word == "pruned":
        steps = row["done_generator_steps"]
    last = {} if curve is None else dict(_values(curve[curve["generator_step"] == steps]))
    if not last:
        yield f"{word}, but {tables.CURVES} holds no evaluation of it at generator step {steps}"
    for name, value in last.items():
        if not math.isfinite(value):
            yield f"{word}, but {name} is {value} in {tables.CURVES}"
        elif name in row and not _equal(row[name], value):
            yield f"{name} is {row[name]}, but {value:.9g} in the last evaluation in {tables.CURVES}"


def _values(curve: pd.DataFrame) -> Iterator[tuple[str, float]]:
    return zip(curve["metric"], curve["value"].astype(float), strict=True)


def _plain(value: Any) -> str:
    """A cell as text, whatever type reading the table gave it: a column with gaps has floats for whole numbers."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, str | bool):
        try:
            return f"{float(value):.9g}" if isinstance(value, str) else str(value)
        except ValueError:
            return value if isinstance(value, str) else str(value)
    return f"{float(value):.9g}"


def _equal(a: float, b: float) -> bool:
    return a == b or math.isclose(a, b, rel_tol=ROUNDING, abs_tol=1e-12) or (math.isnan(a) and math.isnan(b))


# ── by training again ───────────────────────────────────────────────────────────────────────────────────────────────


def train_again(
    results: Results, study: Study, count: int, seed: int, device: str, tell: Callable[[Again], None]
) -> list[Again]:
    """Train `count` finished rows again, drawn by `seed`, each alone and in a temporary folder; pruned ones are not."""
    from ablate.execution.task import Task
    from ablate.execution.worker import train

    by_id = {run.run_id: run for run in study.runs()}
    finished = results.runs[results.runs["status"].isin(["done", "diverged"]) & results.runs["run_id"].isin(by_id)]
    if count > len(finished):
        raise UsageError(f"--rerun {count}: {results.folder} holds {len(finished)} finished rows of its study")
    drawn = random.Random(seed).sample(sorted(finished["run_id"]), count)
    metrics = sorted(set(results.curves["metric"]) & set(finished.columns))
    found = []
    for run_id in drawn:
        run = by_id[run_id]
        with tempfile.TemporaryDirectory() as folder:
            options = Options(Path(folder), checkpoint_seconds=math.inf, arithmetic=_arithmetic_of(finished, run_id))
            task = Task(CohortPlan((run,)), device, options)
            result = train(task, lambda progress: None, lambda: False)
        row = finished.set_index("run_id").loc[run_id]
        if result.errors:
            again = Again(run, 0, {}, result.errors[run_id])
        else:
            new = row_of(study.name, run, result.outcomes[0], device, 1)
            again = _compared(run, row, new, _spreads(finished, run, metrics))
        tell(again)
        found.append(again)
    return found


def _arithmetic_of(finished: pd.DataFrame, run_id: str) -> Any:
    """What its row says, if it says it and means a float32 training."""
    said = finished.set_index("run_id").get("arithmetic", pd.Series(dtype=str)).get(run_id)
    return said if said in ("tf32", "bf16") else "fp32"


def _spreads(finished: pd.DataFrame, run: Run, metrics: list[str]) -> dict[str, float]:
    """Metric → how far it ranges over the finished seeds of the run's arm on its dataset; 0 with too few of them."""
    peers = finished[(finished["arm"] == run.arm) & (finished["dataset"] == run.dataset)][metrics].astype(float)
    ranges = peers.max() - peers.min()
    return {name: float(ranges[name]) if peers[name].count() >= FEWEST_FOR_SPREAD else 0.0 for name in metrics}


def _compared(run: Run, row: pd.Series, new: dict[str, Any], spreads: dict[str, float]) -> Again:
    if row["dataset_fingerprint"] != new["dataset_fingerprint"]:
        data = f"{row['dataset_fingerprint']} in the table, {new['dataset_fingerprint']} here"
        return Again(run, 0, {}, f"the data are others: fingerprint {data}")
    again = Again(run, 0, {})
    if row["status"] != new["status"]:
        return replace(again, problem=f"{row['status']} in the table, {new['status']} now")
    pairs = {name: (float(row[name]), float(new.get(name, math.nan))) for name in spreads}
    differing = {
        name: (mine, other, SPREADS * spreads[name]) for name, (mine, other) in pairs.items() if not _equal(mine, other)
    }
    absent = [name for name, (mine, other, _) in differing.items() if math.isnan(mine) or math.isnan(other)]
    if absent:
        return replace(again, problem=f"{absent[0]} is there only in one of the two")
    return replace(
        again, same=sum(not math.isnan(mine) for mine, _ in pairs.values()) - len(differing), differing=differing
    )
