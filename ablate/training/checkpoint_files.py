"""The files of a folder of checkpoints: whose they are, by their records alone, and which can go."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

PREVIOUS = ".previous"


def previous(path: Path) -> Path:
    """Where the checkpoint before the one at `path` lies."""
    return path.with_name(path.name + PREVIOUS)


def run_ids_in(folder: Path) -> list[list[str]]:
    """For every readable checkpoint in the folder, the run_ids of the cohort whose state it holds."""
    return [list(record["run_ids"]) for _, record in _records(folder)]


def remove_ended(folder: Path, ended: Collection[str]) -> None:
    """Delete the checkpoints of which a run has `ended`, for no cohort can go on from them; those marked as kept stay."""
    for path, record in _records(folder):
        if not record.get("keep") and not set(ended).isdisjoint(record["run_ids"]):
            path.unlink(missing_ok=True)
            previous(path).unlink(missing_ok=True)


def _records(folder: Path) -> list[tuple[Path, dict[str, Any]]]:
    """Each checkpoint's path and the newest record of it that can be read."""
    paths = sorted({p.with_name(p.name.removesuffix(PREVIOUS)) for p in folder.glob("[!.]*.safetensors*")})
    return [(path, record) for path in paths if (record := _record(path) or _record(previous(path)))]


def _record(path: Path) -> dict[str, Any] | None:
    try:
        with safe_open(path, framework="numpy") as file:
            record = json.loads(file.metadata()["record"])
            return record if isinstance(record["run_ids"], list) else None
    except (OSError, SafetensorError, ValueError, KeyError, TypeError):
        return None
