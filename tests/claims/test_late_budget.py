"""Which arms still improve, which verdicts that limits, and where the effect goes: against lines fitted by numpy."""

import numpy as np
import pytest
from scipy import stats

from ablate.claims.along_training import decide_along
from ablate.claims.late_budget import _opponent, late, signed_rank_p
from ablate.claims.study_rows import StudyRows
from tests.support.courses import study_along
from tests.support.simulated_study import SimulatedClaim

STEPS = np.arange(100, 1000, 100)


def falling(change, noise=0.01, n=8, seed=0, level=0.0, count=9):
    """Log fid that falls by a constant slope: by `change` over a third of the training."""
    rng = np.random.default_rng(seed)
    steps = np.arange(1, count + 1) / count
    return np.exp(level + 3 * change * steps + rng.normal(0, noise, (n, count)))


def word(values, metric="fid"):
    study, results = study_along({("ring8", "a"): values}, STEPS[: values.shape[1]], SimulatedClaim(), metric=metric)
    return late(StudyRows.of(study, results), metric, "ring8", "a")


@pytest.mark.parametrize(
    ("change", "noise", "expected"),
    [
        (-0.3, 0.01, "improving"),
        (0.3, 0.01, "worsening"),
        (0.0, 0.01, "level"),
        (-0.08, 0.02, "slow"),
        (0.0, 1.0, "noisy"),
    ],
)
def test_each_word_has_its_rule(change, noise, expected):
    values = falling(change, noise)
    slopes = [np.polyfit(STEPS[-3:] / STEPS[-1], np.log(row[-3:]), 1)[0] / 3 for row in values]
    flag = word(values)
    assert flag.change == pytest.approx(np.expm1(np.median(slopes)))
    better, worse = (stats.wilcoxon(slopes, alternative=way).pvalue < 0.05 for way in ("less", "greater"))
    low, high = np.expm1(np.sort(slopes)[[0, -1]])  # of 8 runs, the exact 95 % interval of a median
    rule = {
        "improving": better and flag.change < -0.1,
        "worsening": worse and flag.change > 0.1,
        "level": low >= -0.1 and high <= 0.1,
        "slow": better and not flag.change < -0.1,
        "noisy": not better and not worse,
    }
    assert rule[expected]
    assert flag.word == expected


def test_more_is_an_improvement_where_more_is_better():
    assert word(np.linspace(0.2, 0.8, 9) + np.zeros((6, 1)), "mode_coverage").word == "improving"
    assert word(np.linspace(0.8, 0.2, 9) + np.zeros((6, 1)), "mode_coverage").word == "worsening"


def test_of_fewer_evaluations_the_last_half_is_taken_and_of_four_nothing_is_said():
    bent = falling(-0.3, count=5)
    bent[:, 2:] = bent[:, [2]]  # level from the middle on
    assert word(bent).word == "level"
    assert word(falling(-0.3, count=4)) is None


def test_a_run_that_diverged_got_worse_and_too_few_runs_say_nothing():
    values = falling(-0.3)
    values[:3, 6:] = np.nan
    assert word(values).word == "noisy"
    assert word(falling(-0.3, n=4)).word == "noisy"  # 4 runs have no one-sided p below 0.06


def test_a_metric_of_which_no_way_is_better_has_no_word():
    assert word(falling(-0.3), "critic_loss") is None


def test_the_signed_rank_test_is_scipys_with_infinities_last():
    assert signed_rank_p(np.array([-1.0, -2.0, -3.0, np.inf])) == pytest.approx(
        stats.wilcoxon([-1, -2, -3, 99], alternative="less").pvalue
    )
    assert signed_rank_p(np.zeros(5)) == 1.0


def told(values, claim, steps=STEPS):
    study, results = study_along(values, steps, claim)
    return decide_along(study, StudyRows.of(study, results))[0][0]


@pytest.mark.parametrize(
    ("a", "b", "limited"),
    [
        ((0.0, -3.0), (-0.3, 0.0), "yes"),  # b is worse and improves
        ((-0.3, -3.0), (0.0, 0.0), "no"),  # the better arm improves: it would only lead by more
        ((-0.3, 3.0), (0.0, 0.0), "yes"),  # contradicted: a is the worse one
        ((0.0, 0.0), (0.0, 0.0), ""),  # nothing is decided
    ],
)
def test_a_verdict_is_limited_by_the_budget_where_the_arm_that_loses_improves(a, b, limited):
    values = {("ring8", arm): falling(change, level=level, seed=seed)
              for seed, (arm, (change, level)) in enumerate({"a": a, "b": b}.items())}  # fmt: skip
    verdict = told(values, SimulatedClaim())
    words = {-0.3: "improving", 0.0: "level"}
    assert verdict.budget == (words[a[0]], words[b[0]])
    assert verdict.budget_limited == limited


def test_of_several_datasets_each_is_named_and_one_is_enough():
    slow, still = falling(-0.3, seed=1), falling(0.0, seed=2)
    values = {("ring8", "a"): falling(0.0, level=-3), ("ring8", "b"): slow,
              ("grid25", "a"): falling(0.0, level=-3, seed=3), ("grid25", "b"): still}  # fmt: skip
    verdict = told(values, SimulatedClaim(datasets=("ring8", "grid25")))
    assert verdict.budget == ("level", "improving on ring8; level on grid25")
    assert verdict.budget_limited == "yes"


def test_not_worse_than_the_best_is_limited_only_where_it_is_contradicted():
    values = {
        ("ring8", "a"): falling(-0.3, level=3),
        ("ring8", "b"): falling(0.0),
        ("ring8", "c"): falling(0.0, level=1),
    }
    claim = SimulatedClaim(test="equivalent", margin=0.15, against="", rivals=("b", "c"))
    worse = told(values, claim)
    assert (worse.verdict, worse.budget, worse.budget_limited) == ("contradicted", ("improving", "level"), "yes")
    values["ring8", "a"] = falling(-0.3, level=-3)
    better = told(values, claim)
    assert (better.verdict, better.budget_limited) == ("reproduced", "")


def power_law(start, slope, n=8, seed=0):
    """Log fid that follows a straight line in log steps."""
    noise = np.random.default_rng(seed).normal(0, 0.02, (n, 9))
    return np.exp(start + slope * np.log(STEPS / STEPS[-1]) + noise)


@pytest.mark.parametrize(
    ("start", "slope", "trend"), [(-1.0, -0.8, "growing"), (-1.0, 0.0, "steady"), (-1.0, 0.8, "shrinking")]
)
def test_the_effect_grows_or_shrinks_in_log_steps(start, slope, trend):
    values = {("ring8", "a"): power_law(start, slope), ("ring8", "b"): power_law(0.0, 0.0, seed=1)}
    verdict = told(values, SimulatedClaim(margin=0.1))
    assert verdict.effect_trend == trend
    # −1 + 0.8 log(t / T) meets −log 1.1 at t = T exp((1 − log 1.1) / 0.8); the noise moves the slope by some parts in 100
    expected = STEPS[-1] * np.exp((1 - np.log(1.1)) / 0.8) if trend == "shrinking" else None
    assert verdict.meets_margin_at == (expected and pytest.approx(expected, rel=0.15))


def test_no_step_is_told_beyond_ten_times_the_training():
    values = {("ring8", "a"): power_law(-3.0, 0.8), ("ring8", "b"): power_law(0.0, 0.0, seed=1)}
    verdict = told(values, SimulatedClaim())
    assert (verdict.effect_trend, verdict.meets_margin_at) == ("shrinking", None)


def test_a_rival_of_which_no_run_came_to_the_end_is_not_the_best():
    rng = np.random.default_rng(0)
    lost, fine, own = (np.exp(rng.normal(level, 0.1, (8, 9))) for level in (-9.0, 0.0, 1.0))
    lost[:, -1] = np.nan
    values = {("ring8", arm): of for arm, of in (("lost", lost), ("fine", fine), ("a", own))}
    study, results = study_along(values, STEPS, SimulatedClaim())
    claim = SimulatedClaim(test="equivalent", margin=0.15, against="", rivals=("lost", "fine"))
    assert _opponent(StudyRows.of(study, results), claim, ["ring8"]) == "fine"
