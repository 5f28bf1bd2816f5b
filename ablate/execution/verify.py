"""Whether tables are what their study gives: by their own hashes, schema and settings, and against their curves."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from ablate.errors import UsageError
from ablate.results import checksums, claims_record, tables
from ablate.results.known_draws import with_draws
from ablate.results.late_metrics import lacking, note_on
from ablate.results.rows import settings_of
from ablate.results.tables import WITH_OUTCOME, Results
from ablate.study.study import Run, Study

COUNTERS = ("done_generator_steps", "done_critic_steps", "images_seen", "seconds", "cohort_size")
ALWAYS = ("ablate_version", "torch", "device", "threads", "dataset_fingerprint", "finished_at")
ROUNDING = 1e-6
"""Relative difference up to which two values are equal"""


def read(folder: Path) -> tuple[Results, Study]:
    """The tables and their study; UsageError where they are damaged, which says where."""
    results = Results.read(folder)
    if not (folder / tables.STUDY).is_file():
        raise UsageError(f"{folder / tables.STUDY} is missing: what the rows should be cannot be told; restore it")
    return results, with_draws(tables.study_as_run(results), results.runs)


def notes_on(results: Results, study: Study) -> list[str]:
    """What cannot be checked, or is worth knowing, and is no fault."""
    notes = []
    if not has_checksums(results):
        notes.append(f"no {checksums.NAME}: whether someone edited the tables cannot be told")
    notes += claims_record.notes(results.record, study.claims)
    missing = len({run.run_id for run in study.runs()} - set(results.runs["run_id"]))
    if missing:
        notes.append(f"{missing} runs of the study are missing")
    if note := note_on(lacking(results, study)):
        notes.append(note)
    return notes


def has_checksums(results: Results) -> bool:
    """Whether reading the tables checked them against the hashes of what ablate wrote."""
    return (results.folder / checksums.NAME).exists()


def faults_in(results: Results, study: Study) -> list[str]:
    """What is wrong in tables that could be read, each with its line: what `ablate promote` refuses too."""
    path, rows = results.folder / tables.RUNS, results.runs
    absent = [name for name in (*tables.PROVENANCE, *COUNTERS) if name not in rows.columns]
    if absent and rows["status"].isin(WITH_OUTCOME).any():
        return [f"{path}:1: column {name!r} is missing" for name in absent]
    faults = [f"{path}:{line}: {fault}" for line, fault in _faults_by_line(results, study)]
    for label, group in rows[rows["status"].isin(WITH_OUTCOME)].groupby("dataset"):
        if group["dataset_fingerprint"].nunique() > 1:
            known = ", ".join(sorted(set(group["dataset_fingerprint"])))
            faults.append(f"{path}: rows of dataset {label!r} are of different data: fingerprints {known}")
    for name, table in ((tables.CURVES, results.curves), (tables.PROBES, results.probes)):
        without_row = set(table["run_id"]) - set(rows["run_id"])
        if without_row:
            faults.append(
                f"{results.folder / name}: {len(without_row)} runs in it have no row, such as {min(without_row)}"
            )
    return faults


def _faults_by_line(results: Results, study: Study) -> Iterator[tuple[int, str]]:
    """(line of runs.csv, fault) of each row; a row's index is its place in the table as it was read."""
    by_id = {run.run_id: run for run in study.runs()}
    curves = dict(list(results.curves.groupby("run_id")))
    rows: list[dict[Any, Any]] = results.runs.to_dict("records")
    for index, row in zip(results.runs.index, rows, strict=True):
        run = by_id.get(row["run_id"])
        if run is None:
            yield index + 2, f"run_id {row['run_id']} follows from no settings of {tables.STUDY}"
            continue
        for fault in (*_faults_of_identity(row, run), *_faults_of_outcome(row, run, curves.get(run.run_id))):
            yield index + 2, fault


def _faults_of_identity(row: dict[Any, Any], run: Run) -> Iterator[str]:
    expected = {"dataset": run.dataset, "arm": run.arm, "seed": run.seed, **settings_of(run)}
    expected[tables.RESULTS_VERSION_COLUMN] = run.results_version
    for name, value in expected.items():
        if name in row and cell_text(row[name]) != cell_text(value):
            yield f"{name} is {cell_text(row[name])}, but the run of this run_id has {cell_text(value)}"


def _faults_of_outcome(row: dict[Any, Any], run: Run, curve: pd.DataFrame | None) -> Iterator[str]:
    status, diverged_at = row["status"], cell_text(row["diverged_at"])
    if status == "failed":
        if not row["error"]:
            yield "failed, but error is empty"
        return
    if row["error"]:
        yield f"{status}, but there is an error"
    for name in (*COUNTERS, *ALWAYS):
        if cell_text(row[name]) == "":
            yield f"{name} is empty"
    if (status == "diverged") != (diverged_at != ""):
        yield f"status is {status}, but diverged_at is {diverged_at or 'empty'}"
    if status == "diverged":
        return
    if status == "pruned" and row["done_generator_steps"] not in run.config.evaluation_steps[:-1]:
        yield f"pruned after {row['done_generator_steps']} generator steps, where no evaluation is but at the end"
    total = run.config.total_generator_steps
    if status == "done" and row["done_generator_steps"] != total:
        yield f"done after {row['done_generator_steps']} generator steps, expected {total}"
    yield from _faults_of_final_values(row, curve, row["done_generator_steps"] if status == "pruned" else total)


def _faults_of_final_values(row: dict[Any, Any], curve: pd.DataFrame | None, step: float) -> Iterator[str]:
    """Whether the row's metrics are those of its curve's last evaluation."""
    last = {} if curve is None else dict(_values(curve[curve["generator_step"] == step]))
    if not last:
        yield f"{row['status']}, but {tables.CURVES} holds no evaluation of it at generator step {step}"
    for name, value in last.items():
        if not math.isfinite(value):
            yield f"{row['status']}, but {name} is {value} in {tables.CURVES}"
        elif name in row and not equal_to_rounding(row[name], value):
            yield f"{name} is {row[name]}, but {value:.9g} in the last evaluation in {tables.CURVES}"


def _values(curve: pd.DataFrame) -> Iterator[tuple[str, float]]:
    return zip(curve["metric"], curve["value"].astype(float), strict=True)


def cell_text(value: Any) -> str:
    """A cell as text, whatever type reading the table gave it: a column with gaps has floats for whole numbers."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, str | bool):
        try:
            return f"{float(value):.9g}" if isinstance(value, str) else str(value)
        except ValueError:
            return value if isinstance(value, str) else str(value)
    return f"{float(value):.9g}"


def equal_to_rounding(a: float, b: float) -> bool:
    """Whether two values are the same number, or both none."""
    return a == b or math.isclose(a, b, rel_tol=ROUNDING, abs_tol=1e-12) or (math.isnan(a) and math.isnan(b))
