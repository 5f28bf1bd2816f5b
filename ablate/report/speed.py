"""The page's section on speed: plain loops against stacked training, from the benchmark's table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate.errors import UsageError
from ablate.files.whole_files import replace
from ablate.results import numbers

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from ablate.report.figures.style import Chart

TABLE = Path("benchmarks") / "throughput.csv"
"""Where the benchmark leaves its table within the results folder"""
TEXT = {"workload": str, "device": str, "precision": str, "commit": str, "torch": str, "measured_at": str}
NUMBERS = ("threads", "members", "plain_s", "stacked_s", "ratio", "ratio_low", "ratio_high", "peak_share")
HEADINGS = (
    "members", "plain, s", "stacked, s", "times the seeds", "lowest to highest", "share of peak", "compiled",
    "precision", "commit",
)  # fmt: skip


@dataclass(frozen=True)
class Machine:
    """All that was measured on one machine."""

    title: str
    lines: list[tuple[str, list[str]]]
    """(workload, cells under HEADINGS)"""
    charts: list[Chart]


def read(path: Path) -> pd.DataFrame | None:
    """The benchmark's table, or None where there is none; UsageError where it is another."""
    import pandas as pd

    if not path.exists():
        return None
    try:
        table = pd.read_csv(path, dtype=TEXT)
    except (OSError, ValueError) as error:  # pandas' parser errors are ValueErrors
        raise UsageError(f"{path}: not a readable table: {error}; measure again, or delete it") from error
    for name in (*TEXT, *NUMBERS, "automatic", "compiled"):
        if name not in table.columns:
            raise UsageError(f"{path}:1: column {name!r} is missing; measure again, or delete the file")
    for name in NUMBERS:
        wrong = ~(pd.to_numeric(table[name], errors="coerce") > 0)
        if wrong.any():
            line = int(wrong.to_numpy().nonzero()[0][0]) + 2
            raise UsageError(f"{path}:{line}: {name} is not a positive number; measure again, or delete that line")
    return table


def machines(table: pd.DataFrame) -> list[Machine]:
    """What the page shows of the table, a part for each device and number of threads."""
    measured = []
    for (device, threads), rows in table.groupby(["device", "threads"], sort=False):
        threads_of = "one thread" if threads == 1 else f"{threads} threads"
        title = f"{device}, {threads_of}"
        records: list[dict[Any, Any]] = rows.to_dict("records")
        lines = [(str(row["workload"]), _cells(row)) for row in records]
        measured.append(Machine(title, lines, _charts(rows, title)))
    return measured


def _cells(row: dict[Any, Any]) -> list[str]:
    return [
        f"{row['members']}{' (automatic)' if row['automatic'] else ''}",
        numbers.number(row["plain_s"]),
        numbers.number(row["stacked_s"]),
        f"× {numbers.number(row['ratio'])}",
        f"{numbers.number(row['ratio_low'])} to {numbers.number(row['ratio_high'])}",
        numbers.percent(row["peak_share"]),
        "yes" if row["compiled"] else "no",
        row["precision"],
        str(row["commit"])[:7],
    ]


def _charts(rows: pd.DataFrame, title: str) -> list[Chart]:
    from ablate.report.figures.style import Chart, plot_svg

    charts = []
    best = "; ".join(f"{name}: × {numbers.number(line['ratio'].max())} at most" for name, line in _lines(rows))
    for fill, caption in (
        (plot_rate, "generator steps a second, of all runs together; dotted: the plain loop"),
        (plot_peak, "share of the machine's measured matrix-product peak"),
    ):

        def plot(axes: Axes, fill: Callable[[Axes, pd.DataFrame], None] = fill) -> None:
            fill(axes, rows)
            axes.grid(axis="y")

        svg = plot_svg(plot, (4.6, 3.4), f"speed/{title}/{caption}", legend=True)
        charts.append(Chart(svg, f"{caption}, against cohort size. {best}.", f"{title}: {caption}"))
    return charts


def picture(table: pd.DataFrame, path: Path) -> None:
    """All machines of the table as one PNG: a row a machine, both plots side by side."""
    from matplotlib.figure import Figure

    parts = list(table.groupby(["device", "threads"], sort=False))
    figure = Figure(figsize=(11, 4.2 * len(parts)), layout="constrained")
    for row, ((device, threads), rows) in zip(figure.subplots(len(parts), 2, squeeze=False), parts, strict=True):
        plot_rate(row[0], rows)
        plot_peak(row[1], rows)
        row[0].set_title(f"{device}, threads: {threads}", loc="left", fontsize=10)
        row[1].legend(frameon=False, fontsize=8)
    replace(path, lambda file: figure.savefig(file, format="png", dpi=130))


def plot_rate(axes: Axes, rows: pd.DataFrame) -> None:
    """Generator steps a second against cohort size, a line a workload; dotted at the plain loop's."""
    _plot(axes, rows, lambda line: 1 / line["stacked_s"])
    for (_, line), stacked in zip(_lines(rows), list(axes.lines), strict=True):
        plain = 1 / line["plain_s"].median()
        axes.plot([1, rows["members"].max()], [plain, plain], ":", color=stacked.get_color(), linewidth=1)
    axes.set_yscale("log")
    axes.set_ylabel("runs × generator steps / second")


def plot_peak(axes: Axes, rows: pd.DataFrame) -> None:
    """Share of the peak against cohort size, a line a workload."""
    _plot(axes, rows, lambda line: line["peak_share"])
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(lambda value, _: numbers.percent(value))
    axes.set_ylabel("share of peak")


def _plot(axes: Axes, rows: pd.DataFrame, value: Callable[[pd.DataFrame], pd.Series[float]]) -> None:
    from matplotlib.ticker import FixedLocator, NullLocator

    from ablate.report.figures.style import PALETTE

    for i, (name, line) in enumerate(_lines(rows)):
        color = PALETTE[i % len(PALETTE)]
        axes.plot(line["members"], value(line), "o-", color=color, markersize=3, linewidth=1.5, label=name)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(FixedLocator(sorted(set(rows["members"]))))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0f}")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("members of the cohort")


def _lines(rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Lines of the figures: a workload, and eager or compiled and the precision where rows differ in these."""
    names = rows["workload"]
    if rows["compiled"].nunique() > 1:
        names = names + rows["compiled"].map({True: ", compiled", False: ", eager"})
    if rows["precision"].nunique() > 1:
        names = names + ", " + rows["precision"]
    return [(name, rows[names == name].sort_values("members")) for name in names.unique()]
