"""All figures of one study: over training, run by run, over levels, of the critic, and samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ablate.claims.study_rows import StudyRows
from ablate.registry.measures import measure, shown_in
from ablate.report.figures.bands import bands
from ablate.report.figures.critic import critic_charts
from ablate.report.figures.curves import curves_chart
from ablate.report.figures.dots import Dots, dots_chart
from ablate.report.figures.ladder import LadderPart, ladder_part
from ablate.report.figures.response import response_curves
from ablate.report.figures.sample_sheets import Sheet, sample_sheets
from ablate.report.figures.style import Chart
from ablate.report.figures.surfaces import surface_charts
from ablate.report.figures.trajectories import trajectories
from ablate.report.floors import floor_of

MOST_ROWS_OF_DOTS, MOST_CURVES = 40, 10
"""Arms that a figure shows"""

Palette = dict[str, str]
"""Arm → its colour"""


@dataclass(frozen=True)
class StudyCharts:
    """What the page shows of a study, as far as the study has it."""

    ladder: LadderPart | None
    responses: list[Chart]
    trajectories: list[Chart]
    dots: list[Chart]
    learning: list[Chart]
    training: list[Chart]
    critic: list[Chart]
    sheets: list[Sheet]
    surfaces: list[Chart]
    note: str
    """on arms that figures leave out"""


def charts_of(rows: StudyRows, palette: Palette) -> StudyCharts:
    """All of them."""
    arms = _with_curves(rows)
    return StudyCharts(
        ladder=ladder_part(rows),
        responses=response_curves(rows),
        trajectories=trajectories(rows, palette),
        dots=_dots(rows, palette),
        learning=_learning(rows, palette, arms),
        training=_training(rows, palette, arms),
        critic=critic_charts(rows, palette),
        sheets=sample_sheets(rows, palette),
        surfaces=surface_charts(rows, palette),
        note=_note(len(rows.study.arms)),
    )


def _with_curves(rows: StudyRows) -> list[str]:
    """The arms that curves show: those that claims name first."""
    arms = rows.study.arms
    named = [arm for claim in rows.study.claims for arm in claim.arms]
    chosen = [*dict.fromkeys(named), *(arm for arm in arms if arm not in named)][:MOST_CURVES]
    return [arm for arm in arms if arm in chosen]


def _note(arms: int) -> str:
    if arms <= MOST_CURVES:
        return ""
    return (
        f"Of {arms} arms, the curves show {MOST_CURVES}, those that claims name first, "
        f"and the dots the first {MOST_ROWS_OF_DOTS}; the table above holds all results."
    )


def _dots(rows: StudyRows, palette: Palette) -> list[Chart]:
    table, datasets = rows.table, rows.study.datasets
    measured = [of.name for of in shown_in("curves") if of.name in table.columns and table[of.name].notna().any()]
    pairs = [(name, dataset) for name in measured for dataset in datasets]
    if not measured:  # no generator was trained: what the claims are about
        claimed = [claim for claim in rows.study.claims if claim.metric in table.columns]
        pairs = list(dict.fromkeys((claim.metric, dataset) for claim in claimed for dataset in claim.datasets))
    charts = [_dots_of(rows, name, dataset, palette) for name, dataset in pairs]
    return [chart for chart in charts if chart]


def _dots_of(rows: StudyRows, name: str, dataset: str, palette: Palette) -> Chart | None:
    arms = {}
    for arm in rows.study.arms[:MOST_ROWS_OF_DOTS]:
        group = rows.rows(dataset, arm)
        values = group.loc[group["status"] == "done", name].to_numpy(dtype=float)
        dots = Dots(np.sort(values[np.isfinite(values)]), int((group["status"] == "diverged").sum()))
        if dots.count:  # else not measured in this arm, or no runs yet
            arms[arm] = dots
    floor = floor_of(rows.table[rows.table["dataset"] == dataset], name)
    key = f"{rows.study.name}/{dataset}/strip/{name}"
    return dots_chart(arms, measure(name), key, dataset, palette, floor)


def _learning(rows: StudyRows, palette: Palette, arms: list[str]) -> list[Chart]:
    shown = shown_in("curves")
    points = rows.curves_of(tuple(of.name for of in shown))
    charts = []
    for of in shown:
        all_bands = bands(rows, points, of.name, diverged_worst=True)
        for dataset in rows.study.datasets:
            by_arm = {arm: all_bands[dataset, arm] for arm in arms if (dataset, arm) in all_bands}
            ended = any(np.isposinf(band.median).any() for band in by_arm.values())
            note = "; a cross: from here half the runs or more have diverged" if ended else ""
            key = f"{rows.study.name}/{dataset}/{of.name}"
            charts.append(curves_chart(by_arm, of.name, of.scale, key, dataset, palette, note))
    return [chart for chart in charts if chart]


def _training(rows: StudyRows, palette: Palette, arms: list[str]) -> list[Chart]:
    shown = shown_in("training")
    points = rows.curves_of(tuple(of.name for of in shown))
    by_name = {of.name: bands(rows, points, of.name, diverged_worst=False) for of in shown}
    charts = []
    for dataset in rows.study.datasets:
        for of in shown:
            all_bands = by_name[of.name]
            by_arm = {arm: all_bands[dataset, arm] for arm in arms if (dataset, arm) in all_bands}
            key = f"{rows.study.name}/{dataset}/{of.name}"
            charts.append(curves_chart(by_arm, of.summary, of.scale, key, dataset, palette))
    return [chart for chart in charts if chart]
