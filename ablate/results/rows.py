"""A run's outcome as what the tables hold of it: its row, its curve points and its probe values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ablate.results import provenance
from ablate.results.tables import RESULTS_VERSION_COLUMN, rounded
from ablate.study.study import Run

if TYPE_CHECKING:
    from ablate.training.outcome import Outcome

TRAINING_FACTS = ("time_split", "flags")
"""Facts of an outcome that are not a column of their own."""


def row_of(study: str, run: Run, outcome: Outcome, device: str, threads: int) -> dict[str, Any]:
    """The row of a run that ended, done or diverged."""
    return {
        **_identity(study, run, outcome.status, "", outcome.facts["flags"]),
        "diverged_at": math.nan if outcome.diverged_at is None else float(outcome.diverged_at),
        **settings_of(run),
        **{name: rounded(float(value)) for name, value in outcome.final.items()},
        **{name: rounded(value) for name, value in outcome.facts.items() if name not in TRAINING_FACTS},
        **_provenance(device, threads),
    }


def failed_row(study: str, run: Run, error: str, device: str, threads: int) -> dict[str, Any]:
    """The row of a run that did not end by itself, with the reason in one line."""
    return {
        **_identity(study, run, "failed", " ".join(error.split())),
        "diverged_at": math.nan,
        **settings_of(run),
        **_provenance(device, threads),
    }


def curves_of(outcome: Outcome) -> list[dict[str, Any]]:
    """Every metric at every evaluation, long."""
    return [
        {
            "run_id": outcome.run_id,
            "generator_step": evaluated["generator_step"],
            "critic_step": evaluated["critic_step"],
            "seconds": evaluated["seconds"],
            "metric": name,
            "value": float(value),
        }
        for evaluated in outcome.evaluations
        for name, value in evaluated["metrics"].items()
    ]


def probes_of(outcome: Outcome) -> list[dict[str, Any]]:
    """Every probe at every evaluation, long."""
    return [
        {
            "run_id": outcome.run_id,
            "generator_step": evaluated["generator_step"],
            "probe": probe,
            "layer": layer,
            "value": float(value),
        }
        for evaluated in outcome.evaluations
        for probe, layers in evaluated["probes"].items()
        for layer, value in layers.items()
    ]


def _identity(study: str, run: Run, status: str, error: str, flags: Sequence[str] = ()) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        RESULTS_VERSION_COLUMN: run.results_version,
        "study": study,
        "dataset": run.dataset,
        "arm": run.arm,
        "seed": run.config.seed,
        **({} if run.draw is None else {"draw": run.draw}),
        "status": status,
        "error": error,
        "flags": "; ".join([*run.config.flags, *flags]),
    }


def settings_of(run: Run) -> dict[str, Any]:
    """The columns of a run's settings."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return " ".join(f"{k}={v}" for k, v in sorted(value.items()))
        return " ".join(str(v) for v in value) if isinstance(value, tuple) else value

    return {f"set_{name}": plain(value) for name, value in run.config.by_name().items() if name != "seed"}


def _provenance(device: str, threads: int) -> dict[str, Any]:
    versions = provenance.versions()
    return {
        **provenance.code(),
        "ablate_version": versions["ablate"],
        "python": versions["python"],
        "torch": versions["torch"],
        "device": device,
        "threads": threads,
        "finished_at": provenance.now(),
    }
