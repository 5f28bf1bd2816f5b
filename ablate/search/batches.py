"""A study to its tables: its known runs, or an adaptive search batch by batch; the tables decide where it goes on."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from ablate.errors import AblateWarning, UsageError
from ablate.execution.display import Display
from ablate.execution.job import Summary, status, train_missing
from ablate.execution.measure_again import measure_missing
from ablate.execution.options import Options
from ablate.execution.planning import Planning, planned
from ablate.results.known_draws import with_draws
from ablate.results.lock import locked
from ablate.results.tables import Results
from ablate.search.database import check_storage
from ablate.search.looks import Ahead, look_ahead, run_by_looks
from ablate.search.optuna_space import load_optuna
from ablate.search.proposals import next_batch
from ablate.search.pruning_medians import medians_for
from ablate.search.storage import JOURNAL, Journal, SharedStorage
from ablate.study.study import Run, Study


def run_study(study: Study, options: Options, display: Display) -> Summary:
    """Train the study's missing runs into `options.folder`; what is there already is kept and not trained again."""
    _check(study, options)
    train = run_by_looks if study.looks else _run_search if study.adaptive else train_missing
    summary = train(study, options, display)
    generators = options.generators if options.measure_missing else None
    return replace(summary, results=measure_missing(study, summary.results, generators))


@dataclass(frozen=True)
class Outlook:
    """What `run_study` would train first."""

    missing: list[Run]
    unused_rows: list[str]
    """run_ids in the table that the study no longer has"""
    planning: Planning | None
    """None where nothing is missing"""
    later: int = 0
    """draws of an adaptive search that are proposed when these have ended"""
    looks: Ahead | None = None
    """of a study that goes by looks"""


@contextmanager
def outlook(study: Study, options: Options) -> Iterator[Outlook]:
    """The same checks and the same plan as those of `run_study`, and nothing is trained or written.

    Draws that a shared storage would give are proposed from the tables alone, for asking it would take them.
    """
    _check(study, options)
    looks = look_ahead(study, Results.read_or_empty(options.folder)) if study.looks else None
    study = looks.study if looks else study
    known = next_batch(study, Results.read_or_empty(options.folder)) if study.adaptive else study
    _, missing, unused_rows = status(known, options.folder, options.retry_failed)
    later = study.size - len(known.runs()) if study.adaptive else 0
    if not missing:
        yield Outlook(missing, unused_rows, None, later, looks)
        return
    with planned(known, options, missing) as planning:
        yield Outlook(missing, unused_rows, planning, later, looks)


def _check(study: Study, options: Options) -> None:
    """UsageError where options do not suit the study, or Optuna is needed and missing."""
    if study.looks and study.whole and (study.arms, study.datasets) != (study.whole.arms, study.whole.datasets):
        raise UsageError(
            "--only leaves claims without runs, and a study that goes by looks adds seeds by what all of its claims say; "
            "leave it out, or give --seeds"
        )
    if options.storage and not (study.search and study.search.adaptive):
        raise UsageError(
            f"--storage has no effect: {study.path} has no search with sampler tpe, so nothing is proposed"
        )
    if options.storage and study.search and study.search.prune:
        raise UsageError(
            f"--storage: {study.path} prunes draws by those before them, which with a shared storage lie in several folders; "
            "leave --storage out, or remove search.prune"
        )
    if study.adaptive:
        load_optuna()
        check_storage(options.storage, options.workers)


def _run_search(study: Study, options: Options, display: Display) -> Summary:
    """Train batch by batch until all draws have rows, or it is interrupted."""
    shared = SharedStorage(options.storage, study, options.folder) if options.storage else None
    trained, seconds, changes = 0, 0.0, list[str]()
    while True:
        results = Results.read_or_empty(options.folder)
        batch = shared.next_batch(study, results) if shared else _next_batch(study, results)
        failed = results.runs["status"] == "failed"
        ended = set(results.runs.loc[~failed, "run_id"])
        medians = medians_for(batch, results, [run for run in batch.runs() if run.run_id not in ended])
        summary = train_missing(batch, options, display, medians)
        trained, seconds = trained + summary.trained, seconds + summary.seconds
        changes = changes or summary.changes
        if summary.interrupted or not summary.trained:
            break
        options = replace(options, retry_failed=False)  # what fails again is not tried in every round
    summary.trained, summary.seconds, summary.total, summary.changes = trained, seconds, study.size, changes
    _count_missing(study, summary, shared)
    return summary


def _next_batch(study: Study, results: Results) -> Study:
    """The batch that follows from the tables; the journal beside them is brought up to date."""
    batch = next_batch(study, results)
    with locked(results.folder):
        Journal(results.folder.resolve() / JOURNAL).mirror(batch, results)
    return batch


def _count_missing(study: Study, summary: Summary, shared: SharedStorage | None) -> None:
    """Draws that were never proposed are missing too, and so are those that other drivers have not ended."""
    unknown = study.size - len(with_draws(study, summary.results.runs).runs()) - (shared.elsewhere if shared else 0)
    missing = max(summary.counts.get("missing", 0), unknown)
    if shared and shared.under_way:
        missing += sum(shared.under_way.values())
        _warn_of_draws_under_way(shared.under_way)
    if missing:
        summary.counts["missing"] = missing


def _warn_of_draws_under_way(drivers: dict[str, int]) -> None:
    who = "; ".join(f"{count} by {driver}" for driver, count in sorted(drivers.items()))
    warnings.warn(
        f"draws of this search are with other drivers and have not ended: {who}; where one was stopped, its command, run "
        "again there, goes on with them",
        AblateWarning,
        stacklevel=4,
    )
