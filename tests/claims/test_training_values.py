"""What a claim takes of a metric along training: the tail, the best, and the rows as they were at an earlier evaluation."""

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from ablate.claims.decide import decide
from ablate.claims.study_rows import StudyRows
from ablate.claims.training_values import courses_of, rows_at, taken, values_at
from ablate.registry.measures import measure
from ablate.results.tables import Results, study_as_run
from tests.support.courses import study_along
from tests.support.simulated_study import SimulatedClaim

STEPS = (10, 20, 30, 40, 50, 60, 70, 80, 90)
COMMITTED = Path("results/gp_vs_clip")


@pytest.mark.parametrize("metric", ["fid", "w1"])
def test_the_tail_is_the_number_that_training_itself_records(metric):
    results = Results.read(COMMITTED)
    rows = StudyRows.of(study_as_run(results), results)
    compared = 0
    for dataset, arm in rows.groups:
        recorded = rows.rows(dataset, arm)[f"tail_{metric}"].to_numpy(dtype=float)
        if np.isfinite(recorded).all():
            assert values_at(rows, metric, dataset, arm, "tail") == pytest.approx(recorded, rel=1e-6)
            compared += len(recorded)
    assert compared >= 40


def test_the_tail_is_geometric_for_a_ratio_and_the_best_is_the_metrics_own():
    values = np.array([[9.0, 1.0, 2.0, 4.0], [1.0, np.nan, 3.0, 5.0]])
    nine = np.hstack([np.full((2, 5), 9.0), values])
    assert taken(nine, "tail", measure("fid"))[0] == pytest.approx(2.0)
    assert taken(nine, "tail", measure("mode_coverage"))[0] == pytest.approx(7 / 3)
    assert taken(values, "best", measure("fid")).tolist() == [1.0, 1.0]
    assert taken(values, "best", measure("mode_coverage")).tolist() == [9.0, 5.0]
    assert taken(values, "end", measure("fid")).tolist() == [4.0, 5.0]
    gone = np.hstack([nine[1:, :6], [[0.0, 1.0, 1.0]]])  # no logarithm of 0
    assert np.isnan(taken(gone, "tail", measure("fid"))).all()


@pytest.mark.parametrize("at", ["tail", "best"])
def test_a_claim_is_decided_by_what_it_takes(at):
    rng = np.random.default_rng(0)
    a, b = (np.exp(rng.normal(level, 0.5, (6, 9))) for level in (-1.0, 0.0))
    study, results = study_along({("ring8", "a"): a, ("ring8", "b"): b}, STEPS, SimulatedClaim(at=at))
    first, second = ((stats.gmean(values[:, -3:], axis=1) if at == "tail" else values.min(axis=1)) for values in (a, b))
    verdict = decide(study, results)[0]
    centers = [np.sort(np.log(values))[1:-1].mean() for values in (first, second)]
    assert verdict.effect == pytest.approx(np.exp(centers[0] - centers[1]), rel=1e-6)
    assert verdict.improvement == pytest.approx(np.mean(first[:, None] < second))
    assert verdict.at == at
    if verdict.method == "exact":
        assert verdict.p == pytest.approx(stats.mannwhitneyu(first, second, method="exact").pvalue, rel=1e-6)


def test_a_run_that_diverged_is_the_worst_at_the_end_and_itself_before():
    a = np.ones((5, 9))
    a[0, 4:] = np.nan
    study, results = study_along(
        {("ring8", "a"): a, ("ring8", "b"): 2 * np.ones((5, 9))}, STEPS, SimulatedClaim(at="tail")
    )
    rows = StudyRows.of(study, results)
    assert decide(study, results)[0].diverged == (1, 0)
    status = [rows_at(rows, "fid", "end", back).rows("ring8", "a")["status"].tolist() for back in (4, 5)]
    assert status == [["diverged", *["done"] * 4], ["done"] * 5]
    assert rows_at(rows, "fid", "end", 5).rows("ring8", "b")["fid"].tolist() == [2.0] * 5


def test_a_generator_that_is_held_is_measured_along_critic_steps():
    values = {("ring8", "a"): np.ones((2, 3))}
    study, results = study_along(values, (1, 2, 3), SimulatedClaim())
    held = results.curves.assign(critic_step=results.curves["generator_step"] * 5, generator_step=7)
    results.curves = held
    course = courses_of(StudyRows.of(study, results), "fid")["ring8", "a"]
    assert course.steps.tolist() == [5.0, 10.0, 15.0]
    assert course.values.shape == (2, 3)


def test_a_run_is_lost_at_the_evaluation_at_which_it_is_also_where_the_best_is_taken():
    fid = np.exp(np.random.default_rng(0).normal(0, 1, (6, 9)))
    fid[0, 6:] = np.nan
    study, results = study_along({("ring8", "a"): fid, ("ring8", "b"): fid + 1}, STEPS, SimulatedClaim(at="best"))
    rows = StudyRows.of(study, results)
    for back, status in ((0, "diverged"), (2, "diverged"), (3, "done")):
        assert rows_at(rows, "fid", "best", back).rows("ring8", "a")["status"].iloc[0] == status


def test_what_is_known_before_training_is_known_at_every_evaluation():
    fid = np.exp(np.random.default_rng(0).normal(0, 1, (6, 9)))
    study, results = study_along({("ring8", "a"): fid}, STEPS, SimulatedClaim())
    results.runs = results.runs.assign(untrained_fid=7.0)
    earlier = rows_at(StudyRows.of(study, results), "fid", "end", 3).table
    assert (earlier["untrained_fid"] == 7.0).all()
    assert "seconds" not in earlier.columns
