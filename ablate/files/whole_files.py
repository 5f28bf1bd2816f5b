"""Files that are written whole or not at all, whatever process is killed or disk is full; the only way that ablate writes any."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from ablate.errors import AblateError

AT_ONCE = 8
"""Files written side by side"""


def replace(path: Path, write: Callable[[Path], Any]) -> None:
    """Write a file beside `path` and rename it onto `path`: a reader sees the old file or the new one, never half."""
    temporary = temporary_of(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(temporary)
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):  # no such file, or the folder itself could not be made
            temporary.unlink()
        raise AblateError(
            f"{path}: could not be written: {error.strerror or error}; the file before is kept"
        ) from error


def write_text(path: Path, text: str) -> None:
    """Write a text file in UTF-8, whole or not at all."""
    replace(path, lambda file: file.write_text(text, encoding="utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all."""
    replace(path, lambda file: file.write_bytes(content))


def copy(source: Path, path: Path) -> None:
    """Copy a file's content to `path`, whole or not at all."""
    replace(path, lambda file: shutil.copyfile(source, file))


def side_by_side(writes: Iterable[Callable[[], None]]) -> None:
    """Make calls that each write a file, several at once: a disk flushes so many in hardly more time than one."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for done in [pool.submit(write) for write in writes]:
            done.result()


def temporary_of(path: Path) -> Path:
    """The name beside `path` that this process writes to first; no other process does, on this machine or another."""
    return path.with_name(f".{path.name}.{platform.node()}.{os.getpid()}.tmp")


def remove_remains(folder: Path) -> None:
    """Delete what a killed process left half written; only for a caller that alone writes there."""
    for path in folder.rglob(".*.tmp"):
        path.unlink(missing_ok=True)


def save_arrays(path: Path, **arrays: Any) -> None:
    """Write an .npz file, whole or not at all."""

    def write(temporary: Path) -> None:
        with open(temporary, "wb") as file:
            np.savez_compressed(file, **arrays)

    replace(path, write)
