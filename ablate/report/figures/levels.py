"""A metric's interquartile mean with its interval at the levels of something: the drawing for factors and for ladders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from ablate.claims.statistics.centers import Center, centers
from ablate.claims.study_rows import COUNTED, StudyRows
from ablate.registry.measures import measure, shown_in
from ablate.report.figures.style import DASHES, LINE, STYLE, Drawing, colours, set_axis, short, svg_text, way
from ablate.results import numbers

MOST_LINES = 10
APART = 0.012
"""Between the intervals of two lines at one level, as a share of the axis"""


@dataclass(frozen=True)
class Axis:
    """Where the levels stand on the x-axis, and what is written there."""

    label: str
    places: tuple[float, ...]
    names: tuple[str, ...]


def metrics_of(rows: StudyRows, dataset: str) -> list[str]:
    """What is drawn over levels, as far as the runs on a dataset have it."""
    there = rows.table[rows.table["dataset"] == dataset]
    return [of.name for of in shown_in("levels") if of.name in there.columns and there[of.name].notna().any()]


def drawing(
    rows: StudyRows, dataset: str, metric: str, lines: dict[str, list[str]], axis: Axis, key: str
) -> Drawing | None:
    """Lines of arms over the axis, an arm for each level ("" where there is none); None if no run has a value.

    lines: name → arms, in the order of the axis. Diverged runs are at the worst finite value, as in the tables.
    """
    facts = measure(metric)
    counted = rows.table[(rows.table["dataset"] == dataset) & rows.table["status"].isin(COUNTED)]
    found = centers(counted, facts)
    drawn = {name: arms for name, arms in list(lines.items())[:MOST_LINES] if any(arm in found for arm in arms)}
    if not drawn:
        return None
    shown = [found[arm] for arms in drawn.values() for arm in arms if arm in found]
    low, high = min(each.low for each in shown), max(each.high for each in shown)
    logarithmic = facts.scale == "ratio" and low > 0
    floor = _floor(counted, metric)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(4.6, 3.0 + 0.17 * ((len(drawn) + 1) // 2) * (len(drawn) > 1)), layout="constrained")
        axes = figure.subplots()
        width = (max(axis.places) - min(axis.places)) or 1.0
        for i, (name, colour) in enumerate(colours(list(drawn)).items()):
            x, y, below, above = _points(axis, drawn[name], found)
            x = x + (i - (len(drawn) - 1) / 2) * APART * width
            axes.errorbar(
                x, y, (below, above), color=colour, linestyle=DASHES[i % len(DASHES)], linewidth=1.4, marker="o",
                markersize=4, elinewidth=1.2, capsize=2.5, label=short(name) if name else None,
            )  # fmt: skip
        pad = (high / low) ** 0.06 if logarithmic else 0.06 * (high - low) or 0.1 * max(abs(high), 1.0)
        set_axis(axes, "y", *((low / pad, high * pad) if logarithmic else (low - pad, high + pad)), logarithmic)
        if floor is not None and axes.get_ylim()[0] <= floor <= axes.get_ylim()[1]:
            axes.axhline(floor, color=LINE, linewidth=1, linestyle=":")
        axes.set_xticks(axis.places, axis.names)
        axes.set_xlim(min(axis.places) - 0.08 * width, max(axis.places) + 0.08 * width)
        axes.grid(axis="y")
        axes.set_xlabel(axis.label)
        axes.set_ylabel(f"{metric}{way(facts.better)}")
        sns.despine(ax=axes)
        if len(drawn) > 1:
            figure.legend(loc="outside lower center", ncols=2, fontsize=8, handlelength=2.4)
        svg = svg_text(figure, key)
    told = "; ".join(
        f"{name + ', ' if name else ''}{level}: {numbers.number(found[arm].center)}"
        for name, arms in drawn.items()
        for level, arm in zip(axis.names, arms, strict=True)
        if arm in found
    )
    what = f"{metric} over {axis.label}" if axis.label else metric
    left_out = f"; {len(lines) - len(drawn)} lines more are in the table" if len(lines) > len(drawn) else ""
    caption = f"{dataset}: {what}, interquartile mean and 95 % interval{left_out}"
    return Drawing(svg, f"{what} on {dataset}, interquartile mean over seeds. {told}.", caption)


def _points(
    axis: Axis, arms: Sequence[str], found: dict[str, Center]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Places, centers, and how far the interval reaches below and above."""
    there = [(place, found[arm]) for place, arm in zip(axis.places, arms, strict=True) if arm in found]
    x, y, low, high = np.array([(place, each.center, each.low, each.high) for place, each in there]).T
    return x, y, np.maximum(y - low, 0.0), np.maximum(high - y, 0.0)


def _floor(counted: pd.DataFrame, metric: str) -> float | None:
    """The metric of real samples against real ones, where it is known."""
    column = f"{metric}_floor"
    if column not in counted.columns or not counted[column].notna().any():
        return None
    return float(counted[column].median())
