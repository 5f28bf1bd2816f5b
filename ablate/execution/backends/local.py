"""Cohorts on this machine: in this process, or in worker processes that share its cores, each of which can die alone."""

from __future__ import annotations

import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import wait

from ablate.errors import AblateError
from ablate.execution.backends.worker_process import READY, WorkerProcess
from ablate.execution.task import Result, Task
from ablate.training.outcome import Progress

POLL_SECONDS = 0.2
TRIES = 3
"""How many workers a cohort may take with it before its runs are `failed`."""

OnProgress = Callable[[str, Progress], None]
OnResult = Callable[[Result], None]


def execute(
    tasks: Sequence[Task],
    workers: int,
    threads: int,
    plugins: Sequence[str],
    on_progress: OnProgress,
    on_result: OnResult,
) -> bool:
    """Train all tasks; results are handed over as they come. False if a Ctrl-C or SIGTERM stopped it early.

    With no workers, this process trains.
    `on_progress` is given the task's checkpoint name, which no other task has.
    """
    with stop_on_signal() as stop:
        if not workers:
            return _in_this_process(tasks, threads, stop, on_progress, on_result)
        return _Workers(tasks, workers, threads, plugins, stop, on_progress, on_result).run()


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
    tasks: Sequence[Task], threads: int, stop: threading.Event, on_progress: OnProgress, on_result: OnResult
) -> bool:
    import torch

    from ablate.execution.worker import train

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


@dataclass
class _Attempt:
    """A task that is being trained, and how many workers have died of it."""

    task: Task
    progress: Progress
    deaths: int = 0

    @classmethod
    def first(cls, task: Task) -> _Attempt:
        """Nothing of it is known yet."""
        plan = task.plan
        return cls(task, Progress(plan.name, len(plan.runs), 0, 0, plan.configs[0].total_generator_steps))


class _Workers:
    """Keeps up to `count` workers at work; one that dies costs its cohort a try and is replaced."""

    def __init__(
        self,
        tasks: Sequence[Task],
        count: int,
        threads: int,
        plugins: Sequence[str],
        stop: threading.Event,
        on_progress: OnProgress,
        on_result: OnResult,
    ):
        self.waiting = deque(_Attempt.first(task) for task in tasks)
        self.count, self.threads, self.plugins, self.stop = count, threads, plugins, stop
        self.on_progress, self.on_result = on_progress, on_result
        self.at_work: dict[WorkerProcess, _Attempt] = {}
        self.ended: list[WorkerProcess] = []

    def run(self) -> bool:
        try:
            while self.waiting or self.at_work:
                if self.stop.is_set():
                    self.waiting.clear()
                    for worker in self.at_work:
                        worker.stop()
                while self.waiting and len(self.at_work) < self.count:
                    self.at_work[WorkerProcess(self.threads, self.plugins)] = self.waiting.popleft()
                wait([end for w in self.at_work for end in (w.pipe, w.process.sentinel)], POLL_SECONDS)
                for worker in list(self.at_work):
                    self._take_messages(worker)
            return not self.stop.is_set()
        finally:
            for worker in self.at_work:
                worker.close()
            for worker in self.at_work:
                worker.join()
            for worker in self.ended:
                worker.end()

    def _take_messages(self, worker: WorkerProcess) -> None:
        try:
            for message in worker.messages():
                attempt = self.at_work[worker]
                if message == READY:
                    worker.send(attempt.task)
                elif isinstance(message, Progress):
                    attempt.progress = replace(message, note="")
                    self.on_progress(attempt.task.plan.checkpoint_name, message)
                elif isinstance(message, AblateError):
                    raise message
                elif isinstance(message, Result):
                    self._give_next(worker)
                    if not message.stopped:
                        self.on_result(message)
                    if worker not in self.at_work:
                        return
        except EOFError:
            self._replace(worker)

    def _give_next(self, worker: WorkerProcess) -> None:
        if self.waiting and not self.stop.is_set():
            self.at_work[worker] = self.waiting.popleft()
            worker.send(self.at_work[worker].task)
        else:
            del self.at_work[worker]
            worker.close()
            self.ended.append(worker)

    def _replace(self, worker: WorkerProcess) -> None:
        """Its cohort goes on in another worker, from the last checkpoint; in two parts if it was too large."""
        attempt = self.at_work.pop(worker)
        cause, for_memory = worker.cause_of_death()
        worker.remove_remains(attempt.task.options.checkpoints)
        worker.close()
        if self.stop.is_set():
            return
        attempt.deaths += 1
        task = attempt.task
        if attempt.deaths >= TRIES:
            reason = f"WorkerDied: {attempt.deaths} worker processes died training it; the last one {cause}"
            self.on_result(Result(task, errors={run.run_id: reason for run in task.plan.runs}))
            return
        then = "its cohort is trained again from the last checkpoint"
        if for_memory and task.parts < len(task.plan.runs):
            attempt.task = replace(task, parts=2 * task.parts)
            then = f"its cohort is trained again in {attempt.task.parts} parts"
        self.waiting.appendleft(attempt)
        note = f"{task.plan.name}: the worker process {cause}; {then} (try {attempt.deaths + 1} of {TRIES})"
        self.on_progress(task.plan.checkpoint_name, replace(attempt.progress, note=note))
