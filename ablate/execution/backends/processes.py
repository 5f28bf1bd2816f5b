"""Processes of our own: forked from one that has imported PyTorch once for all of them, where forking is safe.

What it has imported, half a gigabyte, is in the memory once then, and a worker begins at once. That process is started
afresh, computes nothing, and ends with the driver.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import ModuleType
from typing import Any, TypeVar

from ablate.errors import AblateError, AblateWarning
from ablate.execution.closed_pipes import ignore_closed_pipes

PRELOADED = "ablate.execution.backends.preloaded"
LOST = 255
"""The exit code of a process of which nothing is known, since the one that it was forked from has died"""
TRIES = 3
SECONDS_TO_END = 10.0
T = TypeVar("T")
_starting = threading.Lock()
"""Held while a process starts, which changes what belongs to this whole process: its main module and environment"""


def start(target: Callable[..., None], *arguments: Any) -> tuple[BaseProcess, Connection]:
    """Start `target(pipe, *arguments)` in a process of its own → the process, our end of the pipe.

    It has this one's environment variables, for what reads them from then on.
    """
    for attempt in range(1, TRIES + 1):
        # The last try is without the process to fork from, which some systems and folders for sockets do not allow.
        forks = sys.platform == "linux" and attempt < TRIES  # other systems' libraries do not stand it
        context: Any = multiprocessing.get_context("forkserver" if forks else "spawn")
        ours, theirs = context.Pipe()
        process: BaseProcess = context.Process(target=_begin, args=(theirs, dict(os.environ), target, arguments))
        try:
            with _same_imports():
                if forks:
                    _start_forkserver()
                process.start()
            break
        except (OSError, EOFError):
            if attempt == TRIES:
                raise
            time.sleep(0.1 * attempt)  # the process to fork from was killed, and is seen as dead a moment later
        finally:
            theirs.close()  # so that the pipe ends when the process does
    return process, ours


def _start_forkserver() -> None:
    """Start it if it does not run. It ignores Ctrl-C from its first moment on: the driver handles that."""
    from multiprocessing import forkserver

    forkserver.set_forkserver_preload([PRELOADED])
    if threading.current_thread() is not threading.main_thread():  # which alone may say what becomes of signals
        forkserver.ensure_running()
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        forkserver.ensure_running()
    finally:
        signal.signal(signal.SIGINT, before)


def run_in_process(function: Callable[..., T], *arguments: Any) -> T:
    """What the function gives or raises, in a process that ends with it and frees all its memory.

    Warnings of ablate are repeated here. AblateError where TRIES processes were killed, or one ended without an answer.
    """
    for _ in range(TRIES):
        process, pipe = start(_answer, function, arguments)
        try:
            wait([pipe, process.sentinel])
            if not pipe.poll():  # a child of its own may hold the pipe open
                raise EOFError
            error, told, value = pipe.recv()
            break
        except (EOFError, OSError):
            process.join(SECONDS_TO_END)
            code = process.exitcode
            if code is not None and 0 <= code != LOST:
                raise AblateError(f"the process of {function.__name__} ended with exit code {code}") from None
        finally:
            process.kill()
            process.join()
            pipe.close()
    else:
        full = ", as the system does when the memory is full" if code == -signal.SIGKILL else ""
        raise AblateError(f"{TRIES} processes of {function.__name__} died, the last one with exit code {code}{full}")
    for text in told:
        warnings.warn(text, AblateWarning, stacklevel=2)
    if error is not None:
        raise error
    result: T = value
    return result


@contextlib.contextmanager
def _same_imports() -> Iterator[None]:
    """While a process starts: it, and the one that it is forked from, find modules where this one does.

    The main module is hidden: they would import it, and a script without a guard would run again.
    """
    path = [folder for folder in sys.path if isinstance(folder, str) and folder]
    with _starting:
        main, before = (
            sys.modules["__main__"],
            {name: os.environ.get(name) for name in ("PYTHONPATH", "PYTHONSAFEPATH")},
        )
        sys.modules["__main__"] = ModuleType("__main__")
        os.environ |= {"PYTHONPATH": os.pathsep.join(path), "PYTHONSAFEPATH": "1"}
        try:
            yield
        finally:
            sys.modules["__main__"] = main
            for name, value in before.items():
                os.environ.pop(name, None)
                os.environ |= {} if value is None else {name: value}


# ── in the process ──────────────────────────────────────────────────────────────────────────────────────────────────


def _begin(pipe: Connection, environment: Mapping[str, str], target: Callable[..., None], arguments: Any) -> None:
    ignore_closed_pipes()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the driver handles it, and says what to do
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
    with warnings.catch_warnings():
        warnings.simplefilter("always", AblateWarning)
        told: list[str] = []
        others = warnings.showwarning

        def keep(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
            if issubclass(category, AblateWarning):
                told.append(str(message))
            else:
                others(message, category, *place, **more)

        warnings.showwarning = keep
        try:
            value = function(*arguments)
        except Exception as met:
            error = met if _known_there(met) else RuntimeError(f"{type(met).__name__}: {met}")
            error.add_note(traceback.format_exc())
    sys.stdout.flush()
    sys.stderr.flush()
    with contextlib.suppress(OSError):  # given up, together with the process that this one is forked from
        pipe.send((error, told, value))  # after which this process may be killed


def _known_there(error: Exception) -> bool:
    """Whether the reader of the pipe can unpickle the error."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # of whatever the error holds
        return False
    return isinstance(error, AblateError) or type(error).__module__ == "builtins"
