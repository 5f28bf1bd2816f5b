"""python -m benchmarks.dispatch: what `ablate run` adds to the work of very many short runs, and the memory that it takes.

Each run trains two generator steps and is evaluated once. `own_ms` is what a run costs a worker when cohorts are trained
one after the other in a bare loop, in as many processes at once as there are workers; `added_ms` is what `ablate run` takes
more for each, from its start to its last table: a worker's time, with the driver's, the tables' and all waiting in it.
`own_cpu_ms` and `added_cpu_ms` are the same in processor time, which other work on the machine does not lengthen so much.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import math
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ablate.errors import AblateError, UsageError
from ablate.execution.recorder import SEEDS_WITH_SAMPLES
from ablate.files.whole_files import replace
from ablate.results import provenance
from ablate.results.tables import RUNS
from benchmarks.memory import descendants

TABLE = "dispatch.csv"
PR_SET_CHILD_SUBREAPER = 36
"""Of Linux's prctl (linux/prctl.h)"""
ARMS = 1000
OWN_SECONDS = 20.0
"""How long the bare loop is timed"""
STUDY = """\
study: dispatch
question: What does dispatch cost?
seeds: {seeds}
datasets: [ring8]
base: {{loss: wasserstein, lipschitz: clip, optimizer: rmsprop, width: 8, depth: 2, batch_size: 16, n_critic: 1,
       generator_steps: 2, evaluations: 1, evaluation_samples: 100}}
grid:
  clip_value: [{clips}]
  lr: [{rates}]
"""


def study_of(runs: int) -> str:
    """The text of a study of so many runs, a multiple of ARMS."""
    clips, rates = (", ".join(f"{0.001 * (i + 1):g}" for i in range(n)) for n in (ARMS // 10, 10))
    return STUDY.format(seeds=runs // ARMS, clips=clips, rates=rates)


def measured(runs: int, cohort: int, workers: int) -> dict[str, Any]:
    """A row of the table. AblateError if a run is lost or failed."""
    with tempfile.TemporaryDirectory() as name:
        study, out = Path(name) / "dispatch.yaml", Path(name) / "out"
        study.write_text(study_of(runs), encoding="utf-8")
        with multiprocessing.get_context("spawn").Pool(workers) as pool:
            bare = pool.starmap(own_seconds, [(study, cohort)] * workers, chunksize=1)
        own, own_cpu = (sum(part) / workers for part in zip(*bare, strict=True))
        flags = ["--workers", str(workers), "--cohort", str(cohort), "--out", str(out), "--json"]
        _adopt_orphans()
        before, began = set(descendants(os.getpid())), time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "ablate", "run", str(study), *flags], stdout=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - began
        used = [usage, *_ended(set(descendants(os.getpid())) - before)]
        there = (pd.read_csv(out / RUNS)["status"] == "done").sum() if process.returncode == 0 else 0
    if there != runs:
        raise AblateError(f"{there} of {runs} runs are done, and the exit code is {process.returncode}")
    return {
        "runs": runs,
        "cohort": cohort,
        "workers": workers,
        "cpu": provenance.cpu(),
        "wall_s": seconds,
        "own_ms": 1000 * own,
        "added_ms": 1000 * (seconds * workers / runs - own),
        "own_cpu_ms": 1000 * own_cpu,
        "added_cpu_ms": 1000 * (sum(u.ru_utime + u.ru_stime for u in used) / runs - own_cpu),
        "largest_process_mb": max(u.ru_maxrss for u in used) / 1024,
        **provenance.code(),
        "torch": provenance.versions()["torch"],
        "measured_at": provenance.now(),
    }


def _adopt_orphans() -> None:
    """Make the processes that `ablate run` leaves to end by themselves this one's, which then can ask what they used."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _ended(orphans: set[int]) -> Iterator[Any]:
    """What these and those that they waited for used, when they have ended."""
    for pid in orphans:
        with contextlib.suppress(ChildProcessError):  # waited for by one of them
            yield os.wait4(pid, 0)[2]


def own_seconds(study: Path, cohort: int) -> tuple[float, float]:
    """Seconds, and seconds of a processor, that a run takes in a bare loop over cohorts, in this process with one thread.

    The first cohort, which loads and makes what all share, is not counted.
    """
    import torch

    from ablate.execution.options import Options
    from ablate.execution.planner import plan
    from ablate.execution.task import Task
    from ablate.execution.worker import train
    from ablate.study.load import load_study

    torch.set_num_threads(1)
    plans = plan(load_study(study).runs(), most=lambda configs: cohort)
    done, began, cpu = 0, 0.0, 0.0
    with tempfile.TemporaryDirectory() as name:
        options = Options(Path(name), checkpoint_seconds=math.inf, compile="off")
        for number, cohort_plan in enumerate(plans):
            pictured = frozenset(run.run_id for run in cohort_plan.runs if run.seed < SEEDS_WITH_SAMPLES)
            task = Task(cohort_plan, "cpu", options, pictured)
            result = train(task, lambda progress: None, lambda: False)
            if result.errors:
                raise AblateError(next(iter(result.errors.values())))
            if number == 0:
                began, cpu = time.monotonic(), time.process_time()
                continue
            done += len(cohort_plan.runs)
            if time.monotonic() - began >= OWN_SECONDS:
                break
        return (time.monotonic() - began) / done, (time.process_time() - cpu) / done


def main(given: Sequence[str] | None = None) -> int:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dispatch", description=__doc__)
    parser.add_argument("--runs", default="1000,10000", help=f"numbers of runs, with commas: multiples of {ARMS}")
    parser.add_argument("--cohorts", default="32,1", help="sizes of cohorts, with commas")
    parser.add_argument("--workers", type=int, default=provenance.cores(), help="default: one a core")
    parser.add_argument("--out", type=Path, default=Path("results/benchmarks"), help="folder of the table")
    flags = parser.parse_args(given)
    numbers, sizes = flags.runs.split(","), flags.cohorts.split(",")
    if not all(n.isdecimal() and int(n) > 0 and int(n) % ARMS == 0 for n in numbers) or flags.workers < 1:
        raise UsageError(f"--runs {flags.runs} --workers {flags.workers}: expected multiples of {ARMS}, and a worker")
    if not all(n.isdecimal() and int(n) > 0 for n in sizes):
        raise UsageError(f"--cohorts {flags.cohorts}: expected positive whole numbers")
    rows = []
    for cohort in map(int, sizes):
        for runs in map(int, numbers):
            row = measured(runs, cohort, flags.workers)
            print(
                f"{runs:,} runs in cohorts of {cohort}: {row['wall_s']:.0f} s; {row['own_ms']:.1f} ms own work a run, "
                f"{row['added_ms']:.1f} ms added (processor: {row['own_cpu_ms']:.1f} and {row['added_cpu_ms']:.1f} ms); "
                f"the largest process took {row['largest_process_mb']:.0f} MB",
                flush=True,
            )
            rows.append(row)
    text = pd.DataFrame(rows).to_csv(index=False, float_format="%.4g", lineterminator="\n")
    replace(flags.out / TABLE, lambda file: file.write_text(text, encoding="utf-8"))
    print(flags.out / TABLE)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except AblateError as problem:
        print(f"benchmarks.dispatch: {problem}", file=sys.stderr)
        sys.exit(problem.exit_code)
