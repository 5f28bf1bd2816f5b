"""An adaptive search to its end: propose a batch, train it, and so on; the tables decide where it goes on."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

from ablate.errors import AblateWarning, UsageError
from ablate.execution.job import Display, Options, Summary, run_known
from ablate.results.known_draws import with_draws
from ablate.results.lock import locked
from ablate.results.tables import Results
from ablate.search.database import check_storage
from ablate.search.optuna_space import load_optuna
from ablate.search.proposals import next_batch
from ablate.search.storage import JOURNAL, Journal, SharedStorage
from ablate.study.study import Study


def run_search(study: Study, options: Options, display: Display) -> Summary:
    """Train batch by batch until all draws have rows, or it is interrupted. Optuna must be installed."""
    load_optuna()
    check_storage(options.storage, options.workers)
    shared = SharedStorage(options.storage, study, options.folder) if options.storage else None
    journal = None if shared else Journal(options.folder.resolve() / JOURNAL)
    trained, seconds = 0, 0.0
    while True:
        results = read(options.folder)
        if shared:
            batch = shared.next_batch(study, results)
        else:
            batch = next_batch(study, results)
            assert journal is not None
            with locked(options.folder):
                journal.mirror(batch, results)
        summary = run_known(batch, options, display)
        trained, seconds = trained + summary.trained, seconds + summary.seconds
        if summary.interrupted or not summary.trained:
            break
        options = replace(options, retry_failed=False)  # what fails again is not tried in every round
    summary.trained, summary.seconds, summary.total = trained, seconds, study.size
    unknown = study.size - len(with_draws(study, summary.results.runs).runs()) - (shared.elsewhere if shared else 0)
    missing = max(summary.counts.get("missing", 0), unknown)
    if shared and shared.under_way:
        missing += sum(shared.under_way.values())
        _tell_under_way(shared.under_way)
    if missing:
        summary.counts["missing"] = missing
    return summary


def _tell_under_way(drivers: dict[str, int]) -> None:
    who = "; ".join(f"{count} by {driver}" for driver, count in sorted(drivers.items()))
    warnings.warn(
        f"draws of this search are with other drivers and have not ended: {who}; where one was stopped, its command, run "
        "again there, goes on with them",
        AblateWarning,
        stacklevel=3,
    )


def read(folder: Path) -> Results:
    """The tables of a folder, or empty ones."""
    return Results.read_or_empty(folder)


def check_options(study: Study, options: Options) -> None:
    """UsageError where a storage is named for a study that proposes nothing."""
    if options.storage and not (study.search and study.search.adaptive):
        raise UsageError(
            f"--storage has no effect: {study.path} has no search with sampler tpe, so nothing is proposed"
        )
    if options.storage and study.search and study.search.prune:
        raise UsageError(
            f"--storage: {study.path} prunes draws by those before them, which with a shared storage lie in several folders; "
            "leave --storage out, or remove search.prune"
        )
