"""A study to its tables: trains what is missing in a folder, and writes rows as cohorts end."""

from __future__ import annotations

import contextlib
import json
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ablate import tables
from ablate.config import RunConfig
from ablate.errors import AblateError, AblateWarning, UsageError
from ablate.execution import provenance
from ablate.execution.bars import bars_for
from ablate.execution.event_files import EventFiles
from ablate.execution.frames import FRAMES
from ablate.execution.lock import locked
from ablate.execution.planner import COHORT_SIZE, CohortPlan, begun_in, plan
from ablate.execution.rows import curves_of, failed_row, probes_of, row_of
from ablate.known_draws import with_draws
from ablate.study import Run, Study
from ablate.tables import Results

if TYPE_CHECKING:
    from ablate.execution.worker import Result, Task
    from ablate.training.arithmetic import Arithmetic
    from ablate.training.cohort import Compile
    from ablate.training.outcome import Progress

WRITE_SECONDS = 5.0
"""Rows that come faster than this are written together; until then their checkpoints stay."""
WRITE_SHARE = 20
"""Tables that take long to write are written so much more rarely."""
SEEDS_WITH_SAMPLES = 3
CHECKPOINTS, GENERATORS = "checkpoints", "generators"
"""Folders beside the tables. These and the frames stay with the user's own runs: `promote` does not copy them."""


@dataclass(frozen=True)
class Options:
    """How to run a study; what it gives does not depend on these, but for rounding."""

    folder: Path
    device: str = "auto"
    workers: int | None = None
    retry_failed: bool = False
    checkpoint_seconds: float = 30.0
    cohort_size: int | None = None
    plugins: tuple[str, ...] = ()
    command: str = ""
    compile: Compile = "auto"
    arithmetic: Arithmetic = "auto"
    keep_checkpoints: bool = False
    tensorboard: Path | None = None
    """the folder for TensorBoard's event files"""
    inception: Path | None = None
    """the weights of Inception, where fid with its features is asked for too"""
    storage: str | None = None
    """the database that several machines propose the draws of an adaptive search from"""
    backend: str = "local"
    """local: processes of this machine; ray: a cluster"""
    address: str | None = None
    """of the Ray cluster"""
    gpu_share: float = 1.0
    """of a GPU of the Ray cluster, for each cohort"""


@dataclass
class Summary:
    """How a study stands after a run of it."""

    study: Study
    results: Results
    total: int
    trained: int
    """runs that ended in this call"""
    counts: dict[str, int] = field(default_factory=dict)
    """runs of the study by status, `missing` among them"""
    interrupted: bool = False
    strangers: list[str] = field(default_factory=list)
    """run_ids in the table that the study no longer has"""
    seconds: float = 0.0


class Display(Protocol):
    """What shows the progress of a study."""

    def start(self, plans: Sequence[CohortPlan], workers: int, device: str) -> None: ...
    def progress(self, cohort: str, progress: Progress) -> None: ...
    def finished(self, plan: CohortPlan, diverged: int, failed: int) -> None: ...
    def stop(self) -> None: ...


def status(study: Study, folder: Path, retry_failed: bool = False) -> tuple[Results, list[Run], list[str]]:
    """The study's tables in a folder, the runs that are missing in them, and the run_ids that are not the study's."""
    results = Results.read(folder) if (folder / tables.RUNS).exists() else Results.empty(folder)
    study = with_draws(study, results.runs)
    again = ["failed"] if retry_failed else []
    present = set(results.runs.loc[~results.runs["status"].isin(again), "run_id"])
    runs = study.runs()
    own = {run.run_id for run in (study.whole or study).runs()}
    return results, [r for r in runs if r.run_id not in present], sorted(set(results.runs["run_id"]) - own)


def run_study(study: Study, options: Options, display: Display) -> Summary:
    """Train the study's missing runs into `options.folder`; what is there already is kept and not trained again."""
    from ablate.execution.search import check_options, run_search

    check_options(study, options)
    return run_search(study, options, display) if study.adaptive else run_known(study, options, display)


def run_known(study: Study, options: Options, display: Display) -> Summary:
    """Train the runs that are known, which in an adaptive search are those of one batch."""
    began = time.monotonic()
    events = EventFiles(options.tensorboard, study.name) if options.tensorboard else None
    with locked(options.folder):
        tables.remove_remains(options.folder)
        results, missing, strangers = status(study, options.folder, options.retry_failed)
        finished = True
        _forget_ended(options.folder / CHECKPOINTS, set(results.runs["run_id"]) - {run.run_id for run in missing})
        if events:
            events.write(results, anew=False, only={run.run_id for run in study.runs()})
        if missing:
            job = _Job(study, options, results, display, events)
            finished = job.run(missing)
            results = Results.read(options.folder)
        summary = Summary(study, results, len(study.runs()), len(missing), strangers=strangers)
        summary.interrupted = not finished
    known = dict(zip(results.runs["run_id"], results.runs["status"], strict=True))
    for run in study.runs():
        state = known.get(run.run_id, "missing")
        summary.counts[state] = summary.counts.get(state, 0) + 1
    summary.trained = len(missing) - summary.counts.get("missing", 0)
    summary.seconds = time.monotonic() - began
    return summary


def _forget_ended(checkpoints: Path, ended: set[str]) -> None:
    """Delete what a driver could not that was killed after it wrote the tables: checkpoints of runs that are in them.

    Those that `--keep-checkpoints` asked for stay.
    """
    if not checkpoints.is_dir():
        return
    from ablate.training import checkpoint

    checkpoint.remove_ended(checkpoints, ended)
    with contextlib.suppress(OSError):  # of cohorts that are not finished, checkpoints stay
        checkpoints.rmdir()


def choose_device(wanted: str) -> str:
    """auto, cpu or cuda → cpu or cuda; UsageError where there is no such device."""
    import torch

    if wanted not in ("auto", "cpu", "cuda"):
        raise UsageError(f"--device {wanted}: unknown device, expected one of: auto, cpu, cuda")
    if wanted == "cuda" and not torch.cuda.is_available():
        raise UsageError(
            "--device cuda: PyTorch finds no CUDA device here; use --device cpu, or install its CUDA build"
        )
    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return wanted


def shared_out(device: str, workers: int | None, cohorts: int) -> tuple[int, int]:
    """How many worker processes train, and the threads of each; on a CPU one worker a core, unless told otherwise."""
    cores = provenance.cores()
    count = workers or (1 if device == "cuda" else max(1, min(cores, cohorts)))
    return count, max(1, cores // count)


class _Job:
    """One call's training: collects results and writes tables."""

    def __init__(self, study: Study, options: Options, results: Results, display: Display, events: EventFiles | None):
        self.study, self.options, self.results, self.display, self.events = study, options, results, display, events
        self.order = (study.whole or study).runs()
        self.by_id = {run.run_id: run for run in self.order}
        seeds = set(sorted(study.seeds)[:SEEDS_WITH_SAMPLES])
        self.pictured = frozenset(run.run_id for run in self.order if run.seed in seeds)
        self.checkpoints = options.folder / CHECKPOINTS
        self.done_with: list[Path] = []
        self.began = self.last_write = time.monotonic()
        self.write_seconds = 0.0
        self.fresh: list[tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]] = []
        """rows, curves and probes that are not joined to the tables yet"""
        self.split: dict[str, float] = {}
        self.fingerprints: dict[str, str] = {}
        """label → of the data as they were when this call began"""

    def run(self, missing: list[Run]) -> bool:
        if self.options.backend == "local":
            return self._run(missing, choose_device(self.options.device))
        from ablate.execution.ray_backend import connected, device_of_cluster

        with connected(self.options.address):
            return self._run(missing, device_of_cluster(self.options.device, self.options.gpu_share))

    def _run(self, missing: list[Run], device: str) -> bool:
        plans = plan(missing, begun_in(self.checkpoints), self._most_members(device))
        if self.options.backend == "local":
            self.workers, self.threads = shared_out(device, self.options.workers, len(plans))
            self.device_name = _device_name(device)
        else:
            from ablate.execution.ray_backend import places

            self.threads, self.device_name = 1, f"{device} of a Ray cluster"
            self.workers = self.options.workers or places(device, self.threads, self.options.gpu_share)
        self.bars = bars_for(self.study, self.results, missing)
        tasks = [self._task(p, device) for p in plans]
        self._write_real_samples()
        self._look_for_inception()
        self.write()
        self.checkpoints.mkdir(parents=True, exist_ok=True)
        self.display.start(plans, self.workers, self.device_name)
        try:
            return self._execute(tasks)
        finally:
            self.display.stop()
            self.write()
            tables.remove_remains(self.options.folder)  # of workers that died
            settled = self.results.runs["status"] != "failed"
            _forget_ended(self.checkpoints, set(self.results.runs.loc[settled, "run_id"]))

    def _most_members(self, device: str) -> Callable[[Sequence[RunConfig]], int]:
        if size := self.options.cohort_size:
            return lambda configs: size
        if self.options.backend != "local":  # what trains there cannot be timed here
            return lambda configs: COHORT_SIZE
        from ablate.execution.cohort_size import automatic

        _, threads = shared_out(device, self.options.workers, provenance.cores())
        return automatic(device, threads)

    def _execute(self, tasks: list[Task]) -> bool:
        follow = (self.options.plugins, self.display.progress, self._take_in)
        if self.options.backend == "local":
            from ablate.execution.local import execute

            return execute(tasks, self.workers, self.threads, *follow)
        from ablate.execution import ray_backend

        return ray_backend.execute(tasks, self.options.workers, self.threads, *follow, self.options.gpu_share)

    def _task(self, cohort: CohortPlan, device: str) -> Task:
        from ablate.execution.worker import Task

        versions, own = provenance.versions(), {run.run_id for run in cohort.runs}
        return Task(
            cohort,
            device,
            self.checkpoints,
            self.options.checkpoint_seconds,
            self.options.keep_checkpoints,
            self.pictured & own,
            self.options.folder / GENERATORS,
            self.options.compile,
            {**provenance.code(), "ablate_version": versions["ablate"], "torch": versions["torch"]},
            self.options.inception,
            bars=self.bars,
            arithmetic=self.options.arithmetic,
        )

    def _look_for_inception(self) -> None:
        from ablate.metrics.inception import why_missing

        if self.options.inception and (reason := why_missing(self.options.inception)):
            warnings.warn(reason, AblateWarning, stacklevel=2)

    def _take_in(self, result: Result) -> None:
        rows, curves, probes = [], [], []
        writes: list[Callable[[], None]] = []
        device_name = result.device_name or self.device_name
        for outcome in result.outcomes:
            run = self.by_id[outcome.run_id]
            self._check_data(run.dataset, outcome.facts["dataset_fingerprint"], "when this call began")
            rows.append(row_of(self.study.name, run, outcome, device_name, self.threads))
            curves += curves_of(outcome)
            probes += probes_of(outcome)
            for name, seconds in outcome.facts["time_split"].items():
                self.split[name] = self.split.get(name, 0.0) + seconds
            if run.run_id in self.pictured:
                path = self.results.folder / tables.SAMPLES / f"{run.run_id}.npz"
                writes.append(partial(tables.save_arrays, path, x=outcome.samples, **outcome.surface))
            if outcome.frames is not None:
                path = self.results.folder / FRAMES / f"{run.run_id}.npz"
                writes.append(partial(tables.save_arrays, path, **vars(outcome.frames)))
        tables.side_by_side(writes)
        for run_id, error in result.errors.items():
            run = self.by_id[run_id]
            rows.append(failed_row(self.study.name, run, error, device_name, self.threads))
        self.fresh.append((rows, curves, probes))
        if self.events:
            self._join_fresh()
            self.events.write(self.results, anew=True, only={outcome.run_id for outcome in result.outcomes})
        self.done_with += result.checkpoints
        diverged = sum(outcome.status == "diverged" for outcome in result.outcomes)
        self.display.finished(result.task.plan, diverged, len(result.errors))
        if time.monotonic() - self.last_write >= max(WRITE_SECONDS, WRITE_SHARE * self.write_seconds):
            self.write()

    def _join_fresh(self) -> None:
        """Put what has come into the tables, all at once: each time costs as much as the tables are long."""
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
        tables.replace(folder / tables.STUDY, lambda file: file.write_text(self.study.text, encoding="utf-8"))
        self.results.environment = self._environment()
        text = json.dumps(self.results.environment, indent=2, sort_keys=True) + "\n"
        tables.replace(folder / tables.ENVIRONMENT, lambda file: file.write_text(text, encoding="utf-8"))
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
            "command": self.options.command,
            "overrides": list(self.study.overrides),
            "seeds": list(self.study.seeds),
            **provenance.code(),
            "versions": provenance.versions(),
            "device": self.device_name,
            "cpu": provenance.cpu(),
            "cores": provenance.cores(),
            "workers": self.workers,
            "threads": self.threads,
            "wall_seconds": round(before.get("wall_seconds", 0.0) + passed, 1),
            "time_split": {k: round(split.get(k, 0.0) + added.get(k, 0.0), 1) for k in sorted({*split, *added})},
        }

    def _write_real_samples(self) -> None:
        """Written anew at every call: a label's dataset may have other options now.

        Missing data, or images without the classifier that they need, are found here, before anything is trained.
        """
        from ablate.datasets import dataset_of
        from ablate.metrics.features import extractor_for
        from ablate.training.sampling import KEPT_IMAGES, KEPT_POINTS, as_pictures

        for label in self.study.datasets:
            path = self.results.folder / tables.SAMPLES / f"real_{label}.npz"
            config = next((run.config for run in self.order if run.dataset == label), None)
            if config is not None:
                dataset = dataset_of(config)
                extractor_for(dataset)
                self.fingerprints[label] = dataset.fingerprint
                rows = self.results.runs[self.results.runs["dataset"] == label]
                own = rows[rows["run_id"].isin(self.by_id) & (rows["status"] != "failed")]
                for fingerprint in own["dataset_fingerprint"] if len(own) else ():
                    self._check_data(label, fingerprint, "now")
                count = KEPT_POINTS if len(dataset.shape) == 1 else KEPT_IMAGES
                tables.save_arrays(path, x=as_pictures(dataset.reference(count, seed=0)[0]))


def _device_name(device: str) -> str:
    if device == "cpu":
        return "cpu"
    import torch

    return str(torch.cuda.get_device_name())
