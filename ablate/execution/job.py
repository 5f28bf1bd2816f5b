"""Known runs to their tables: trains what is missing in a folder, and writes rows as cohorts end."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ablate.execution.closed_pipes import closed_pipes_ignored
from ablate.execution.display import Display
from ablate.execution.options import Options
from ablate.execution.planner import CohortPlan
from ablate.execution.planning import Planning, planned
from ablate.execution.recorder import Recorder
from ablate.execution.task import Result, Task
from ablate.files import whole_files
from ablate.registry import sources
from ablate.results import provenance
from ablate.results.event_files import EventFiles
from ablate.results.known_draws import with_draws
from ablate.results.lock import locked
from ablate.results.tables import Results
from ablate.results.taken_over import take_over, write_taken_over
from ablate.study.study import Run, Study
from ablate.training.checkpoint_files import remove_ended
from ablate.training.pruning import PruningMedians


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
    unused_rows: list[str] = field(default_factory=list)
    """run_ids in the table that the study no longer has"""
    seconds: float = 0.0
    changes: list[str] = field(default_factory=list)
    """what of the study is different since the tables were last written, in words"""
    looks: str = ""
    """where a study stands that goes by looks, in words"""


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


def train_missing(
    study: Study, options: Options, display: Display, pruning_medians: PruningMedians | None = None
) -> Summary:
    """Train the runs of the study that `options.folder` has no rows of, which in a search are those of one batch.

    What is there already is kept and not trained again. `pruning_medians`: by which runs are pruned, if any are.
    """
    began = time.monotonic()
    events = EventFiles(options.tensorboard, study.name) if options.tensorboard else None
    with closed_pipes_ignored(), locked(options.folder):
        whole_files.remove_remains(options.folder)
        results, missing, unused_rows = status(study, options.folder, options.retry_failed)
        finished, taken = True, take_over(study, results)
        _forget_ended(options.checkpoints, set(results.runs["run_id"]) - {run.run_id for run in missing})
        if events:
            events.write(results, anew=False, only={run.run_id for run in study.runs()})
        if missing:
            with planned(study, options, missing) as planning:
                record = Recorder(study, results, planning.trainer, events, began)
                finished = _train(planning, record, display, pruning_medians)
            results = Results.read(options.folder)
        else:
            write_taken_over(study, results, taken)
        summary = Summary(study, results, len(study.runs()), len(missing), unused_rows=unused_rows, changes=taken.told)
        summary.interrupted = not finished
    known = dict(zip(results.runs["run_id"], results.runs["status"], strict=True))
    summary.counts = dict(Counter(known.get(run.run_id, "missing") for run in study.runs()))
    summary.trained = len(missing) - summary.counts.get("missing", 0)
    summary.seconds = time.monotonic() - began
    return summary


def _forget_ended(checkpoints: Path, ended: set[str]) -> None:
    """Delete what a driver could not that was killed after it wrote the tables: checkpoints of runs that are in them.

    Those that `--keep-checkpoints` asked for stay.
    """
    if not checkpoints.is_dir():
        return
    remove_ended(checkpoints, ended)
    with contextlib.suppress(OSError):  # of cohorts that are not finished, checkpoints stay
        checkpoints.rmdir()


def _train(planning: Planning, record: Recorder, display: Display, pruning_medians: PruningMedians | None) -> bool:
    """Train what is planned into the tables; False where it was stopped early."""
    prepared, trainer, options = planning.prepared, planning.trainer, planning.options
    tasks = _tasks(planning, record.pictured, pruning_medians)
    record.take_in_real(prepared.real)
    record.write()
    options.checkpoints.mkdir(parents=True, exist_ok=True)
    display.start(prepared.plans, trainer.workers, trainer.device)
    try:
        return _execute(tasks, planning, record, display)
    finally:
        display.stop()
        record.write()
        whole_files.remove_remains(options.folder)  # of workers that died
        runs = record.results.runs
        _forget_ended(options.checkpoints, set(runs.loc[runs["status"] != "failed", "run_id"]))


def _tasks(planning: Planning, pictured: frozenset[str], pruning_medians: PruningMedians | None) -> list[Task]:
    versions = provenance.versions()
    made_by = {**provenance.code(), "ablate_version": versions["ablate"], "torch": versions["torch"]}

    def task(cohort: CohortPlan) -> Task:
        own = {run.run_id for run in cohort.runs}
        medians = pruning_medians and pruning_medians.of(own)
        return Task(cohort, planning.prepared.device, planning.options, pictured & own, made_by, medians)

    return [task(cohort) for cohort in planning.prepared.plans]


def _execute(tasks: Sequence[Task], planning: Planning, record: Recorder, display: Display) -> bool:
    def ended(result: Result) -> None:
        record.take_in(result)
        statuses = Counter(outcome.status for outcome in result.outcomes)
        display.finished(result.task.plan, statuses + Counter(failed=len(result.errors)))

    options, trainer = planning.options, planning.trainer
    follow = (sources(), display.progress, ended)
    if options.backend == "local":
        from ablate.execution.backends.local import execute

        return execute(tasks, 0 if planning.trains_here else trainer.workers, trainer.threads, *follow)
    from ablate.execution.backends import ray_backend

    return ray_backend.execute(tasks, options.workers, trainer.threads, *follow, options.gpu_share)
