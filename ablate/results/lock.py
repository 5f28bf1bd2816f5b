"""One `ablate run` on a folder at a time: a lock that the system drops when its process ends, however it ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ablate.errors import AblateError
from ablate.files import whole_files

LOCK, HOLDER = ".lock", ".lock.holder"
"""The locked file, and the number of the process that holds it: where files are locked whole, no other can read the first"""


class Locked(AblateError):
    """Another process works on this folder."""

    exit_code = 2


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder for this process; Locked, which names the holder, where another one does."""
    holder = folder / HOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / LOCK, timeout=0)
        lock.acquire()
    except Timeout as error:
        raise Locked(
            f"{folder}: another `ablate run` works here (process {_read(holder)}); wait for it, stop it, or use --out"
        ) from error
    except OSError as error:
        raise AblateError(
            f"{folder}: cannot be written to: {error.strerror or error}; choose another folder with --out"
        ) from error
    try:
        whole_files.write_text(holder, str(os.getpid()))
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _read(holder: Path) -> str:
    try:
        return holder.read_text(encoding="utf-8").strip() or "unknown"
    except OSError:  # it has the lock, and is about to say so
        return "unknown"
