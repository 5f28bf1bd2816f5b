"""Cohorts on this machine: in this process, or in a pool of worker processes that share its cores."""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import wait as wait_for
from types import ModuleType
from typing import Any

from ablate import registry
from ablate.errors import AblateError, AblateWarning
from ablate.execution.worker import Result, Task, train
from ablate.training.outcome import Progress

POLL_SECONDS = 0.2


class WorkerDied(AblateError):
    """A worker process was killed, by hand or for want of memory."""

    exit_code = 4


def execute(
    tasks: Sequence[Task],
    workers: int,
    threads: int,
    plugins: Sequence[str],
    on_progress: Callable[[str, Progress], None],
    on_result: Callable[[Result], None],
) -> bool:
    """Train all tasks; results are handed over as they come. False if a Ctrl-C or SIGTERM stopped it early.

    `on_progress` is given the task's checkpoint name, which no other task has.
    """
    with stop_on_signal() as stop:
        if workers == 1:
            return _in_this_process(tasks, threads, stop, on_progress, on_result)
        return _in_a_pool(tasks, workers, threads, plugins, stop, on_progress, on_result)


@contextmanager
def stop_on_signal() -> Iterator[threading.Event]:
    """An event that the first Ctrl-C or SIGTERM sets, so that checkpoints are written; the second one interrupts."""
    stop = threading.Event()

    def handle(number: int, frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    if threading.current_thread() is not threading.main_thread():
        yield stop  # signals reach the main thread alone
        return
    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _in_this_process(
    tasks: Sequence[Task],
    threads: int,
    stop: threading.Event,
    on_progress: Callable[[str, Progress], None],
    on_result: Callable[[Result], None],
) -> bool:
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(min(threads, before))  # before: what OMP_NUM_THREADS allows
    try:
        for task in tasks:
            result = train(task, lambda p, name=task.plan.checkpoint_name: on_progress(name, p), stop.is_set)  # type: ignore[misc]
            if result.stopped:
                return False
            on_result(result)
        return True
    finally:
        torch.set_num_threads(before)


def _in_a_pool(
    tasks: Sequence[Task],
    workers: int,
    threads: int,
    plugins: Sequence[str],
    stop: threading.Event,
    on_progress: Callable[[str, Progress], None],
    on_result: Callable[[Result], None],
) -> bool:
    context = multiprocessing.get_context("spawn")
    messages, stop_workers = context.Queue(), context.Event()
    pool = ProcessPoolExecutor(workers, context, _start, (messages, stop_workers, threads, tuple(plugins)))
    try:
        with _without_main():
            waiting: set[Future[Result]] = {pool.submit(_work, task) for task in tasks}
        while waiting:
            if stop.is_set() and not stop_workers.is_set():
                stop_workers.set()
                waiting -= {future for future in waiting if future.cancel()}
            done, waiting = wait(waiting, POLL_SECONDS, FIRST_COMPLETED)
            _drain(messages, on_progress)
            for future in done:
                if not future.cancelled() and not (result := future.result()).stopped:
                    on_result(result)
        return not stop.is_set()
    except BrokenProcessPool as error:
        raise WorkerDied(
            "a worker process died (killed, or out of memory); finished runs are in the tables, and `ablate run` again "
            "goes on from the last checkpoints; with fewer --workers it needs less memory"
        ) from error
    finally:
        stop_workers.set()
        pool.shutdown(wait=True, cancel_futures=True)
        messages.close()


@contextmanager
def _without_main() -> Iterator[None]:
    """While workers start, hide the main module: they would import it, and a script without a guard would run again."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _drain(messages: Any, on_progress: Callable[[str, Progress], None]) -> None:
    while True:
        try:
            on_progress(*messages.get_nowait())
        except queue.Empty:
            return


# ── in a worker process ─────────────────────────────────────────────────────────────────────────────────────────────

_messages: Any = None
_stop: Any = None


def _start(messages: Any, stop: Any, threads: int, plugins: Sequence[str]) -> None:
    global _messages, _stop  # a pool's initializer can hand things to its tasks in no other way
    _messages, _stop = messages, stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the driver tells workers to stop, after which they write checkpoints
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_driver, daemon=True).start()
    import torch

    torch.set_num_threads(min(threads, torch.get_num_threads()))
    warnings.simplefilter("ignore", AblateWarning)  # the driver has loaded the same data, and has said it
    for plugin in plugins:
        registry.load_plugin(plugin)


def _end_with_driver() -> None:
    """A killed driver must not leave workers behind that go on computing."""
    driver = multiprocessing.parent_process()
    assert driver is not None
    wait_for([driver.sentinel])
    os._exit(1)


def _work(task: Task) -> Result:
    return train(task, lambda progress: _messages.put((task.plan.checkpoint_name, progress)), _stop.is_set)
