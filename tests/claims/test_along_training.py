"""A verdict along training is that of tables which end earlier; it is sustained where all of the second half says so."""

import numpy as np
import pytest
from scipy import stats

from ablate.claims.along_training import decide_along, has_course, second_half
from ablate.claims.decide import decide
from ablate.claims.study_rows import StudyRows
from tests.support.courses import study_along
from tests.support.simulated_study import SimulatedClaim

STEPS = (100, 200, 300, 400, 500, 600)


def along(values, *claims, steps=STEPS):
    study, results = study_along(values, steps, *claims)
    return decide_along(study, StudyRows.of(study, results))


def levels(a, n=8, seed=0):
    """Arm a at a level of log fid for each evaluation, against b at 0; runs scatter by 0.3."""
    rng = np.random.default_rng(seed)
    return {
        ("ring8", "a"): np.exp(np.asarray(a) + rng.normal(0, 0.3, (n, len(a)))),
        ("ring8", "b"): np.exp(rng.normal(0, 0.3, (n, len(a)))),
    }


def test_each_evaluation_has_the_verdict_of_tables_that_end_there():
    claims = (SimulatedClaim(margin=0.1), SimulatedClaim("d", test="equivalent", direction="", margin=0.5))
    values = levels([0.0, -0.2, -0.5, -1, -1, -1.5])
    verdicts, courses = along(values, *claims)
    for count in range(1, len(STEPS)):
        cut = {key: matrix[:, :count] for key, matrix in values.items()}
        expected = decide(*study_along(cut, STEPS[:count], *claims))
        for i, place in ((0, 0), (1, 2)):
            got, told = courses[i, "pooled"].verdicts[count - 1], expected[place]
            assert (got.verdict, got.effect, got.low, got.p_adjusted) == (
                told.verdict, pytest.approx(told.effect), pytest.approx(told.low), pytest.approx(told.p_adjusted),
            )  # fmt: skip
    assert courses[0, "pooled"].verdicts[-1] == verdicts[0]
    assert courses[0, "ring8"].steps.tolist() == list(STEPS)


def test_it_is_sustained_where_the_second_half_agrees_and_stands_since_the_first_of_a_run_of_one_word():
    whole = along(levels([0, 0, -2, -2, -2, -2]), SimulatedClaim())[0][0]
    assert (whole.verdict, whole.sustained, whole.since_step) == ("reproduced", "yes", 300)
    late = along(levels([-2, -2, -2, -2, 0, -2]), SimulatedClaim())[0][0]
    assert (late.verdict, late.sustained, late.since_step) == ("reproduced", "no", 600)
    open_still = along(levels([-2, -2, 0, 0, 0, 0]), SimulatedClaim())[0][0]
    assert (open_still.verdict, open_still.sustained, open_still.since_step) == ("inconclusive", "", 300)


def test_the_largest_p_of_the_second_half_counts_after_holms_correction():
    values = levels([-2, -2, -2, -2, -0.4, -2], n=6, seed=2)  # one evaluation of six where p is little below 0.05
    p = stats.mannwhitneyu(values["ring8", "a"][:, 4], values["ring8", "b"][:, 4], method="exact").pvalue
    assert 0.025 < p < 0.05
    verdicts, courses = along(values, SimulatedClaim())
    assert [verdict.verdict for verdict in courses[0, "pooled"].verdicts] == ["reproduced"] * 6
    assert verdicts[0].sustained == "yes"
    rng = np.random.default_rng(0)
    values |= {("ring8", arm): np.exp(rng.normal(0, 1, (6, 6))) for arm in "cd"}
    both = along(values, SimulatedClaim(), SimulatedClaim("other", arm="c", against="d"))[0][0]
    assert (both.verdict, both.sustained, both.since_step) == ("reproduced", "no", 600)


def test_the_second_half_holds_the_middle_of_an_odd_number():
    assert [second_half(count) for count in (4, 5, 10)] == [2, 3, 5]


def test_a_claim_without_a_curve_or_with_arms_that_were_measured_at_other_points_has_no_course():
    assert not has_course(SimulatedClaim(metric="diverged"))
    assert not has_course(SimulatedClaim(at="any"))
    assert has_course(SimulatedClaim(at="tail"))
    values = levels([-2] * 6)
    study, results = study_along(values, STEPS, SimulatedClaim())
    few = results.curves["run_id"].str.contains("-b-") & (results.curves["generator_step"] > 400)
    results.curves = results.curves[~few]
    verdicts, courses = decide_along(study, StudyRows.of(study, results))
    assert not courses
    assert (verdicts[0].verdict, verdicts[0].sustained, verdicts[0].since_step) == ("reproduced", "", None)


def test_over_datasets_with_other_steps_no_step_is_told_for_all_of_them():
    both = levels([-2] * 6)
    values = both | {("grid25", arm): both["ring8", arm] for arm in "ab"}
    claim = SimulatedClaim(datasets=("ring8", "grid25"))
    study, results = study_along(values, STEPS, claim)
    twice = results.curves["run_id"].str.startswith("grid25")
    results.curves.loc[twice, "generator_step"] *= 2
    verdicts, _ = decide_along(study, StudyRows.of(study, results))
    assert [verdict.since_step for verdict in verdicts] == [None, 100, 200]
    assert {verdict.sustained for verdict in verdicts} == {"yes"}


def test_the_decision_itself_is_that_of_decide():
    study, results = study_along(levels([0, 0, 0, -1, -1, -1]), STEPS, SimulatedClaim(), SimulatedClaim("d", at="best"))
    for told, plain in zip(decide_along(study, StudyRows.of(study, results))[0], decide(study, results), strict=True):
        names = ("verdict", "reason", "p_adjusted", "low", "high")
        assert [getattr(told, name) for name in names] == [getattr(plain, name) for name in names]
