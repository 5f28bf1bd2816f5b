"""Value surfaces of critics on two-dimensional data, as level lines over real samples (WGAN-GP's figure 1b)."""

from __future__ import annotations

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from ablate.claims.study_rows import StudyRows
from ablate.report.figures.style import INK, STYLE, Chart, svg_text

LEVELS = 12
MOST_ARMS, MOST_POINTS, ACROSS = 8, 300, 4
PANEL = 2.1
"""Inches of a side"""


def surface_charts(rows: StudyRows, palette: dict[str, str]) -> list[Chart]:
    """One figure for each dataset of which surfaces are kept: a panel an arm, its first seed that has one."""
    charts = [_chart(rows, dataset, palette) for dataset in rows.study.datasets]
    return [chart for chart in charts if chart is not None]


def _chart(rows: StudyRows, dataset: str, palette: dict[str, str]) -> Chart | None:
    panels: dict[str, tuple[np.ndarray, float]] = {}
    for arm in rows.study.arms:
        surfaces = (rows.results.surface(run_id) for run_id in rows.rows(dataset, arm)["run_id"])
        surface = next((of_run for of_run in surfaces if of_run is not None and np.isfinite(of_run[0]).all()), None)
        if surface is not None and len(panels) < MOST_ARMS:
            panels[arm] = surface
    real = rows.results.real_sample(dataset)
    if not panels or real is None:
        return None
    across = min(ACROSS, len(panels))
    down = -(-len(panels) // across)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(PANEL * across, (PANEL + 0.2) * down), layout="constrained")
        grid = figure.subplots(down, across, squeeze=False)
        for axes in grid.flat:
            axes.set_axis_off()
        for axes, (arm, (values, half)) in zip(grid.flat, panels.items(), strict=False):
            line = (np.arange(len(values)) + 0.5) * (2 * half / len(values)) - half
            axes.scatter(*real[:MOST_POINTS].T, s=2, color=INK, alpha=0.35, linewidths=0, rasterized=True)
            axes.contour(line, line, values, levels=LEVELS, colors=[palette[arm]], linewidths=0.8, linestyles="solid")
            axes.set(xlim=(-half, half), ylim=(-half, half), aspect="equal")
            axes.set_title(arm, fontsize=8)
        text = svg_text(figure, f"{rows.study.name}/{dataset}/surfaces")
    alt = f"Level lines of the critic's scores on {dataset}, for {', '.join(panels)}."
    return Chart(text, alt, f"{dataset}: level lines of the critic's scores")
