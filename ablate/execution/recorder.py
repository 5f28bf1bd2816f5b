"""What cohorts give, into the tables: written as they end, all or nothing, and only of data that have not changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ablate.errors import AblateError
from ablate.execution.preparation import RealData
from ablate.execution.task import Result
from ablate.files import whole_files
from ablate.results import provenance, tables
from ablate.results.event_files import EventFiles
from ablate.results.frames import FRAMES
from ablate.results.rows import curves_of, failed_row, probes_of, row_of
from ablate.results.study_copy import asked_of, write_study
from ablate.results.tables import Results
from ablate.study.study import Study

WRITE_SECONDS = 5.0
"""Rows that come faster than this are written together; until then their checkpoints stay."""
WRITE_SHARE = 20
"""Tables that take long to write are written so much more rarely."""
SEEDS_WITH_SAMPLES = 3


@dataclass(frozen=True)
class Trainer:
    """What trains the runs of one call."""

    device: str
    """its name, as rows say it"""
    workers: int
    threads: int
    """of each worker"""
    command: str = ""


class Recorder:
    """The tables of one call's training, which began at a moment of the monotonic clock."""

    def __init__(self, study: Study, results: Results, trainer: Trainer, events: EventFiles | None, began: float):
        self.study, self.results, self.trainer, self.events = study, results, trainer, events
        self.order = (study.whole or study).runs()
        self.by_id = {run.run_id: run for run in self.order}
        seeds = set(sorted(study.seeds)[:SEEDS_WITH_SAMPLES])
        self.pictured = frozenset(run.run_id for run in self.order if run.seed in seeds)
        self.done_with: list[Path] = []
        self.began, self.last_write = began, time.monotonic()
        self.write_seconds = 0.0
        self.fresh: list[tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]] = []
        """rows, curves and probes that are not joined to the tables yet"""
        self.split: dict[str, float] = {}
        self.fingerprints: dict[str, str] = {}
        """label → of the data as they were when this call began"""

    def take_in(self, result: Result) -> None:
        """A cohort that has ended; its rows are in the tables after the next `write`."""
        rows, curves, probes = [], [], []
        writes: list[Callable[[], None]] = []
        device_name = result.device_name or self.trainer.device
        for outcome in result.outcomes:
            run = self.by_id[outcome.run_id]
            self._check_data(run.dataset, outcome.facts["dataset_fingerprint"], "when this call began")
            rows.append(row_of(self.study.name, run, outcome, device_name, self.trainer.threads))
            curves += curves_of(outcome)
            probes += probes_of(outcome)
            for name, seconds in outcome.facts["time_split"].items():
                self.split[name] = self.split.get(name, 0.0) + seconds
            if run.run_id in self.pictured:
                path = self.results.folder / tables.SAMPLES / f"{run.run_id}.npz"
                writes.append(partial(whole_files.save_arrays, path, x=outcome.samples, **outcome.surface))
            if outcome.frames is not None:
                path = self.results.folder / FRAMES / f"{run.run_id}.npz"
                writes.append(partial(whole_files.save_arrays, path, **vars(outcome.frames)))
        whole_files.side_by_side(writes)
        for run_id, error in result.errors.items():
            run = self.by_id[run_id]
            rows.append(failed_row(self.study.name, run, error, device_name, self.trainer.threads))
        self.fresh.append((rows, curves, probes))
        if self.events:
            self._join_fresh()
            self.events.write(self.results, anew=True, only={outcome.run_id for outcome in result.outcomes})
        self.done_with += result.checkpoints
        if time.monotonic() - self.last_write >= max(WRITE_SECONDS, WRITE_SHARE * self.write_seconds):
            self.write()

    def _join_fresh(self) -> None:
        """Put what has come into the tables, all at once, since one time costs as much as the tables are long."""
        if self.fresh:
            rows, curves, probes = ([row for part in parts for row in part] for parts in zip(*self.fresh, strict=True))
            self.results.add(rows, curves, probes)
            self.fresh = []

    def _check_data(self, label: str, fingerprint: str, when: str) -> None:
        """Rows of one dataset are of the same data, or they are no study of it."""
        if fingerprint != self.fingerprints[label]:
            raise AblateError(
                f"dataset {label!r}: its data have changed: they had the fingerprint {self.fingerprints[label]} {when}, "
                f"but {fingerprint} in runs that have ended; restore the data, or train all runs anew with another --out"
            )

    def write(self) -> None:
        """All tables as they are now; then the checkpoints of what is in them can go."""
        began = time.monotonic()
        self._join_fresh()
        folder = self.results.folder
        write_study(folder, self.study)
        self.results.environment = self._environment()
        self.results.write_environment()
        self.results.write(self.order)
        for path in self.done_with:
            path.unlink(missing_ok=True)
        self.done_with, self.last_write = [], time.monotonic()
        self.write_seconds = self.last_write - began

    def _environment(self) -> dict[str, Any]:
        before = self.results.environment
        now = time.monotonic()
        passed, self.began = now - self.began, now
        split = before.get("time_split", {})
        added, self.split = self.split, {}
        return {
            "study": self.study.name,
            "command": self.trainer.command,
            **asked_of(self.study),
            **provenance.code(),
            "versions": provenance.versions(),
            "device": self.trainer.device,
            "cpu": provenance.cpu(),
            "cores": provenance.cores(),
            "workers": self.trainer.workers,
            "threads": self.trainer.threads,
            "wall_seconds": round(before.get("wall_seconds", 0.0) + passed, 1),
            "time_split": {k: round(split.get(k, 0.0) + added.get(k, 0.0), 1) for k in sorted({*split, *added})},
        }

    def take_in_real(self, real: Mapping[str, RealData]) -> None:
        """The data as they are now: written anew at every call, for a label's dataset may have other options now."""
        for label, data in real.items():
            self.fingerprints[label] = data.fingerprint
            rows = self.results.runs[self.results.runs["dataset"] == label]
            own = rows[rows["run_id"].isin(self.by_id) & (rows["status"] != "failed")]
            for fingerprint in own["dataset_fingerprint"] if len(own) else ():
                self._check_data(label, fingerprint, "now")
            whole_files.save_arrays(self.results.folder / tables.SAMPLES / f"real_{label}.npz", x=data.pictures)
