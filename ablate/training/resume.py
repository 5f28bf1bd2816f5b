"""Which checkpoint a cohort can go on from: one of the same runs and the same data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from ablate.errors import AblateError
from ablate.training import checkpoint

FORMER_NAMES = {
    "moments": "evaluations", "split": "seconds", "kept": "best_generators",
    "kept.best": "best_generators.best", "kept.frames": "best_generators.frames",
}  # fmt: skip
"""What parts of a checkpoint were called before"""

Checkpoint = tuple[dict[str, Tensor], dict[str, Any]]


def checkpoint_of(path: Path, run_ids: Sequence[str], fingerprint: str) -> tuple[Checkpoint | None, str]:
    """The newest readable checkpoint of these runs on data of this fingerprint, or None; and what is to be said of it.

    AblateError where the one at `path` is of other runs.
    """
    saved, note = checkpoint.load_latest(path)
    if saved is None:
        return None, note
    tensors, record = (_renamed(part) for part in saved)
    if record.get("run_ids") != list(run_ids):
        raise AblateError(f"{path}: this checkpoint is of runs with other settings; delete it to train anew")
    if record.get("dataset_fingerprint", fingerprint) != fingerprint:
        return None, f"{path}: this checkpoint is of other data than are here now; its runs are trained anew"
    return (tensors, record), note


def _renamed(part: dict[str, Any]) -> dict[str, Any]:
    return {FORMER_NAMES.get(name, name): value for name, value in part.items()}
