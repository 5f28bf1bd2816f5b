"""Kills `ablate run` at random moments, its driver, a worker, both or all workers, and counts what the tables lost by it."""

from __future__ import annotations

import contextlib
import csv
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from ablate.results.tables import Results
from tests.support.timing import TIMING

STUDY = """\
study: killed
question: Does a kill change anything?
seeds: 3
datasets: [ring8]
base: {width: 8, batch_size: 16, n_critic: 2, lr: 1e-3, generator_steps: 300, evaluations: 6, evaluation_samples: 300}
arms:
  wgan_gp: {loss: wasserstein, lipschitz: gradient_penalty, lambda_gp: 10}
  wgan: {loss: wasserstein, lipschitz: clip, clip_value: 0.1, optimizer: rmsprop}
  gan: {loss: non_saturating, lipschitz: none}
"""
FAULTS = ("driver", "worker", "both", "forkserver")
STRIKES = {"driver": 1, "worker": 2, "both": 1, "forkserver": 2}
"""In one call; three deaths could be those of one cohort, which then fails"""
SECONDS = 900.0
"""A call that takes longer hangs"""


@dataclass
class Count:
    """What became of a study under so many kills: runs that were lost or doubled, and runs or files that differ."""

    fault: str
    tries: int = 0
    lost: int = 0
    duplicated: int = 0
    differing: int = 0
    notes: list[str] = field(default_factory=list, compare=False)
    """what was wrong, for who looks for the cause"""


@dataclass(frozen=True)
class Undisturbed:
    """The study's tables without a kill, and how long they took."""

    study: Path
    folder: Path
    seconds: float

    @classmethod
    def of(cls, folder: Path, steps: int = 300) -> Undisturbed:
        """Train it, of so many generator steps, in `folder`."""
        study = folder / "killed.yaml"
        study.write_text(STUDY.replace("generator_steps: 300", f"generator_steps: {steps}"), encoding="utf-8")
        began = time.monotonic()
        process = begin(study, folder / "undisturbed")
        if finish(process, study) != 0:
            raise RuntimeError("the undisturbed study failed")
        return cls(study, folder / "undisturbed", time.monotonic() - began)


def begin(study: Path, out: Path) -> subprocess.Popen[bytes]:
    """`ablate run` with two workers and a checkpoint after every segment."""
    arguments = [
        "run",
        str(study),
        "--out",
        str(out),
        "--workers",
        "2",
        "--checkpoint-seconds",
        "0",
        "--compile",
        "off",
    ]
    with open(study.with_name("said"), "wb") as said:
        return subprocess.Popen(
            [sys.executable, "-X", "faulthandler", "-m", "ablate", *arguments], stdout=subprocess.DEVNULL, stderr=said
        )


def finish(process: subprocess.Popen[bytes], study: Path) -> int:
    """Its exit code; RuntimeError, with where it stands, if it hangs."""
    try:
        return process.wait(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)  # the fault handler writes where each thread is
        process.wait()
        raise RuntimeError(f"`ablate run` hangs; it said:\n{study.with_name('said').read_text()}") from None


def forkserver_of(pid: int) -> list[int]:
    """The process that a driver's workers are forked from, if it is there."""
    return [child for child in _children(pid) if "forkserver" in _read(f"/proc/{child}/cmdline")]


def workers_of(pid: int) -> list[int]:
    """The worker processes of a driver, and the one that prepares their work."""
    return [child for server in forkserver_of(pid) for child in _children(server)]


def _children(pid: int) -> list[int]:
    return [int(child) for child in _read(f"/proc/{pid}/task/{pid}/children").split()]


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:  # ended meanwhile
        return ""


def under_kills(fault: str, kills: int, undisturbed: Undisturbed, folder: Path, chance: random.Random) -> Count:
    """Train the study again and again under kills until there were `kills`; every table that ends is compared."""
    count = Count(fault)
    strikes = {"driver": _kill_driver, "worker": _kill_a_worker, "both": _kill_both, "forkserver": _kill_forkserver}
    strike = strikes[fault]
    out, seen = folder / fault, set[str]()
    while count.tries < kills:
        process = begin(undisturbed.study, out)
        struck = 0
        while process.poll() is None and struck < STRIKES[fault] and count.tries < kills:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(chance.uniform(0, undisturbed.seconds))
            hit = strike(process, chance)
            struck, count.tries = struck + hit, count.tries + hit
        code = finish(process, undisturbed.study)
        if code != 0 and fault not in ("driver", "both"):
            count.lost += 1
            count.notes.append(f"the driver, which was not killed, ended with {code}")
        now = _present(out)
        count.lost += len(seen - now)
        seen = now
        if process.returncode == 0:
            _compare(count, undisturbed.folder, out)
            shutil.rmtree(out)
            seen = set()
    if out.exists():
        if finish(begin(undisturbed.study, out), undisturbed.study) != 0:
            count.lost += 1
        _compare(count, undisturbed.folder, out)
        shutil.rmtree(out)
    return count


def _kill_driver(process: subprocess.Popen[bytes], chance: random.Random) -> bool:
    if process.poll() is not None:
        return False
    process.kill()
    return True


def _kill_a_worker(process: subprocess.Popen[bytes], chance: random.Random) -> bool:
    workers = workers_of(process.pid)
    return bool(workers) and _kill(chance.choice(workers))


def _kill_both(process: subprocess.Popen[bytes], chance: random.Random) -> bool:
    workers = workers_of(process.pid)
    return bool(workers) and _kill_driver(process, chance) and _kill(chance.choice(workers))


def _kill_forkserver(process: subprocess.Popen[bytes], chance: random.Random) -> bool:
    return any(_kill(server) for server in forkserver_of(process.pid))


def _kill(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def _present(folder: Path) -> set[str]:
    """The run_ids in the table as it lies there; what cannot be read counts as lost."""
    return set(Results.read(folder).runs["run_id"]) if (folder / "runs.csv").exists() else set()


def _compare(count: Count, expected: Path, found: Path) -> None:
    """Add up which runs of `expected` are not in `found`, are there twice, or are others, and which files are."""
    with open(found / "runs.csv", encoding="utf-8", newline="") as file:
        ids = Counter(row["run_id"] for row in csv.DictReader(file))
    mine, other = Results.read(expected), Results.read(found)
    wanted = list(mine.runs["run_id"])
    count.lost += sum(run_id not in ids for run_id in wanted)
    count.duplicated += sum(n > 1 for n in ids.values()) + len(ids.keys() - set(wanted))
    others = [run_id for run_id in wanted if run_id in ids and _content(mine, run_id) != _content(other, run_id)]
    count.notes += [f"the content of {run_id}" for run_id in others]
    if wanted != list(other.runs["run_id"]):
        others.append("order")
        count.notes.append("the order of the rows")
    kept, left = _files(expected), _files(found)
    for name in sorted(kept.keys() | left.keys()):
        if kept.get(name, "missing") != left.get(name, "missing"):
            others.append(name)
            count.notes.append(f"the file {name}")
    count.differing += len(others)


def _content(results: Results, run_id: str) -> list[object]:
    """What the tables hold of a run, but for what a clock wrote."""
    parts: list[object] = []
    for table, clock in ((results.runs, TIMING), (results.curves, ["seconds"]), (results.probes, [])):
        rows = table[table["run_id"] == run_id].drop(columns=clock)
        parts.append(rows.to_csv(index=False))
    return parts


def _files(folder: Path) -> dict[str, bytes | None]:
    """Name → content of all that lies there; None for folders, and for the tables, into which a clock writes."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    return {name: path.read_bytes() if path.is_file() and "/" in name else None for name, path in found.items()}
