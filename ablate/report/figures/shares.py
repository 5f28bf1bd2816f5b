"""Of a search: the share of an arm's draws that reach a value, as a step line."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from ablate.registry.measures import Measure
from ablate.report.figures.axes import is_logarithmic, set_axis, value_label, value_range
from ablate.report.figures.style import DASHES, INK, Chart, height, plot_svg, short
from ablate.results import numbers


def shares_chart(
    values: dict[str, np.ndarray], measure: Measure, key: str, where: str, palette: dict[str, str],
    near: float | None = None,
) -> Chart | None:  # fmt: skip
    """A step line an arm: the share of its draws at a value or better; diverged ones (infinite) are at none.

    values: arm → one a draw. `near` is marked by a dotted line. None if no draw has a finite value.
    """
    finite = {arm: np.sort(all_draws[np.isfinite(all_draws)]) for arm, all_draws in values.items()}
    everything = np.concatenate([np.empty(0), *finite.values()])
    if not len(everything):
        return None

    def plot(axes: Axes) -> None:
        logarithmic = is_logarithmic(everything, measure.scale)
        left, right, _ = value_range(everything, logarithmic, False)
        set_axis(axes, "x", left, right, logarithmic)
        for i, (arm, reached) in enumerate(finite.items()):
            shares = _shares(reached, len(values[arm]), measure.better)
            axes.step(
                np.array([left, *reached, right]), shares, where="post" if measure.better == "less" else "pre",
                color=palette[arm], linestyle=DASHES[i % len(DASHES)], linewidth=1.6, label=short(arm),
            )  # fmt: skip
        if near is not None and left <= near <= right:
            axes.axvline(near, color=INK, linewidth=1, linestyle=":")
        axes.set_ylim(-0.02, 1.02)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: numbers.percent(share)))
        axes.grid(axis="y")
        axes.set_xlabel(value_label(measure.name, measure.better, logarithmic))
        axes.set_ylabel("share of draws")

    svg = plot_svg(plot, (4.6, height(len(values))), key, legend=True)
    told = _told(finite, values, measure.better)
    alt = f"Share of draws that reach a value of {measure.name} on {where}. {told}."
    caption = f"{where}: share of draws by {measure.name}"
    return Chart(svg, alt, caption if near is None else f"{caption}; dotted: {numbers.number(near)}, twice the best")


def _shares(reached: np.ndarray, draws: int, better: str) -> np.ndarray:
    """The share of all draws at each step of the line; where greater is better, it falls towards the right."""
    shares = np.array([0.0, *(np.arange(1, len(reached) + 1) / draws), len(reached) / draws])
    return shares if better == "less" else shares[::-1]


def _told(finite: dict[str, np.ndarray], values: dict[str, np.ndarray], better: str) -> str:
    """Each arm's best draw, and how many of its draws have a value."""
    best = min if better == "less" else max
    return "; ".join(
        f"{arm}: best {numbers.number(best(reached))}, {len(reached)} of {len(values[arm])} draws have a value"
        for arm, reached in finite.items()
        if len(reached)
    )
