"""A metric's interquartile mean with its interval at the levels of something: the chart for factors and for ladders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from ablate.claims.statistics.centers import Center, centers
from ablate.claims.study_rows import StudyRows
from ablate.registry.measures import Measure, measure, shown_in
from ablate.report.figures.axes import set_axis, way
from ablate.report.figures.style import DASHES, LINE, Chart, colours, height, plot_svg, short
from ablate.report.floors import floor_of
from ablate.results import numbers
from ablate.results.tables import COUNTED

MOST_LINES = 10
APART = 0.012
"""Between the intervals of two lines at one level, as a share of the axis"""

Lines = dict[str, list[str]]
"""Name of a line → its arms in the order of the axis, an arm for each level, "" where there is none"""


@dataclass(frozen=True)
class Levels:
    """Where the levels stand on the x-axis, and what is written there."""

    label: str
    places: tuple[float, ...]
    names: tuple[str, ...]

    @property
    def width(self) -> float:
        """From the first place to the last; 1 where there is only one."""
        return (max(self.places) - min(self.places)) or 1.0


def metrics_over_levels(rows: StudyRows, dataset: str) -> list[str]:
    """What is shown over levels, as far as the runs on a dataset have it."""
    there = rows.table[rows.table["dataset"] == dataset]
    return [of.name for of in shown_in("levels") if of.name in there.columns and there[of.name].notna().any()]


def levels_chart(rows: StudyRows, dataset: str, metric: str, lines: Lines, levels: Levels, key: str) -> Chart | None:
    """Lines of arms over the levels; None if no run has a value.

    Diverged runs are at the worst finite value, as in the tables.
    """
    about = measure(metric)
    counted = rows.table[(rows.table["dataset"] == dataset) & rows.table["status"].isin(COUNTED)]
    by_arm = centers(counted, about)
    shown = {name: arms for name, arms in list(lines.items())[:MOST_LINES] if any(arm in by_arm for arm in arms)}
    if not shown:
        return None

    def plot(axes: Axes) -> None:
        for i, (name, colour) in enumerate(colours(list(shown)).items()):
            x, y, below, above = _points(levels, shown[name], by_arm)
            x = x + (i - (len(shown) - 1) / 2) * APART * levels.width
            axes.errorbar(
                x, y, (below, above), color=colour, linestyle=DASHES[i % len(DASHES)], linewidth=1.4, marker="o",
                markersize=4, elinewidth=1.2, capsize=2.5, label=short(name) if name else None,
            )  # fmt: skip
        _set_axes(axes, levels, about, [by_arm[arm] for arms in shown.values() for arm in arms if arm in by_arm])
        _plot_floor(axes, counted, metric)

    legend = len(shown) > 1
    svg = plot_svg(plot, (4.6, height(len(shown) if legend else 0)), key, legend)
    told = "; ".join(
        f"{name + ', ' if name else ''}{level}: {numbers.number(by_arm[arm].center)}"
        for name, arms in shown.items()
        for level, arm in zip(levels.names, arms, strict=True)
        if arm in by_arm
    )
    what = f"{metric} over {levels.label}" if levels.label else metric
    left_out = f"; {len(lines) - len(shown)} lines more are in the table" if len(lines) > len(shown) else ""
    caption = f"{dataset}: {what}, interquartile mean and 95 % interval{left_out}"
    return Chart(svg, f"{what} on {dataset}, interquartile mean over seeds. {told}.", caption)


def _points(
    levels: Levels, arms: Sequence[str], by_arm: dict[str, Center]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Places, centers, and how far the interval reaches below and above."""
    there = [(place, by_arm[arm]) for place, arm in zip(levels.places, arms, strict=True) if arm in by_arm]
    x, y, low, high = np.array([(place, center.center, center.low, center.high) for place, center in there]).T
    return x, y, np.maximum(y - low, 0.0), np.maximum(high - y, 0.0)


def _set_axes(axes: Axes, levels: Levels, about: Measure, shown: list[Center]) -> None:
    low, high = min(center.low for center in shown), max(center.high for center in shown)
    logarithmic = about.scale == "ratio" and low > 0
    pad = (high / low) ** 0.06 if logarithmic else 0.06 * (high - low) or 0.1 * max(abs(high), 1.0)
    set_axis(axes, "y", *((low / pad, high * pad) if logarithmic else (low - pad, high + pad)), logarithmic)
    axes.set_xticks(levels.places, levels.names)
    axes.set_xlim(min(levels.places) - 0.08 * levels.width, max(levels.places) + 0.08 * levels.width)
    axes.grid(axis="y")
    axes.set_xlabel(levels.label)
    axes.set_ylabel(f"{about.name}{way(about.better)}")


def _plot_floor(axes: Axes, counted: pd.DataFrame, metric: str) -> None:
    floor = floor_of(counted, metric)
    if floor is not None and axes.get_ylim()[0] <= floor <= axes.get_ylim()[1]:
        axes.axhline(floor, color=LINE, linewidth=1, linestyle=":")
