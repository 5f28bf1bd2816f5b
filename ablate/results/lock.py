"""One `ablate run` on a folder at a time: an advisory lock that the system drops when its process ends, however it ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ablate.errors import AblateError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


class Locked(AblateError):
    """Another process works on this folder."""

    exit_code = 2


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder for this process; Locked, which names the holder, where another one does."""
    path = folder / ".lock"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = open(path, "a+", encoding="utf-8")  # noqa: SIM115 - held until the lock is given up
    except OSError as error:
        raise AblateError(
            f"{folder}: cannot be written to: {error.strerror}; choose another folder with --out"
        ) from error
    with file:
        try:
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise Locked(
                f"{folder}: another `ablate run` works here (process {holder}); wait for it, stop it, or use --out"
            ) from error
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        yield
