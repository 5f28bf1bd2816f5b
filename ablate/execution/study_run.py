"""A study to its tables: trains what is missing in a folder, and writes rows as cohorts end."""

from __future__ import annotations

import contextlib
import time
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ablate import tables
from ablate.config import RunConfig
from ablate.errors import AblateWarning, UsageError
from ablate.execution import provenance
from ablate.execution.bars import bars_for
from ablate.execution.event_files import EventFiles
from ablate.execution.lock import locked
from ablate.execution.planner import COHORT_SIZE, CohortPlan, begun_in, plan
from ablate.execution.recorder import Recorder, Trainer
from ablate.known_draws import with_draws
from ablate.study import Run, Study
from ablate.tables import Results

if TYPE_CHECKING:
    from ablate.execution.worker import Result, Task
    from ablate.training.arithmetic import Arithmetic
    from ablate.training.cohort import Compile
    from ablate.training.outcome import Progress
    from ablate.training.pruning import Bars

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
    def finished(self, plan: CohortPlan, ended: Counter[str]) -> None: ...
    def stop(self) -> None: ...


def status(study: Study, folder: Path, retry_failed: bool = False) -> tuple[Results, list[Run], list[str]]:
    """The study's tables in a folder, the runs that are missing in them, and the run_ids that are not the study's."""
    results = Results.read(folder) if (folder / tables.RUNS).exists() else Results.empty(folder)
    study = with_draws(study, results.runs)
    prunes = study.search is not None and study.search.prune
    again = ["failed"] * retry_failed + ["pruned"] * (not prunes)  # where nothing is pruned, each run goes to its end
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
    """One call's training: from the runs that are missing to the tables."""

    def __init__(self, study: Study, options: Options, results: Results, display: Display, events: EventFiles | None):
        self.study, self.options, self.results, self.display, self.events = study, options, results, display, events
        self.checkpoints = options.folder / CHECKPOINTS
        self.began = time.monotonic()

    def run(self, missing: list[Run]) -> bool:
        if self.options.backend == "local":
            return self._run(missing, choose_device(self.options.device))
        from ablate.execution.ray_backend import connected, device_of_cluster

        with connected(self.options.address):
            return self._run(missing, device_of_cluster(self.options.device, self.options.gpu_share))

    def _run(self, missing: list[Run], device: str) -> bool:
        plans = plan(missing, begun_in(self.checkpoints), self._most_members(device))
        trainer = self._trainer(device, len(plans))
        record = Recorder(self.study, self.results, trainer, self.events, self.began)
        bars = bars_for(self.study, self.results, missing)
        tasks = [self._task(p, device, record.pictured, bars) for p in plans]
        record.write_real_samples()
        self._look_for_inception()
        record.write()
        self.checkpoints.mkdir(parents=True, exist_ok=True)
        self.display.start(plans, trainer.workers, trainer.device)
        try:
            return self._execute(tasks, trainer, record)
        finally:
            self.display.stop()
            record.write()
            tables.remove_remains(self.options.folder)  # of workers that died
            settled = self.results.runs["status"] != "failed"
            _forget_ended(self.checkpoints, set(self.results.runs.loc[settled, "run_id"]))

    def _trainer(self, device: str, cohorts: int) -> Trainer:
        if self.options.backend == "local":
            workers, threads = shared_out(device, self.options.workers, cohorts)
            return Trainer(_device_name(device), workers, threads, self.options.command)
        from ablate.execution.ray_backend import places

        workers = self.options.workers or places(device, 1, self.options.gpu_share)
        return Trainer(f"{device} of a Ray cluster", workers, 1, self.options.command)

    def _most_members(self, device: str) -> Callable[[Sequence[RunConfig]], int]:
        if size := self.options.cohort_size:
            return lambda configs: size
        if self.options.backend != "local":  # what trains there cannot be timed here
            return lambda configs: COHORT_SIZE
        from ablate.execution.cohort_size import automatic

        _, threads = shared_out(device, self.options.workers, provenance.cores())
        return automatic(device, threads)

    def _execute(self, tasks: list[Task], trainer: Trainer, record: Recorder) -> bool:
        def ended(result: Result) -> None:
            record.take_in(result)
            statuses = Counter(outcome.status for outcome in result.outcomes)
            self.display.finished(result.task.plan, statuses + Counter(failed=len(result.errors)))

        follow = (self.options.plugins, self.display.progress, ended)
        if self.options.backend == "local":
            from ablate.execution.local import execute

            return execute(tasks, trainer.workers, trainer.threads, *follow)
        from ablate.execution import ray_backend

        return ray_backend.execute(tasks, self.options.workers, trainer.threads, *follow, self.options.gpu_share)

    def _task(self, cohort: CohortPlan, device: str, pictured: frozenset[str], bars: Bars | None) -> Task:
        from ablate.execution.worker import Task

        versions, own = provenance.versions(), {run.run_id for run in cohort.runs}
        return Task(
            cohort,
            device,
            self.checkpoints,
            self.options.checkpoint_seconds,
            self.options.keep_checkpoints,
            pictured & own,
            self.options.folder / GENERATORS,
            self.options.compile,
            {**provenance.code(), "ablate_version": versions["ablate"], "torch": versions["torch"]},
            self.options.inception,
            bars=bars,
            arithmetic=self.options.arithmetic,
        )

    def _look_for_inception(self) -> None:
        from ablate.metrics.inception import why_missing

        if self.options.inception and (reason := why_missing(self.options.inception)):
            warnings.warn(reason, AblateWarning, stacklevel=2)


def _device_name(device: str) -> str:
    if device == "cpu":
        return "cpu"
    import torch

    return str(torch.cuda.get_device_name())
