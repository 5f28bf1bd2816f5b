"""Checkpoints: a cohort's tensors and records in one safetensors file, written whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ablate.errors import AblateError


def save(path: Path, tensors: dict[str, Tensor], record: dict[str, Any]) -> None:
    """Write to a temporary file beside `path`, flush it to the disk, and rename it."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    plain = {k: v.detach().cpu().contiguous() for k, v in tensors.items()}
    try:
        save_file(plain, temporary, metadata={"record": json.dumps(record)})
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except (OSError, SafetensorError) as error:
        temporary.unlink(missing_ok=True)
        raise AblateError(f"{path}: the checkpoint could not be written: {error}; the one before is kept") from error


def load(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and record of a checkpoint; AblateError if the file is cut short or is none."""
    try:
        with safe_open(path, framework="pt") as file:
            record = json.loads(file.metadata()["record"])
            return {name: file.get_tensor(name) for name in file.keys()}, record  # noqa: SIM118
    except (OSError, SafetensorError, ValueError, KeyError, TypeError, torch.OutOfMemoryError) as error:
        raise AblateError(f"{path}: not a readable checkpoint ({error}); delete it to train its runs anew") from error


def run_ids_of(path: Path) -> list[str]:
    """The runs whose common state a checkpoint holds; empty where it cannot be read."""
    try:
        with safe_open(path, framework="pt") as file:
            return list(json.loads(file.metadata()["record"])["run_ids"])
    except (OSError, SafetensorError, ValueError, KeyError, TypeError):
        return []
