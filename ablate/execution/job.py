"""A study to its tables: trains what is missing in a folder, and writes rows as cohorts end."""

from __future__ import annotations

import contextlib
import time
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ablate.errors import AblateWarning, UsageError
from ablate.execution.backends.processes import apart
from ablate.execution.measure_again import measure_missing
from ablate.execution.planner import CohortPlan, begun_in
from ablate.execution.preparation import Prepared, prepare, prepare_elsewhere, shared_out
from ablate.execution.recorder import Recorder, Trainer
from ablate.execution.task import Result, Task
from ablate.files import whole_files
from ablate.registry import MAIN, sources
from ablate.results import provenance
from ablate.results.event_files import EventFiles
from ablate.results.known_draws import with_draws
from ablate.results.lock import locked
from ablate.results.tables import Results
from ablate.search.pruning_medians import bars_for
from ablate.study.study import Run, Study

if TYPE_CHECKING:
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
    measure_missing: bool = False
    """measure metrics that were registered after the runs, from the generators that were kept"""


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
    results = Results.read_or_empty(folder)
    study = with_draws(study, results.runs)
    prunes = study.search is not None and study.search.prune
    again = ["failed"] * retry_failed + ["pruned"] * (not prunes)  # where nothing is pruned, each run goes to its end
    present = set(results.runs.loc[~results.runs["status"].isin(again), "run_id"])
    runs = study.runs()
    own = {run.run_id for run in (study.whole or study).runs()}
    return results, [r for r in runs if r.run_id not in present], sorted(set(results.runs["run_id"]) - own)


def run_study(study: Study, options: Options, display: Display) -> Summary:
    """Train the study's missing runs into `options.folder`; what is there already is kept and not trained again."""
    from ablate.search.batches import check_options, run_search

    check_options(study, options)
    summary = run_search(study, options, display) if study.adaptive else run_known(study, options, display)
    generators = options.folder / GENERATORS if options.measure_missing else None
    return replace(summary, results=measure_missing(study, summary.results, generators))


def run_known(study: Study, options: Options, display: Display) -> Summary:
    """Train the runs that are known, which in an adaptive search are those of one batch."""
    began = time.monotonic()
    events = EventFiles(options.tensorboard, study.name) if options.tensorboard else None
    with locked(options.folder):
        whole_files.remove_remains(options.folder)
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
    from ablate.training.checkpoint_files import remove_ended

    remove_ended(checkpoints, ended)
    with contextlib.suppress(OSError):  # of cohorts that are not finished, checkpoints stay
        checkpoints.rmdir()


class _Job:
    """One call's training: from the runs that are missing to the tables."""

    def __init__(self, study: Study, options: Options, results: Results, display: Display, events: EventFiles | None):
        if options.backend == "local" and MAIN in sources():
            if options.workers not in (None, 1):
                warnings.warn(
                    "the script itself registers components, which no worker has: it trains alone",
                    AblateWarning,
                    stacklevel=2,
                )
            options = replace(options, workers=1)
        self.study, self.options, self.results, self.display, self.events = study, options, results, display, events
        self.checkpoints = options.folder / CHECKPOINTS
        self.began = time.monotonic()

    def run(self, missing: list[Run]) -> bool:
        if self.options.backend == "local":
            return self._run(missing, self.options.device)
        if MAIN in sources():
            raise UsageError(
                "the script itself registers components, which Ray's nodes cannot have; put them into a module that it imports"
            )
        from ablate.execution.backends.ray_backend import connected, device_of_cluster

        with connected(self.options.address):
            return self._run(missing, device_of_cluster(self.options.device, self.options.gpu_share))

    def _run(self, missing: list[Run], device: str) -> bool:
        prepared = self._prepared(missing, device)
        trainer = self._trainer(prepared)
        record = Recorder(self.study, self.results, trainer, self.events, self.began)
        bars = bars_for(self.study, self.results, missing)
        tasks = [self._task(p, prepared.device, record.pictured, bars) for p in prepared.plans]
        record.take_in_real(prepared.real)
        record.write()
        self.checkpoints.mkdir(parents=True, exist_ok=True)
        self.display.start(prepared.plans, trainer.workers, trainer.device)
        try:
            return self._execute(tasks, trainer, record)
        finally:
            self.display.stop()
            record.write()
            whole_files.remove_remains(self.options.folder)  # of workers that died
            settled = self.results.runs["status"] != "failed"
            _forget_ended(self.checkpoints, set(self.results.runs.loc[settled, "run_id"]))

    def _prepared(self, missing: list[Run], device: str) -> Prepared:
        """In a process of its own where other processes train too, so that this one need not hold PyTorch."""
        datasets = {run.dataset: run.config for run in reversed((self.study.whole or self.study).runs())}
        arguments = (self.options, device, missing, begun_in(self.checkpoints), datasets)
        return prepare(*arguments) if self._trains_here(device) else apart(prepare_elsewhere, sources(), *arguments)

    def _trains_here(self, device: str) -> bool:
        """Whether this process itself needs PyTorch, as far as `device`, a wish or what was chosen, says.

        --workers 1 asks for it, and one worker of a GPU would gain nothing apart.
        """
        options = self.options
        return options.backend != "local" or options.workers == 1 or (device == "cuda" and not options.workers)

    def _trainer(self, prepared: Prepared) -> Trainer:
        if self.options.backend == "local":
            workers, threads = shared_out(prepared.device, self.options.workers, len(prepared.plans))
            return Trainer(prepared.device_name, workers, threads, self.options.command)
        from ablate.execution.backends.ray_backend import places

        workers = self.options.workers or places(prepared.device, 1, self.options.gpu_share)
        return Trainer(prepared.device_name, workers, 1, self.options.command)

    def _execute(self, tasks: list[Task], trainer: Trainer, record: Recorder) -> bool:
        def ended(result: Result) -> None:
            record.take_in(result)
            statuses = Counter(outcome.status for outcome in result.outcomes)
            self.display.finished(result.task.plan, statuses + Counter(failed=len(result.errors)))

        follow = (sources(), self.display.progress, ended)
        if self.options.backend == "local":
            from ablate.execution.backends.local import execute

            here = self._trains_here(tasks[0].device)
            return execute(tasks, 0 if here else trainer.workers, trainer.threads, *follow)
        from ablate.execution.backends import ray_backend

        return ray_backend.execute(tasks, self.options.workers, trainer.threads, *follow, self.options.gpu_share)

    def _task(self, cohort: CohortPlan, device: str, pictured: frozenset[str], bars: Bars | None) -> Task:
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
