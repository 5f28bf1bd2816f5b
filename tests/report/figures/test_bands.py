"""Learning curves of many seeds become a median and quartiles."""

from __future__ import annotations

import math

import pandas as pd

from ablate.claims.study_rows import StudyRows
from ablate.report.figures.bands import bands
from tests.support.simulated_study import tables


def test_bands_are_quartiles_and_a_diverged_run_is_worst_after_its_end() -> None:
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


def test_a_run_that_diverged_before_its_first_point_is_in_the_band() -> None:
    study, results = tables({("ring8", "a"): [1.0] * 3}, [], diverged={("ring8", "a"): [1, 2]})
    results.curves = pd.DataFrame(
        [("ring8-a-0", 10, 1.0)], columns=["run_id", "generator_step", "value"]
    ).assign(critic_step=0, seconds=0.0, metric="fid")  # fmt: skip
    rows = StudyRows.of(study, results)
    band = bands(rows, rows.curves_of(("fid",)), "fid", diverged_worst=True)["ring8", "a"]
    assert (band.median.tolist(), band.high.tolist()) == ([math.inf], [math.inf])
    assert bands(rows, rows.curves_of(("fid",)), "fid", diverged_worst=False)["ring8", "a"].median.tolist() == [1.0]
