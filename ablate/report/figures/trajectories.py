"""Two curves of training against each other, each seed a line: what a claim of their correlation rests on."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from ablate.claims.series import FEWEST_POINTS, aligned, spearman
from ablate.claims.study_rows import StudyRows
from ablate.registry.measures import Measure, measure
from ablate.report.figures.axes import is_logarithmic, set_axis, value_label
from ablate.report.figures.style import INK, Chart, height, plot_svg
from ablate.results import numbers
from ablate.study.claims.association import STEP, spearman_of

MOST_RUNS = 40


def trajectories(rows: StudyRows, palette: dict[str, str]) -> list[Chart]:
    """One figure for each pair of curves that a claim is about, its datasets and its arms, in the study's order."""
    wanted: dict[tuple[str, str, str, str], None] = {}
    for claim in rows.study.claims:
        curves = spearman_of(claim.metric)
        if curves and STEP not in curves:
            wanted |= {(*curves, dataset, arm): None for dataset in claim.datasets for arm in claim.arms}
    datasets, arms = list(rows.study.datasets), list(rows.study.arms)
    ordered = sorted(wanted, key=lambda figure: (datasets.index(figure[2]), arms.index(figure[3])))
    charts = [
        _chart(rows, first, second, dataset, arm, palette[arm]) for first, second, dataset, arm in ordered
    ]  # fmt: skip
    return [chart for chart in charts if chart is not None]


def _chart(rows: StudyRows, first: str, second: str, dataset: str, arm: str, colour: str) -> Chart | None:
    pairs = aligned(rows, first, second, rows.rows(dataset, arm)["run_id"])
    pairs = [pair for pair in pairs if len(pair[0]) >= FEWEST_POINTS][:MOST_RUNS]
    if not pairs:
        return None

    def plot(axes: Axes) -> None:
        for y, x in pairs:
            axes.plot(x, y, color=colour, linewidth=0.8, alpha=0.6)
            axes.plot(x[0], y[0], marker="o", markersize=3.5, color=colour, markerfacecolor="none")
            axes.plot(x[-1], y[-1], marker="o", markersize=3.5, color=colour, markeredgecolor=INK, markeredgewidth=0.5)
        _set_axes(axes, np.concatenate([x for _, x in pairs]), measure(second))
        axes.set_ylabel(first)

    svg = plot_svg(plot, (4.6, height(0)), f"{rows.study.name}/{dataset}/{arm}/{first}/{second}")
    median = numbers.number(float(np.median([spearman(*pair) for pair in pairs])), 2)
    alt = f"{first} against {second} along {len(pairs)} runs of {arm} on {dataset}; median Spearman's coefficient {median}."
    return Chart(svg, alt, f"{dataset}, {arm}: {first} against {second}; median Spearman’s ρ {median}")


def _set_axes(axes: Axes, across: np.ndarray, second: Measure) -> None:
    """Few ticks on both axes; `across` are all values of the second curve, which lies along the x-axis."""
    logarithmic = is_logarithmic(across, second.scale)
    if logarithmic:
        low, high = float(across.min()), float(across.max())
        pad = (high / low) ** 0.04 if high > low else 1.1
        set_axis(axes, "x", low / pad, high * pad, True)
    for axis in (axes.yaxis,) if logarithmic else (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(5))
        axis.set_major_formatter(FuncFormatter(lambda value, _: numbers.number(value)))
    axes.grid()
    axes.set_xlabel(value_label(second.name, second.better, logarithmic))
