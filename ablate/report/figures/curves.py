"""Curves of many seeds over training, or along something else: a line an arm, with quartiles."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from ablate.report.figures.axes import is_logarithmic, set_axis
from ablate.report.figures.bands import Band
from ablate.report.figures.style import DASHES, INK, PALETTE, Chart, height, plot_svg, short
from ablate.results import numbers

Line = tuple[np.ndarray, np.ndarray]
"""Places and values of a line"""


def curves_chart(
    bands: dict[str, Band], label: str, scale: str, key: str, where: str, palette: dict[str, str], note: str = "",
    over: str = "generator steps", truth: Line | None = None,
) -> Chart | None:  # fmt: skip
    """Median over seeds with the band from the first to the third quartile, over generator steps; a line an arm.

    `over` names another x-axis than generator steps. `truth` is dotted: what theory says. None if no band has a value.
    """
    shown = {arm: band for arm, band in bands.items() if np.isfinite(band.median).any()}
    if not shown:
        return None

    def plot(axes: Axes) -> None:
        for i, (arm, band) in enumerate(shown.items()):
            dash = DASHES[(i // len(PALETTE)) % len(DASHES)] if len(shown) > len(PALETTE) else DASHES[i % 2]
            _plot_band(axes, band, palette[arm], dash, short(arm))
        _set_values(axes, list(shown.values()), scale)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: numbers.number(value)))
        axes.grid(axis="y")
        axes.set_xlabel(over)
        axes.set_ylabel(label)
        if truth is not None:
            axes.plot(*truth, color=INK, linewidth=1.2, linestyle=":", zorder=3)

    svg = plot_svg(plot, (4.6, height(len(shown))), key, legend=True)
    ends = "; ".join(f"{arm} ends at {numbers.number(float(band.median[-1]))}" for arm, band in shown.items())
    alt = f"{label} over {over} on {where}: median over seeds, with quartiles. {ends}."
    return Chart(svg, alt, f"{where}: {label}, median and quartiles over seeds{note}")


def _plot_band(axes: Axes, band: Band, colour: str, dash: str, label: str) -> None:
    finite = np.isfinite(band.median)
    steps, median = band.steps[finite], band.median[finite]
    axes.plot(
        steps, median, color=colour, linestyle=dash, linewidth=1.6, label=label,
        marker="o" if len(steps) == 1 else None, markersize=3,
    )  # fmt: skip
    top = np.where(np.isfinite(band.high), band.high, band.median)[finite]
    bottom = np.where(np.isfinite(band.low), band.low, band.median)[finite]
    axes.fill_between(steps, bottom, top, color=colour, alpha=0.16, linewidth=0)
    if np.isposinf(band.median).any():  # from here on, half the runs or more have diverged
        axes.plot(steps[-1], median[-1], marker="x", color=colour, markersize=6)


def _set_values(axes: Axes, bands: list[Band], scale: str) -> None:
    """The y-axis; a logarithmic one holds the medians and at most a decade below them."""
    medians = np.concatenate([band.median for band in bands])
    medians = medians[np.isfinite(medians)]
    logarithmic = is_logarithmic(medians, scale)
    low, high = axes.get_ylim()
    if logarithmic:
        lowest = min(float(np.min(band.low[np.isfinite(band.low)])) for band in bands)
        low, high = max(lowest, float(medians.min()) / 10) / 1.2, float(medians.max()) * 1.4
    set_axis(axes, "y", low, high, logarithmic)
