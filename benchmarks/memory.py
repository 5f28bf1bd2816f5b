"""python -m benchmarks.memory: the memory that `ablate run` takes at most, with all its processes, on Linux.

What processes share is counted once: the sum of their proportional set sizes, a few times a second. The cache of compiled
steps is empty at first, as a new user's is, so compilers are among these processes.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ablate.errors import AblateError, UsageError
from ablate.files.whole_files import replace
from ablate.results import provenance
from ablate.training.compiled import CACHE_VARIABLE

TABLE = "memory.csv"
EVERY_SECONDS = 0.3
STUDY = Path("studies/gp_vs_clip.yaml")


def measured(study: Path, arguments: Sequence[str]) -> dict[str, Any]:
    """A row of the table. AblateError if the study fails."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "ablate", "run", str(study), "--out", f"{folder}/out", *arguments]
        began, peak = time.monotonic(), [0.0]
        with open(f"{folder}/said", "w+", encoding="utf-8") as said:
            environment = {**os.environ, CACHE_VARIABLE: f"{folder}/compiled"}
            process = subprocess.Popen(command, stdout=said, stderr=said, env=environment)
            while process.poll() is None:
                now = [megabytes(pid) for pid in (process.pid, *descendants(process.pid))]
                peak = max(peak, now, key=sum)
                time.sleep(EVERY_SECONDS)
            said.seek(0)
            if process.returncode:
                raise AblateError(f"{' '.join(command)} ended with {process.returncode}: {said.read().strip()}")
    return {
        "study": study.stem,
        "flags": " ".join(arguments),
        "processors": provenance.cores(),
        "wall_s": time.monotonic() - began,
        "peak_mb": sum(peak),
        "driver_mb": peak[0],
        "largest_worker_mb": max(peak[1:], default=0.0),
        "device": provenance.cpu(),
        **provenance.code(),
        "torch": provenance.versions()["torch"],
        "measured_at": provenance.now(),
    }


def descendants(pid: int) -> list[int]:
    """The processes that a process has begun, and those that these have; by any of their threads."""
    children = [int(child) for path in Path(f"/proc/{pid}/task").glob("*/children") for child in _read(path).split()]
    return children + [further for child in children for further in descendants(child)]


def megabytes(pid: int) -> float:
    """The proportional set size of a process, in 2^20 bytes; 0 where it has ended."""
    lines = _read(Path(f"/proc/{pid}/smaps_rollup")).splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except OSError:  # ended meanwhile
        return ""


def main(given: Sequence[str] | None = None) -> int:
    """Measure each set of flags and write the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("study", nargs="?", type=Path, default=STUDY, help=f"default: {STUDY}")
    parser.add_argument("--flags", action="append", metavar="FLAGS", help="of `ablate run`, in quotes; may be repeated")
    parser.add_argument("--out", type=Path, default=Path("results/benchmarks"), help="folder of the table")
    given_flags = parser.parse_args(given)
    if not Path("/proc/self/smaps_rollup").exists():
        raise UsageError("memory is read from /proc/PID/smaps_rollup, which only Linux has")
    rows = []
    for flags in given_flags.flags or [""]:
        rows.append(measured(given_flags.study, flags.split()))
        print("{study} {flags}: {wall_s:.0f} s; at most {peak_mb:.0f} MB".format(**rows[-1]), flush=True)
    text = pd.DataFrame(rows).to_csv(index=False, float_format="%.4g", lineterminator="\n")
    replace(given_flags.out / TABLE, lambda file: file.write_text(text, encoding="utf-8"))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except AblateError as problem:
        print(f"benchmarks.memory: {problem}", file=sys.stderr)
        sys.exit(problem.exit_code)
