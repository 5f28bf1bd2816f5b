"""How a metric answers to a factor of the grid: its centers over the levels, a line for each setting of the rest."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ablate.claims.study_rows import StudyRows
from ablate.report.figures.response import response_curves
from tests.support.interval_bars import Interval, log_center
from tests.support.simulated_study import SimulatedResults, SimulatedStudy, tables

LEVELS = (0.1, 1, 10)


def swept(levels: tuple[Any, ...] = LEVELS, factor: str = "lambda_gp") -> tuple[SimulatedStudy, SimulatedResults, dict]:
    """Two arms crossed with a factor, in an order that is not ascending; eight seeds."""
    rng = np.random.default_rng(0)
    order = levels[::-1]
    values = {("ring8", f"{arm} {factor}={x}"): np.exp(rng.normal(size=8)) for arm in ("a", "b") for x in order}
    study, results = tables(values, [])
    factors = {f"{arm} {factor}={x}": {factor: x} for arm in ("a", "b") for x in order}
    return replace(study, factors=factors), results, values


def test_a_response_curve_joins_the_centers_of_an_arm_in_the_order_of_the_levels(intervals: list[Interval]) -> None:
    study, results, values = swept()
    (chart,) = response_curves(StudyRows.of(study, results))
    assert [label for *_, label in intervals] == ["a", "b"]
    for x, y, below, above, arm in intervals:
        assert np.diff(x) == pytest.approx(math.log(10))  # equal ratios are equally far apart
        assert y == pytest.approx([log_center(values["ring8", f"{arm} lambda_gp={level}"]) for level in LEVELS])
        assert (below > 0).all()
        assert (above > 0).all()
    assert chart.caption.startswith("ring8: fid over lambda_gp")
    assert all(re.search(rf">\s*{level:g}\s*<", chart.svg) for level in LEVELS)


def test_narrow_levels_stand_at_equal_differences(intervals: list[Interval]) -> None:
    study, results, _ = swept((1, 3, 5), "n_critic")
    response_curves(StudyRows.of(study, results))
    assert np.diff(intervals[0][0]) == pytest.approx(2)


def test_a_level_without_runs_is_left_out_of_its_line(intervals: list[Interval]) -> None:
    study, results, _ = swept()
    results.runs = results.runs[results.runs["arm"] != "a lambda_gp=1"]
    response_curves(StudyRows.of(study, results))
    assert [len(x) for x, *_ in intervals] == [2, 3]


def test_diverged_runs_are_in_the_center_at_the_worst_value_seen(intervals: list[Interval]) -> None:
    study, results, values = swept()
    lost = results.runs["arm"].eq("a lambda_gp=10") & results.runs["seed"].lt(4)
    results.runs.loc[lost, ["status", "fid"]] = ["diverged", np.nan]
    response_curves(StudyRows.of(study, results))
    worst = results.runs["fid"].max()
    expected = log_center(np.concatenate([values["ring8", "a lambda_gp=10"][4:], [worst] * 4]))
    assert intervals[0][1][-1] == pytest.approx(expected)


@pytest.mark.parametrize(("levels", "factor"), [((0.1, 1), "lr"), (("none", "batch", "layer"), "critic_norm")])
def test_two_levels_or_names_are_no_axis(levels: tuple, factor: str) -> None:
    study, results, _ = swept(levels, factor)
    assert response_curves(StudyRows.of(study, results)) == []
