"""Checkpoints: a cohort's tensors and records in one safetensors file, written whole or not at all.

The one before is kept beside it, as `<name>.previous`, for the case that the newest cannot be read.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ablate.errors import AblateError
from ablate.files.whole_files import temporary_of
from ablate.training.checkpoint_files import previous


def save(path: Path, tensors: dict[str, Tensor], record: dict[str, Any]) -> None:
    """Write to a temporary file beside `path`, flush it to the disk, and rename it; what was there becomes the previous."""
    temporary = temporary_of(path)
    on_cpu = {k: v.detach().cpu().contiguous() for k, v in tensors.items()}
    try:
        save_file(on_cpu, temporary, metadata={"record": json.dumps(record)})
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        with contextlib.suppress(FileNotFoundError):  # the first one; or a worker that was given up has just moved it
            os.replace(path, previous(path))
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
        raise AblateError(f"{path}: not a readable checkpoint ({error})") from error


def load_latest(path: Path) -> tuple[tuple[dict[str, Tensor], dict[str, Any]] | None, str]:
    """The newest checkpoint that can be read, or None; and what a person should know where that is not the one at `path`."""
    problems: list[str] = []
    for file in (path, previous(path)):
        if not file.exists():
            continue  # a process that was killed between the two renames of `save` leaves the previous alone
        try:
            return load(file), f"{problems[0]}; going on from the checkpoint before it" if problems else ""
        except AblateError as error:
            problems.append(str(error))
    return None, f"{problems[0]}; no other can be read, so its runs are trained anew" if problems else ""
