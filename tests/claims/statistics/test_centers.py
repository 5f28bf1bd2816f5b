"""The one estimator of centres: the page and the comparison at a run's end say the same, with failed runs among them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from ablate.claims.against_reference import against_reference
from ablate.claims.statistics.centers import bounded, centers
from ablate.claims.study_rows import StudyRows
from ablate.registry.measures import measure
from ablate.report.result_tables import result_tables
from ablate.results import numbers
from tests.support.simulated_study import SimulatedClaim, tables

GOOD, BAD = [1.0 + i / 10 for i in range(10)], [8.0 + i for i in range(10)]
VALUES = {("ring8", "a"): GOOD, ("ring8", "b"): BAD, ("digits", "a"): GOOD}
LOST = {("ring8", "a"): range(6)}


def test_page_and_run_end_place_an_arm_with_diverged_runs_at_the_same_centre() -> None:
    study, results = tables(VALUES, [SimulatedClaim()], diverged=LOST)
    rows = StudyRows.of(study, results)
    overlaps = against_reference(results, results, study).overlaps  # type: ignore[arg-type]
    fids = {(of.dataset, of.arm): of.mine for of in overlaps if of.metric == "fid"}
    page = {
        (table.dataset, arm): cells[[name for name, _ in table.columns].index("fid")].center
        for table in result_tables(rows)
        for arm, cells in table.rows
        if (table.dataset, arm) in VALUES
    }
    assert page == {key: numbers.number(center.center) for key, center in fids.items()}
    filled = [max(BAD)] * 6 + GOOD[6:]  # the worst of all arms on the dataset, not of its own
    assert fids["ring8", "a"].center == pytest.approx(math.exp(stats.trim_mean(np.log(filled), 0.25)))
    assert fids["digits", "a"].center == pytest.approx(math.exp(stats.trim_mean(np.log(GOOD), 0.25)))


def test_intervals_of_another_level_are_about_the_same_centre() -> None:
    study, results = tables(VALUES, [SimulatedClaim()], diverged=LOST)
    counted = StudyRows.of(study, results).table.query("dataset == 'ring8'")
    usual, wide = (centers(counted, measure("fid"), level) for level in (0.95, 0.99))
    assert {arm: c.center for arm, c in usual.items()} == {arm: c.center for arm, c in wide.items()}
    assert wide["b"].low < usual["b"].low < usual["b"].center < usual["b"].high < wide["b"].high


def test_a_verdict_does_not_hang_on_arms_that_its_claim_does_not_name() -> None:
    from ablate.claims.decide import decide

    def effect(third: float) -> float:
        values = {**VALUES, ("ring8", "c"): [third] * 10}
        return decide(*tables(values, [SimulatedClaim()], diverged=LOST))[0].effect

    assert effect(1e6) == effect(5.0)


@pytest.mark.parametrize(("better", "worst"), [("precision", 0.2), ("fid", 0.9)])
def test_the_worst_value_is_the_metrics_own_way(better: str, worst: float) -> None:
    values = {("ring8", "a"): [0.5] * 5, ("ring8", "b"): [0.2, 0.9]}
    study, results = tables(values, [], metric=better, diverged={("ring8", "a"): range(5)})
    table = StudyRows.of(study, results).table
    assert centers(table, measure(better))["a"].center == pytest.approx(worst)


def test_where_every_run_diverged_there_is_no_centre() -> None:
    study, results = tables({("ring8", "a"): GOOD}, [], diverged={("ring8", "a"): range(10)})
    table = StudyRows.of(study, results).table
    assert centers(table, measure("fid")) == {}
    assert centers(table, measure("w1")) == {}  # a column that the table does not have
    assert bounded(np.array([np.inf, np.nan]), "ratio") is None
