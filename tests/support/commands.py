"""`ablate` as a user types it, in this process: a process of its own costs seconds, which the tests of processes alone need."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import warnings
from pathlib import Path
from subprocess import CompletedProcess
from unittest import mock

from ablate import cli
from ablate.registry import registry


def ablate(*arguments: object, cwd: Path | None = None, **environment: str) -> CompletedProcess[str]:
    """Its exit code and what it printed here; a plugin that it loaded and variables that it set are forgotten again.

    What worker processes print goes past this, to the terminal.
    """
    words = ["ablate", *map(str, arguments)]
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    code: str | int = 0
    known = set(registry.sources)
    with (
        mock.patch.dict(os.environ, environment),
        mock.patch.object(sys, "argv", words),
        mock.patch.dict(registry._plugins),
        mock.patch.dict(registry.sources),
        contextlib.chdir(cwd or Path.cwd()),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        warnings.catch_warnings(),
    ):
        warnings.resetwarnings()
        for unseen in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
            warnings.simplefilter("ignore", unseen)  # as Python does where no tests run
        try:
            cli.main()
        except SystemExit as ended:
            code = ended.code or 0
        finally:
            for name in registry.sources.keys() - known:
                sys.modules.pop(Path(name).stem, None)
    said = [stream.buffer.getvalue().decode() for stream in (out, err)]  # type: ignore[attr-defined]
    assert "Traceback" not in said[1], said[1]
    assert isinstance(code, int), code
    return CompletedProcess(words, code, *said)
