"""Every run of a study as a dot, by arm: nothing is averaged away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from ablate.registry.measures import Measure
from ablate.report.figures.axes import is_logarithmic, set_axis, value_label, value_range
from ablate.report.figures.style import INK, LINE, Chart, plot_svg, short
from ablate.results import numbers

RASTER_ABOVE = 3000
"""More dots than these are an image inside the SVG"""


@dataclass(frozen=True)
class Dots:
    """What is shown of the runs of one arm."""

    values: np.ndarray
    """finite, one a run, ascending"""
    diverged: int
    """runs without a value, worse than all others"""

    @property
    def count(self) -> int:
        """How many runs there are."""
        return len(self.values) + self.diverged

    @property
    def median(self) -> float:
        """Of all runs, diverged ones at the worst; ∞ where half of them or more diverged, NaN without runs."""
        ordered = np.concatenate([self.values, np.full(self.diverged, np.inf)])
        return float((ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2) if len(ordered) else np.nan


def dots_chart(
    arms: dict[str, Dots], measure: Measure, key: str, where: str, palette: dict[str, str], floor: float | None = None
) -> Chart | None:
    """A row of dots an arm, a stroke at the median; diverged runs as crosses, past the worst, on the right.

    floor: a dotted line. None if no run has a value.
    """
    everything = np.concatenate([np.empty(0), *(dots.values for dots in arms.values())])
    if not len(everything):
        return None
    any_diverged = any(dots.diverged for dots in arms.values())

    def plot(axes: Axes) -> None:
        logarithmic = is_logarithmic(everything, measure.scale)
        left, right, edge = value_range(everything, logarithmic, any_diverged)
        set_axis(axes, "x", left, right, logarithmic)
        for row, (arm, dots) in enumerate(arms.items()):
            _plot_row(axes, row, dots, palette[arm], edge, rasterized=len(everything) > RASTER_ABOVE)
        if floor is not None and left <= floor <= right:
            axes.axvline(floor, color=LINE, linewidth=1, linestyle=":")
        axes.set_yticks(range(len(arms)), [short(arm) for arm in arms])
        axes.set_ylim(len(arms) - 0.45, -0.55)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x")
        axes.set_axisbelow(True)
        axes.set_xlabel(value_label(measure.name, measure.better, logarithmic))

    svg = plot_svg(plot, (4.6, 0.75 + 0.36 * len(arms)), key, left=False)
    medians = "; ".join(
        f"{arm}: median {numbers.number(dots.median)} of {dots.count}"
        + (f", {dots.diverged} diverged" if dots.diverged else "")
        for arm, dots in arms.items()
    )
    what = f"{measure.name} of every run"
    crosses = "; crosses: diverged runs" if any_diverged else ""
    return Chart(svg, f"{what} on {where}. {medians}.", f"{where}: {what}{crosses}")


def _plot_row(axes: Axes, row: int, dots: Dots, colour: str, edge: float, rasterized: bool) -> None:
    places = row + _jitter(len(dots.values))
    axes.scatter(dots.values, places, s=13, color=colour, alpha=0.75, linewidths=0, rasterized=rasterized)
    if np.isfinite(dots.median):
        axes.plot([dots.median, dots.median], [row - 0.36, row + 0.36], color=INK, linewidth=1.4)
    if dots.diverged:
        axes.scatter(
            [edge] * dots.diverged, row + _jitter(dots.diverged), s=16, marker="x", color=colour, linewidths=1.1,
            clip_on=False,
        )  # fmt: skip


def _jitter(n: int) -> np.ndarray:
    """n places in ±0.28, spread evenly by the golden ratio: the same for the same n, and near values lie apart."""
    return 0.56 * ((0.5 + np.arange(n) * 0.6180339887498949) % 1.0) - 0.28
