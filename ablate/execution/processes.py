"""Processes of our own: forked from one that has imported PyTorch once for all of them, where forking is safe.

What it has imported, half a gigabyte, is in the memory once then, and a worker begins at once. That process is started
afresh, has no threads, computes nothing, and ends with the driver.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import ModuleType
from typing import Any, TypeVar

from ablate.errors import AblateError, AblateWarning

PRELOADED = "ablate.execution.preloaded"
TRIES = 3
SECONDS_TO_END = 10.0
T = TypeVar("T")


def start(target: Callable[..., None], *arguments: Any) -> tuple[BaseProcess, Connection]:
    """Start `target(pipe, *arguments)` in a process of its own, with this one's environment → it, our end of the pipe."""
    context: Any
    if sys.platform == "linux":
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([PRELOADED])
    else:  # there is no such process, or the system's libraries do not stand it
        context = multiprocessing.get_context("spawn")
    for attempt in range(1, TRIES + 1):
        ours, theirs = context.Pipe()
        process: BaseProcess = context.Process(target=_begin, args=(theirs, dict(os.environ), target, arguments))
        try:
            with _without_main():
                process.start()
            break
        except (OSError, EOFError):  # the process to fork from was killed; the next start makes a new one
            if attempt == TRIES:
                raise
        finally:
            theirs.close()  # so that the pipe ends when the process does
    return process, ours


def apart(function: Callable[..., T], *arguments: Any) -> T:
    """What the function gives or raises, in a process that ends with it: what it imported and held is free then.

    Warnings of ours come along. AblateError where so many processes die of it.
    """
    for _ in range(TRIES):
        process, pipe = start(_answer, function, arguments)
        try:
            error, told, value = pipe.recv()
            break
        except (EOFError, OSError):
            process.join(SECONDS_TO_END)
            code = process.exitcode
        finally:
            process.kill()
            process.join()
    else:
        raise AblateError(
            f"{TRIES} processes died of {function.__name__}; the exit code of the last one is {code}, of which -9 often means "
            "that the memory is full"
        )
    for text in told:
        warnings.warn(text, AblateWarning, stacklevel=2)
    if error is not None:
        raise error
    result: T = value
    return result


@contextmanager
def _without_main() -> Iterator[None]:
    """While processes start, hide the main module: they would import it, and a script without a guard would run again."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


# ── in the process ──────────────────────────────────────────────────────────────────────────────────────────────────


def _begin(pipe: Connection, environment: Mapping[str, str], target: Callable[..., None], arguments: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the driver hears it, and says what to do
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.environ.clear()  # of the process that this one is forked from, which may be older
    os.environ.update(environment)
    threading.Thread(target=_end_with_driver, daemon=True).start()
    target(pipe, *arguments)


def _end_with_driver() -> None:
    """A killed driver must not leave processes behind that go on computing."""
    driver = multiprocessing.parent_process()
    assert driver is not None
    wait([driver.sentinel])
    os._exit(1)


def _answer(pipe: Connection, function: Callable[..., Any], arguments: Any) -> None:
    error, value = None, None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", AblateWarning)
        try:
            value = function(*arguments)
        except Exception as met:
            plain = isinstance(met, AblateError) or type(met).__module__ == "builtins"  # known to who reads the pipe
            error = met if plain else RuntimeError(f"{type(met).__name__}: {met}")
            error.add_note(traceback.format_exc())
    pipe.send((error, [str(each.message) for each in caught if issubclass(each.category, AblateWarning)], value))
