"""Two curves of training against each other, each seed a line: what a claim of their correlation rests on."""

from __future__ import annotations

import matplotlib
import numpy as np
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from ablate.claims.series import FEWEST_POINTS, aligned, spearman
from ablate.claims.study_rows import StudyRows
from ablate.registry.measures import measure
from ablate.report.figures.style import INK, STYLE, Drawing, set_axis, svg_text, way
from ablate.results import numbers
from ablate.study.claims.association import STEP, spearman_of

MOST_RUNS = 40
Pair = tuple[np.ndarray, np.ndarray]


def trajectories(rows: StudyRows, palette: dict[str, str]) -> list[Drawing]:
    """One figure for each pair of curves that a claim is about, its datasets and its arms, in the study's order."""
    wanted: dict[tuple[str, str, str, str], None] = {}
    for claim in rows.study.claims:
        curves = spearman_of(claim.metric)
        if curves and STEP not in curves:
            wanted |= {(*curves, dataset, arm): None for dataset in claim.datasets for arm in claim.arms}
    datasets, arms = list(rows.study.datasets), list(rows.study.arms)
    ordered = sorted(wanted, key=lambda each: (datasets.index(each[2]), arms.index(each[3])))
    found = [_drawing(rows, *each, palette[each[3]]) for each in ordered]
    return [drawing for drawing in found if drawing is not None]


def _drawing(rows: StudyRows, first: str, second: str, dataset: str, arm: str, colour: str) -> Drawing | None:
    pairs = aligned(rows, first, second, rows.rows(dataset, arm)["run_id"])
    pairs = [pair for pair in pairs if len(pair[0]) >= FEWEST_POINTS][:MOST_RUNS]
    if not pairs:
        return None
    across = np.concatenate([pair[1] for pair in pairs])
    facts = measure(second)
    logarithmic = facts.scale == "ratio" and bool((across > 0).all())
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(4.6, 3.0), layout="constrained")
        axes = figure.subplots()
        for y, x in pairs:
            axes.plot(x, y, color=colour, linewidth=0.8, alpha=0.6)
            axes.plot(x[0], y[0], marker="o", markersize=3.5, color=colour, markerfacecolor="none")
            axes.plot(x[-1], y[-1], marker="o", markersize=3.5, color=colour, markeredgecolor=INK, markeredgewidth=0.5)
        if logarithmic:
            low, high = float(across.min()), float(across.max())
            pad = (high / low) ** 0.04 if high > low else 1.1
            set_axis(axes, "x", low / pad, high * pad, True)
        for axis in (axes.yaxis,) if logarithmic else (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(5))
            axis.set_major_formatter(FuncFormatter(lambda value, _: numbers.number(value)))
        axes.grid()
        axes.set_xlabel(f"{second}{way(facts.better)}" + (", logarithmic" if logarithmic else ""))
        axes.set_ylabel(first)
        sns.despine(ax=axes)
        key = f"{rows.study.name}/{dataset}/{arm}/{first}/{second}"
        svg = svg_text(figure, key)
    median = numbers.number(float(np.median([spearman(*pair) for pair in pairs])), 2)
    alt = f"{first} against {second} along {len(pairs)} runs of {arm} on {dataset}; median Spearman's coefficient {median}."
    return Drawing(svg, alt, f"{dataset}, {arm}: {first} against {second}; median Spearman’s ρ {median}")
