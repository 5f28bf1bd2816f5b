"""Figures of what critics learned have a panel an arm."""

from __future__ import annotations

from ablate.claims.study_rows import StudyRows
from ablate.report.figures.style import colours
from ablate.report.figures.surfaces import surface_charts
from tests.support.simulated_page import full_study


def test_a_figure_of_surfaces_has_a_panel_for_each_arm_and_none_for_images() -> None:
    study, results = full_study(seeds=5, datasets=("ring8", "digits"))
    rows = StudyRows.of(study, results)
    charts = surface_charts(rows, colours(study.arms))
    assert [chart.caption.partition(":")[0] for chart in charts] == ["ring8"]
    assert all(arm in charts[0].alt for arm in study.arms)
