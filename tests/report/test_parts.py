"""Bands, bars, tiles and numbers of the page."""

import math
import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ablate.claims.decide import decide
from ablate.claims.study_rows import StudyRows
from ablate.report import summaries
from ablate.report.board import board
from ablate.report.figures import style as figures
from ablate.report.figures import surfaces
from ablate.report.figures.bands import bands
from ablate.results import numbers
from tests.support.simulated_page import full_study
from tests.support.simulated_study import SimulatedClaim, tables


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.123456, "0.123"), (-2.5, "−2.5"), (1234.6, "1,235"), (math.nan, "–"), (math.inf, "∞"),
     (2.0e-7, "2.00e−7"), (99.96, "100")],
)  # fmt: skip
def test_numbers_have_three_digits(value, text):
    assert numbers.number(value) == text


def test_bands_are_quartiles_and_a_diverged_run_is_worst_after_its_end():
    study, results = tables({("ring8", "a"): [1.0] * 5}, [], diverged={("ring8", "a"): [4]})
    points = [(f"ring8-a-{s}", step, float(s + step)) for s in range(5) for step in (10, 20) if (s, step) != (4, 20)]
    results.curves = pd.DataFrame(points, columns=["run_id", "generator_step", "value"]).assign(
        critic_step=0, seconds=0.0, metric="fid"
    )
    rows = StudyRows.of(study, results)
    band = bands(rows, rows.curves_of(("fid",)), "fid", diverged_worst=True)["ring8", "a"]
    assert band.median.tolist() == [12.0, 22.0]
    assert band.high.tolist() == [13.0, 23.0]
    results.runs["status"] = "diverged"
    rows = StudyRows.of(study, results)
    results.curves = results.curves[results.curves["generator_step"].eq(10) | results.curves["run_id"].eq("ring8-a-0")]
    band = bands(rows, rows.curves_of(("fid",)), "fid", diverged_worst=True)["ring8", "a"]
    assert band.median.tolist() == [12.0, math.inf]


def test_a_run_that_diverged_before_its_first_point_is_in_the_band():
    study, results = tables({("ring8", "a"): [1.0] * 3}, [], diverged={("ring8", "a"): [1, 2]})
    results.curves = pd.DataFrame(
        [("ring8-a-0", 10, 1.0)], columns=["run_id", "generator_step", "value"]
    ).assign(critic_step=0, seconds=0.0, metric="fid")  # fmt: skip
    rows = StudyRows.of(study, results)
    band = bands(rows, rows.curves_of(("fid",)), "fid", diverged_worst=True)["ring8", "a"]
    assert (band.median.tolist(), band.high.tolist()) == ([math.inf], [math.inf])
    assert bands(rows, rows.curves_of(("fid",)), "fid", diverged_worst=False)["ring8", "a"].median.tolist() == [1.0]


def test_a_name_that_begins_with_an_underscore_is_in_the_legend():
    steps = np.array([1.0, 2.0])
    found = figures.curves(
        {"_a": figures.Band(steps, steps, steps, steps)}, "fid", "ratio", "key", "ring8", {"_a": "#2f7fc1"}
    )  # fmt: skip
    assert re.search(r">\s*_a\s*<", found.svg)


def test_a_bar_is_on_the_right_when_it_speaks_for_the_claim():
    low, high = [1.0 + 0.01 * i for i in range(8)], [2.0 + 0.01 * i for i in range(8)]
    for direction, right in (("less", True), ("greater", False)):
        study, results = tables({("ring8", "a"): low, ("ring8", "b"): high}, [SimulatedClaim(direction=direction)])
        bar = board(decide(study, results))[0].lines[0].forest
        assert (bar.effect > 50) == right
        assert bar.low <= bar.effect <= bar.high


def test_result_tables_hold_the_interquartile_mean_with_diverged_runs_at_the_worst():
    a = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
    study, results = tables({("ring8", "a"): a, ("ring8", "b"): [20.0] * 8}, [], diverged={("ring8", "a"): [0]})
    table = summaries.result_tables(StudyRows.of(study, results))[0]
    assert [name for name, _ in table.columns] == ["runs", "diverged", "fid", "time"]
    cells = dict(table.rows)["a"]
    expected = math.exp(stats.trim_mean(np.log([*a[1:], 20.0]), 0.25))
    assert cells[2].center == numbers.number(expected)
    assert cells[1].center == "1 of 8"


def test_only_settings_that_differ_are_columns_of_the_arms():
    study, results = full_study(seeds=1, datasets=("ring8",), missing=False)
    differ, arms, shared = summaries.settings_tables(StudyRows.of(study, results))
    assert differ == ["loss", "lipschitz", "lambda_gp", "clip_value"]
    assert dict(arms)["wgan_gp"] == ["wasserstein", "gradient_penalty", "10", "–"]
    assert ("n_critic", "5") in shared


def test_colours_are_legible_on_both_backgrounds():
    def luminance(colour):
        parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]

    for colour in figures.PALETTE:
        for background in ("#ffffff", "#14171b"):
            light, dark = sorted((luminance(colour), luminance(background)), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 3  # WCAG 2.1, 1.4.11: graphics


def test_a_figure_of_surfaces_has_a_panel_for_each_arm_and_none_for_images() -> None:
    study, results = full_study(seeds=5, datasets=("ring8", "digits"))
    rows = StudyRows.of(study, results)
    found = surfaces.drawings(rows, figures.colours(study.arms))
    assert [drawing.caption.partition(":")[0] for drawing in found] == ["ring8"]
    assert all(arm in found[0].alt for arm in study.arms)
