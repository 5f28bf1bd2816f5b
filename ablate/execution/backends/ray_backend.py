"""Cohorts on a Ray cluster: a task each, with its processors and its share of a GPU; Ray retries what dies.

Rows come back through the driver. Checkpoints and generators lie in the study's folder where a worker sees it, as on
shared storage; elsewhere a cohort that dies is trained anew, and its generators come back with its rows.
"""

from __future__ import annotations

import math
import os
import tempfile
import threading
import time
import uuid
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ablate import registry
from ablate.errors import AblateError, UsageError
from ablate.execution.backends.local import POLL_SECONDS, TRIES, OnProgress, OnResult, stop_on_signal
from ablate.execution.backends.ray_cluster import reason_of
from ablate.execution.task import Result, Task
from ablate.execution.worker import train
from ablate.files import whole_files
from ablate.results import provenance
from ablate.training.outcome import Progress

REPORT_SECONDS = 0.3
"""How often a worker tells how far it is, and asks whether to stop"""
AHEAD = 2
"""Tasks given to Ray for each that can run at once: none waits for the driver, and not all lie in memory"""


def device_of_cluster(wanted: str, gpu_share: float = 1.0) -> str:
    """auto, cpu or cuda → cpu or cuda; UsageError where no node has a GPU, or a share of one is asked for and none used."""
    import ray

    has_gpu = ray.cluster_resources().get("GPU", 0) > 0
    if wanted == "cuda" and not has_gpu:
        raise UsageError("--device cuda: no node of the Ray cluster has a GPU")
    if gpu_share != 1 and (wanted == "cpu" or not has_gpu):
        raise UsageError("--gpu-share has no effect: the cohorts train on CPUs")
    return "cuda" if has_gpu and wanted != "cpu" else "cpu"


def places(device: str, threads: int, gpu_share: float) -> int:
    """How many cohorts the cluster can train at once, as it is now."""
    import ray

    has = ray.cluster_resources()
    count = int(has.get("CPU", 0) // threads)
    return max(1, min(count, int(has.get("GPU", 0) / gpu_share)) if device == "cuda" else count)


def execute(
    tasks: Sequence[Task],
    workers: int | None,
    threads: int,
    plugins: Sequence[str],
    on_progress: OnProgress,
    on_result: OnResult,
    gpu_share: float = 1.0,
) -> bool:
    """Train all tasks on the cluster, at most `workers` at once; as `ablate.execution.backends.local.execute`."""
    with stop_on_signal() as stop, _token(tasks) as token:
        return _Cohorts(tasks, workers, threads, plugins, token, stop, on_progress, on_result, gpu_share).run()


@contextmanager
def _token(tasks: Sequence[Task]) -> Iterator[str]:
    """A file beside the checkpoints that only this call has: who finds it there sees this very folder."""
    name = f".{uuid.uuid4().hex}.tmp"
    folders = {task.options.checkpoints.resolve() for task in tasks}
    for folder in folders:
        (folder / name).touch()
    try:
        yield name
    finally:
        for folder in folders:
            (folder / name).unlink(missing_ok=True)


class _Cohorts:
    """Hands tasks to Ray as it has places for them, and results and progress to the caller."""

    def __init__(
        self,
        tasks: Sequence[Task],
        workers: int | None,
        threads: int,
        plugins: Sequence[str],
        token: str,
        stop: threading.Event,
        on_progress: OnProgress,
        on_result: OnResult,
        gpu_share: float,
    ):
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy as On

        device = tasks[0].device if tasks else "cpu"
        self.waiting, self.workers, self.stop = deque(tasks), workers, stop
        self.on_progress, self.on_result = on_progress, on_result
        self.places = lambda: workers or AHEAD * places(device, threads, gpu_share)
        here = On(ray.get_runtime_context().get_node_id(), soft=False)  # a node that dies must not take it along
        actor: Any = ray.remote(Mailbox)
        self.mailbox = actor.options(num_cpus=0, scheduling_strategy=here).remote()
        self.place = Place(tuple(map(_absolute, plugins)), threads, token, provenance.versions(), provenance.code())
        share = gpu_share if device == "cuda" else 0
        declared: Any = ray.remote(num_cpus=threads, num_gpus=share, max_retries=TRIES - 1)
        self.remote = declared(_train_there)
        self.given: dict[Any, Task] = {}

    def run(self) -> bool:
        import ray

        told = False
        while self.given or (self.waiting and not self.stop.is_set()):
            if self.stop.is_set() and not told:
                told = True
                ray.get(self.mailbox.stop.remote())
            room = 0 if told else self.places() - len(self.given)
            for _ in range(min(room, len(self.waiting))):
                task = self.waiting.popleft()
                self.given[self.remote.remote(_resolved(task), self.place, self.mailbox)] = task
            ray.wait(list(self.given), num_returns=1, timeout=POLL_SECONDS)
            done, _ = ray.wait(list(self.given), num_returns=len(self.given), timeout=0)
            for name, progress in ray.get(self.mailbox.take.remote()):
                self.on_progress(name, progress)
            for reference in done:
                self._take(reference, self.given.pop(reference))
        return not self.stop.is_set()

    def _take(self, reference: Any, task: Task) -> None:
        import ray

        try:
            answer = ray.get(reference)
        except ray.exceptions.RayError as error:
            self.on_result(Result(task, errors=dict.fromkeys((run.run_id for run in task.plan.runs), _why(error))))
            return
        if isinstance(answer, AblateError):
            raise answer
        for path, content in answer.files.items():
            whole_files.write_bytes(path, content)
        if not answer.result.stopped:
            self.on_result(replace(answer.result, task=task))


def _why(error: Any) -> str:
    """Why a task has no result: what it raised, or how Ray lost it. Ray tries again only what a worker or node died of."""
    from ray import exceptions

    if isinstance(error, exceptions.RayTaskError):  # its first line says where, not why
        return reason_of(error.cause if isinstance(error.cause, BaseException) else error)
    died = exceptions.WorkerCrashedError, exceptions.NodeDiedError, exceptions.OutOfMemoryError
    return reason_of(error) + (f" ({TRIES} tries)" if isinstance(error, died) else "")


def _resolved(task: Task) -> Task:
    """With paths that do not depend on the folder in which a node's `ray start` was called."""
    paths = {"folder": task.options.folder, "inception_weights": task.options.inception}
    absolute: dict[str, Any] = {name: path.resolve() for name, path in paths.items() if path is not None}
    return replace(task, options=replace(task.options, **absolute))


def _absolute(plugin: str) -> str:
    return str(Path(plugin).resolve()) if plugin.endswith(".py") else plugin


# ── on the nodes ────────────────────────────────────────────────────────────────────────────────────────────────────


class Mailbox:
    """An actor: what workers tell until the driver takes it, and whether they should stop."""

    def __init__(self) -> None:
        self.letters: dict[tuple[str, str], tuple[str, Progress]] = {}
        self.begun: dict[str, int] = {}
        self.stopped = False

    def begin(self, name: str, progress: Progress) -> bool:
        """A worker takes up a cohort; says whether to stop. More than once is worth a note."""
        self.begun[name] = tries = self.begun.get(name, 0) + 1
        if tries > 1:
            note = f"{progress.cohort}: a worker or its node died; Ray trains the cohort again (try {tries} of {TRIES})"
            self.put(name, replace(progress, note=note))
        return self.stopped

    def put(self, name: str, progress: Progress) -> bool:
        """How far a cohort is; says whether to stop. Only the newest is kept, and every note."""
        self.letters[name, progress.note] = name, progress
        return self.stopped

    def take(self) -> list[tuple[str, Progress]]:
        """What has come since."""
        letters, self.letters = list(self.letters.values()), {}
        return letters

    def stop(self) -> None:
        """From now on, workers are told to stop."""
        self.stopped = True


@dataclass(frozen=True)
class Place:
    """What every task should find on its node."""

    plugins: tuple[str, ...]
    threads: int
    token: str
    versions: dict[str, str]
    code: dict[str, Any]

    def check(self) -> None:
        """AblateError where the node has other code: its rows would be of another program."""
        here, code = provenance.versions(), provenance.code()
        pairs = [(package, here[package], self.versions[package]) for package in ("ablate", "torch")]
        if code["commit"] and self.code["commit"]:  # an installed package knows its version alone
            pairs += [("commit", _commit(code), _commit(self.code))]
        for what, own, drivers in pairs:
            if own != drivers:
                raise AblateError(
                    f"Ray node {os.uname().nodename} has {what} {own or '(none)'}, the driver {drivers}; install the same on "
                    "all"
                )
        for plugin in self.plugins:
            registry.load_plugin(plugin)


def _commit(code: dict[str, Any]) -> str:
    return f"{code['commit']}{' with changes' if code['dirty'] else ''}"


@dataclass
class _Returned:
    """What a task gives back: the result, and files that the driver should write for it."""

    result: Result
    files: dict[Path, bytes] = field(default_factory=dict)


def _train_there(task: Task, place: Place, mailbox: Any) -> _Returned | AblateError:
    """Train a cohort in a worker of Ray's."""
    import torch

    try:
        place.check()
        torch.set_num_threads(place.threads)
        if (task.options.checkpoints / place.token).exists():
            return _Returned(_named(_train(task, mailbox)))
        with tempfile.TemporaryDirectory() as name:
            own = replace(task, options=replace(task.options, folder=Path(name)))
            own.options.checkpoints.mkdir()
            result = _train(own, mailbox)
            files = _files(own.options.generators, task.options.generators)
            if task.options.keep_checkpoints:
                files |= _files(own.options.checkpoints, task.options.checkpoints, "*.safetensors")
            return _Returned(_named(replace(result, checkpoints=[])), files)
    except AblateError as error:
        return error


def _files(folder: Path, target: Path, pattern: str = "*") -> dict[Path, bytes]:
    """What lies in a folder, by the path that it is to have in another."""
    return {target / path.name: path.read_bytes() for path in folder.glob(pattern)}


def _named(result: Result) -> Result:
    """With the name of the device here; the driver's may be another."""
    import torch

    name = torch.cuda.get_device_name() if result.task.device == "cuda" else "cpu"
    return replace(result, device_name=str(name))


def _train(task: Task, mailbox: Any) -> Result:
    import ray

    plan = task.plan
    start = Progress(plan.name, len(plan.runs), 0, 0, plan.configs[0].total_generator_steps)
    stop: bool = ray.get(mailbox.begin.remote(plan.checkpoint_name, start))
    if stop:
        return Result(task, stopped=True)
    last = -math.inf

    def report(progress: Progress) -> None:
        nonlocal stop, last
        if progress.note or time.monotonic() - last >= REPORT_SECONDS:
            last = time.monotonic()
            stop = ray.get(mailbox.put.remote(plan.checkpoint_name, progress))

    return train(task, report, lambda: stop)
