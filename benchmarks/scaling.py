"""python -m benchmarks.scaling: time and memory of a cohort against its members and its width, a fresh process a point."""

from __future__ import annotations

import argparse
import ctypes
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from ablate.datasets import load_dataset
from ablate.errors import AblateError, UsageError
from ablate.files.whole_files import replace as write_whole
from ablate.results import provenance
from ablate.training.cohort import Cohort
from benchmarks.measure import timed
from benchmarks.workloads import WORKLOADS

TABLE = "scaling.csv"
POINTS = (
    *(("toy_3x64", members, 64) for members in (1, 4, 16, 64, 256)),
    *(("toy_3x64", 16, width) for width in (32, 128, 256)),
)
"""(workload, members, width)"""


def point(name: str, members: int, width: int, device: torch.device, steps: int) -> dict[str, Any]:
    """Measured in this process, whose peak memory is that of the point."""
    workload = replace(WORKLOADS[name], settings={**WORKLOADS[name].settings, "width": width})
    dataset = load_dataset(workload.settings["dataset"], {})
    before = _start_of_peak(device)
    cohort = Cohort(workload.configs(members), dataset, device)
    cohort.advance(1)
    seconds = min(timed(lambda count: cohort.advance(count), steps, device) for _ in range(3)) / steps
    return {
        "workload": name,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else provenance.cpu(),
        "threads": torch.get_num_threads(),
        "members": members,
        "width": width,
        "parameters": cohort.pair.critic.size + cohort.pair.generator.size,
        "seconds": seconds / members,
        "megabytes": (_peak(device) - before) / 2**20,
        **provenance.code(),
        "torch": provenance.versions()["torch"],
        "measured_at": provenance.now(),
    }


def _start_of_peak(device: torch.device) -> float:
    """Bytes in use now, of the device's memory or of this process; the peak is counted anew from here."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        return float(torch.cuda.memory_allocated(device))
    ctypes.CDLL("libc.so.6").malloc_trim(0)  # decoding a data set takes more than a small cohort does
    Path("/proc/self/clear_refs").write_text("5")
    return _of_this_process("VmRSS")


def _peak(device: torch.device) -> float:
    """Bytes at most since then."""
    return float(torch.cuda.max_memory_allocated(device)) if device.type == "cuda" else _of_this_process("VmHWM")


def _of_this_process(name: str) -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return 1024.0 * next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def main(given: Sequence[str] | None = None) -> int:
    """Measure all points and write the table; a point that does not fit into memory is said and left out."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=__doc__)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, default=3, help="generator steps of a timed round, of which there are 3")
    parser.add_argument("--out", type=Path, default=Path("results/benchmarks"), help="folder of the table")
    parser.add_argument(
        "--point", nargs=3, metavar=("WORKLOAD", "MEMBERS", "WIDTH"), help="this one alone, to the screen"
    )
    flags = parser.parse_args(given)
    if flags.device == "cuda" and not torch.cuda.is_available():
        raise UsageError("--device cuda: no CUDA device is available here")
    if flags.point:
        torch.set_num_threads(flags.threads)
        name, members, width = flags.point
        print(json.dumps(point(name, int(members), int(width), torch.device(flags.device), flags.steps)))
        return 0
    rows = []
    for name, members, width in POINTS:
        command = [sys.executable, "-m", "benchmarks.scaling", "--device", flags.device]
        command += ["--threads", str(flags.threads), "--steps", str(flags.steps)]
        command += ["--point", name, str(members), str(width)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            print(f"{name} × {members}, width {width}: left out: {done.stderr.strip().splitlines()[-1]}", flush=True)
            continue
        rows.append(json.loads(done.stdout))
        line = "{workload} × {members}, width {width}: {seconds:.4f} s a run and step, {megabytes:.0f} MB"
        print(line.format(**rows[-1]))
    text = pd.DataFrame(rows).to_csv(index=False, float_format="%.5g", lineterminator="\n")
    write_whole(flags.out / TABLE, lambda file: file.write_text(text, encoding="utf-8"))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except AblateError as problem:
        print(f"benchmarks.scaling: {problem}", file=sys.stderr)
        sys.exit(problem.exit_code)
