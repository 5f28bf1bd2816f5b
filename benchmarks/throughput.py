"""python -m benchmarks.throughput: plain loops and stacked training in turn, and the table of how many times faster."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from ablate.datasets import load_dataset
from ablate.datasets.base import Dataset
from ablate.errors import AblateError, MissingData, UsageError
from ablate.execution.cohort_size import SIZES, automatic
from ablate.files.whole_files import replace
from ablate.registry import unknown
from ablate.report import speed
from ablate.results import provenance
from ablate.training.cohort import Cohort
from benchmarks import measure
from benchmarks.agreement import TOLERANCE, loss_difference
from benchmarks.workloads import WORKLOADS, Loop, Workload, batches

TABLE, PLOT = "throughput.csv", "throughput.png"
AUTOMATIC = "auto"
KEY = ["workload", "device", "threads", "members", "compiled", "precision"]
"""A point that is measured again replaces the row that agrees in these"""


def plain_work(workload: Workload, dataset: Dataset, device: torch.device) -> measure.Work:
    """The plain loop of one run, with its own data and noise."""
    loop: Loop = workload.plain(torch.float32)
    loop.generator.to(device)
    loop.critic.to(device)
    real_batches = batches(dataset, loop.batch_size, torch.float32, device)
    return lambda steps: loop.train(steps, real_batches)


def stacked_work(
    workload: Workload, members: int, dataset: Dataset, device: torch.device, compiled: bool, precision: str
) -> measure.Work:
    """A cohort of that many runs, as `ablate run` trains it."""
    if compiled:
        torch.compiler.reset()  # what an earlier cohort compiled would count as a recompilation
    cohort = Cohort(workload.configs(members, precision), dataset, device, "on" if compiled else "off")

    def advance(steps: int) -> None:
        for done in range(0, steps, cohort.segment):
            cohort.advance(min(cohort.segment, steps - done))

    return advance


def automatic_size(workload: Workload, device: torch.device) -> int:
    """The cohort size that `ablate run` would choose for many runs, with the threads of this process."""
    return automatic(device.type, torch.get_num_threads())(workload.configs(max(SIZES[device.type])))


def check(workload: Workload, dataset: Dataset, device: torch.device) -> float:
    """How far the losses of plain and stacked lie apart, relative. AblateError if too far."""
    difference = loss_difference(workload, dataset, device)
    if not difference < TOLERANCE:
        raise AblateError(
            f"{workload.name}: not measured: plain and stacked do not train the same thing, their losses differ by "
            f"{difference:.1e} of the largest (at most {TOLERANCE:g} is rounding); compare the two in benchmarks/"
        )
    return difference


def points(
    workload: Workload,
    sizes: Sequence[int | str],
    device: torch.device,
    seconds: float,
    compiled: bool,
    precision: str = "fp32",
) -> Iterator[dict[str, Any]]:
    """The workload's rows, a cohort size each."""
    dataset = load_dataset(workload.settings["dataset"], {})
    difference = check(workload, dataset, device)
    plain = plain_work(workload, dataset, device)
    operations, peak = measure.operations(plain), measure.peak(device)
    most = automatic_size(workload, device) if AUTOMATIC in sizes else None
    for members in sorted({most if most and size == AUTOMATIC else int(size) for size in sizes}):
        try:
            stacked = stacked_work(workload, members, dataset, device, compiled, precision)
            times = measure.in_turn(plain, stacked, seconds, device, members)
        except RuntimeError as error:
            if isinstance(error, torch.OutOfMemoryError) or "allocate memory" in str(error):
                print(f"{workload.name} × {members}: skipped: out of memory", flush=True)
                continue
            raise
        yield {
            "workload": workload.name,
            "device": torch.cuda.get_device_name(device) if device.type == "cuda" else provenance.cpu(),
            "threads": torch.get_num_threads(),
            "members": members,
            "plain_s": times.plain_s,
            "stacked_s": times.stacked_s,
            "ratio": times.ratio,
            "ratio_low": times.ratio_low,
            "ratio_high": times.ratio_high,
            "peak_share": operations / times.stacked_s / peak,
            "automatic": members == most,
            "compiled": compiled,
            "precision": precision,
            "loss_difference": difference,
            **provenance.code(),
            "torch": provenance.versions()["torch"],
            "measured_at": provenance.now(),
        }


def write(rows: list[dict[str, Any]], folder: Path) -> Path:
    """Take the rows into the folder's table, and plot it anew."""
    path, added = folder / TABLE, pd.DataFrame(rows)
    before = speed.read(path)
    if before is not None:
        again = before.set_index(KEY).index.isin(added.set_index(KEY).index)
        added = pd.concat([before[~again], added], ignore_index=True) if not again.all() else added
    order = {name: i for i, name in enumerate(WORKLOADS)}
    by = {"workload": lambda column: column.map(order)}
    table = added.sort_values(KEY, key=lambda column: by.get(str(column.name), lambda c: c)(column), kind="stable")
    text = table.to_csv(index=False, float_format="%.5g", lineterminator="\n")
    replace(path, lambda file: file.write_text(text, encoding="utf-8"))
    read = speed.read(path)
    assert read is not None
    speed.picture(read, folder / PLOT)
    return path


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    """The command line, checked; UsageError where it is wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.throughput", description=__doc__)
    parser.add_argument("--workloads", default=",".join(WORKLOADS), help="names, with commas; default: all")
    parser.add_argument("--members", default="1,4,16,64,auto", help="cohort sizes; auto is what ablate chooses")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--threads", type=int, default=provenance.cores(), help="of both sides; default: all cores")
    parser.add_argument("--seconds", type=float, default=30.0, help="for each point; three rounds are made in any case")
    parser.add_argument("--compile", choices=("on", "off"), default="off", help="torch.compile of the stacked steps")
    parser.add_argument(
        "--precision", choices=("fp32", "bf16"), default="fp32", help="of the stacked steps; plain loops are in float32"
    )
    parser.add_argument("--out", type=Path, default=Path("results/benchmarks"), help="folder of the table and the plot")
    flags = parser.parse_args(given)
    flags.workloads, flags.members = flags.workloads.split(","), flags.members.split(",")
    for name in flags.workloads:
        if name not in WORKLOADS:
            raise UsageError(f"--workloads: {unknown('workload', name, WORKLOADS)}")
    for size in flags.members:
        if size != AUTOMATIC and not (size.isdecimal() and int(size) > 0):
            raise UsageError(f"--members: {size!r}, expected positive whole numbers and {AUTOMATIC}, such as 1,16,auto")
    if flags.threads < 1 or not flags.seconds > 0:
        raise UsageError("--threads and --seconds must be positive")
    if flags.device == "cuda" and not torch.cuda.is_available():
        raise UsageError("--device cuda: no CUDA device is available here")
    return flags


def main(given: Sequence[str] | None = None) -> int:
    """Measure and write; a workload that cannot be measured is said and left out. 1 if one of them disagreed."""
    flags = arguments(given)
    torch.set_num_threads(flags.threads)
    device, faults = torch.device(flags.device), 0
    for name in flags.workloads:
        workload = WORKLOADS[name]
        if missing := workload.missing():
            print(f"{name}: skipped: {missing}", flush=True)
            continue
        rows = []
        try:
            for row in points(workload, flags.members, device, flags.seconds, flags.compile == "on", flags.precision):
                print(line(row), flush=True)
                rows.append(row)
                path = write([row], flags.out)  # at once: the next point may take long, or be the last
        except MissingData as error:
            print(f"{name}: skipped: {error}", flush=True)
        except AblateError as error:
            print(error, file=sys.stderr, flush=True)
            faults += 1
        if rows:
            print(f"{path}: {len(rows)} rows of {name}", flush=True)
    return 1 if faults else 0


def line(row: dict[str, Any]) -> str:
    """A row in words."""
    return (
        f"{row['workload']} × {row['members']}: plain {1000 * row['plain_s']:.3g} ms, stacked "
        f"{1000 * row['stacked_s']:.3g} ms for a step of a run; {row['ratio']:.3g} times the seeds "
        f"({row['ratio_low']:.3g} to {row['ratio_high']:.3g}); {100 * row['peak_share']:.0f} % of peak"
    )


if __name__ == "__main__":
    try:
        sys.exit(main())
    except AblateError as problem:
        print(f"benchmarks.throughput: {problem}", file=sys.stderr)
        sys.exit(problem.exit_code)
