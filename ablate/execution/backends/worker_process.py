"""A worker process and the pipe to it, both ends. Nothing but the pipe is shared, so a death cannot leave a lock held.

The worker says that it is READY, is sent a task, reports its Progress, and answers with a Result or with the
AblateError that it met; then the next task. Whatever arrives while it trains means stop, and so does the pipe's end.
"""

from __future__ import annotations

import contextlib
import signal
import warnings
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from ablate import registry
from ablate.errors import AblateError, AblateWarning
from ablate.execution.backends.processes import LOST, SECONDS_TO_END, start
from ablate.execution.task import Result, Task
from ablate.training.memory import give_back
from ablate.training.outcome import Progress

READY, STOP = "ready", "stop"
Train = Callable[[Task, Callable[[Progress], None], Callable[[], bool]], Result]
Message = str | Progress | Result | AblateError


class WorkerProcess:
    """The driver's end of one worker."""

    def __init__(self, threads: int, plugins: Sequence[str]):
        self.process, self.pipe = start(serve, threads, tuple(plugins))
        self.kills_before = kills_for_memory()
        self.told_to_stop = False

    def send(self, task: Task) -> None:
        """Hand it a task; of a worker that has died meanwhile, `messages` tells."""
        self.kills_before = kills_for_memory()
        self._write(task)

    def stop(self) -> None:
        """Ask it, once, to write its checkpoint and to come to an end."""
        if not self.told_to_stop:
            self.told_to_stop = True
            self._write(STOP)

    def _write(self, content: object) -> None:
        with contextlib.suppress(OSError):  # it is dead, and the pipe says so to the reader too
            self.pipe.send(content)

    def messages(self) -> Iterator[Message]:
        """What it has sent since; EOFError when it is dead and all of that has been read."""
        try:
            while self.pipe.poll():
                yield self.pipe.recv()
        except OSError as error:
            raise EOFError from error
        if not self.process.is_alive() and not self.pipe.poll():  # a child of its own may hold the pipe open
            raise EOFError

    def close(self) -> None:
        """End the pipe: an idle worker ends at once, a busy one when its checkpoint is written."""
        self.pipe.close()

    def join(self) -> None:
        """Wait until it has written its checkpoint and ended."""
        self.process.join()

    def end(self) -> None:
        """Wait for one that is idle, and not for long: it has nothing to lose."""
        self.process.join(SECONDS_TO_END)
        if self.process.exitcode is None:
            self.process.kill()
            self.process.join()

    def cause_of_death(self) -> tuple[str, bool]:
        """How it died, as a clause, and whether the system killed it for lack of memory."""
        self.end()
        code = self.process.exitcode or 0
        if code == LOST:
            return "was lost with the process that it was forked from", False
        if code >= 0:
            return f"ended with exit code {code}", False
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        if -code != signal.SIGKILL:
            return f"was killed by {name}", False
        if kills_for_memory() != self.kills_before:
            return f"was killed by {name} for lack of memory", True
        return f"was killed by {name}", False

    def remove_remains(self, folder: Path) -> None:
        """Delete what it left half written there."""
        for path in folder.glob(f"*.{self.process.pid}.tmp"):
            path.unlink(missing_ok=True)


def kills_for_memory() -> tuple[int, ...]:
    """How many processes the kernel has killed for lack of memory, here and in this control group, as far as it tells."""
    counts = []
    for path in (Path("/proc/vmstat"), Path("/sys/fs/cgroup/memory.events")):
        try:
            lines = path.read_text(encoding="ascii").splitlines()
        except OSError:
            continue
        counts += [int(line.split()[1]) for line in lines if line.startswith("oom_kill ")]
    return tuple(counts)


# ── in the worker process ───────────────────────────────────────────────────────────────────────────────────────────


def serve(pipe: Connection, threads: int, plugins: Sequence[str]) -> None:
    """A worker's life: train what is sent, until the pipe ends."""
    import torch

    from ablate.execution.worker import train

    torch.set_num_threads(min(threads, torch.get_num_threads()))
    warnings.simplefilter("ignore", AblateWarning)  # the driver has loaded the same data, and has said it
    for plugin in plugins:
        registry.load_plugin(plugin)
    try:
        pipe.send(READY)
        while isinstance(task := pipe.recv(), Task):
            pipe.send(_answer(train, task, pipe))
            give_back()
    except (EOFError, OSError):
        return  # the driver has closed its end


def _answer(train: Train, task: Task, pipe: Connection) -> Result | AblateError:
    def report(progress: Progress) -> None:
        with contextlib.suppress(OSError):  # the driver has closed its end; `poll` says so too, and the cohort stops
            pipe.send(progress)

    try:
        return train(task, report, pipe.poll)
    except AblateError as error:
        return error
