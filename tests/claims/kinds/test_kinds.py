"""Each kind of test against an independent calculation, and its rule case by case."""

import math

import numpy as np
import pytest
from scipy import stats

from ablate.claims.statistics.center_tests import trimmed_t
from ablate.claims.statistics.rank_tests import sign_test
from tests.support.simulated_study import SimulatedClaim
from tests.support.simulated_verdicts import headline, verdicts

N = 10
SPREAD = np.linspace(-0.05, 0.05, N)


def equivalent(**more):
    return SimulatedClaim(**{"test": "equivalent", "direction": "", "margin": 0.15, **more})


def bound(**more):
    return SimulatedClaim(
        **{"test": "bound", "against": "", "direction": "", "statistic": "iqm", "decide": "every_dataset", **more}
    )


# ── compare against a fixed value ──


def test_the_sign_test_is_the_binomial_test_without_ties():
    values = np.array([0.1, 0.2, 0.5, 0.5, 0.9, -np.inf, 0.3, 0.45])
    outcome = sign_test([values[:3], values[3:]], 0.5)
    assert outcome.p_less == pytest.approx(stats.binomtest(5, 6, alternative="greater").pvalue)
    assert outcome.p_greater == pytest.approx(stats.binomtest(5, 6, alternative="less").pvalue)
    assert outcome.p == pytest.approx(stats.binomtest(5, 6).pvalue)
    assert sign_test([np.full(7, 0.5)], 0.5).p == 1.0


def test_a_fixed_value_is_compared_by_the_sign_test():
    claim = SimulatedClaim(against="", value=2.0)
    outcome = headline({("ring8", "a"): np.exp(SPREAD)}, claim)
    assert outcome.verdict == "reproduced"
    assert outcome.p == pytest.approx(2 * 0.5**N)
    assert outcome.effect == pytest.approx(math.exp(stats.trim_mean(SPREAD, 0.25)) / 2)
    assert (outcome.n, outcome.against, outcome.improvement) == ((N, 0), "2", 1.0)
    assert headline({("ring8", "a"): 4 * np.exp(SPREAD)}, claim).verdict == "contradicted"
    assert headline({("ring8", "a"): np.exp(SPREAD[:4])}, claim).reason.startswith("fewer than 5 seeds (4 of a)")
    assert headline({("ring8", "a"): np.full(N, 2.0)}, claim).reason == "all runs are equal"


# ── equivalent ──


def test_equivalence_is_two_rank_tests_of_values_shifted_by_the_margin():
    rng = np.random.default_rng(0)
    a, b = np.exp(rng.normal(0, 0.1, N)), np.exp(rng.normal(0.05, 0.1, N))
    outcome = headline({("ring8", "a"): a, ("ring8", "b"): b}, equivalent())
    shift = math.log(1.15)
    upper = stats.mannwhitneyu(np.log(a) - shift, np.log(b), alternative="less", method="exact").pvalue
    lower = stats.mannwhitneyu(np.log(a) + shift, np.log(b), alternative="greater", method="exact").pvalue
    assert outcome.p == pytest.approx(2 * max(upper, lower))


@pytest.mark.parametrize(
    ("ratio", "both", "not_worse"),
    [(1.0, "reproduced", "reproduced"), (0.5, "contradicted", "reproduced"), (2.0, "contradicted", "contradicted"),
     (1.15, "inconclusive", "inconclusive")],
)  # fmt: skip
def test_equal_and_not_worse_by_the_margin(ratio, both, not_worse):
    values = {("ring8", "a"): ratio * np.exp(SPREAD), ("ring8", "b"): np.exp(SPREAD)}
    assert headline(values, equivalent()).verdict == both
    assert headline(values, equivalent(direction="less")).verdict == not_worse
    inverse = {key: 1 / value for key, value in values.items()}
    assert headline(inverse, equivalent(direction="greater")).verdict == not_worse


def test_not_worse_than_the_best_takes_every_level_and_pays_for_none():
    rng = np.random.default_rng(1)
    values = {("ring8", arm): np.exp(rng.normal(level, 0.05, N)) for arm, level in zip("abcd", (0, 0, 0.5, 0.02))}  # noqa: B905
    outcome = headline(values, equivalent(against="", rivals=tuple("bcd"), direction="less"))
    shifted = np.log(values["ring8", "a"]) - math.log(1.15)
    p = {
        way: [
            stats.mannwhitneyu(shifted, np.log(values["ring8", arm]), alternative=way, method="exact").pvalue
            for arm in "bcd"
        ]
        for way in ("less", "greater")
    }
    assert outcome.p == pytest.approx(2 * max(p["less"]))
    assert outcome.verdict == "reproduced"
    assert outcome.against == "best of b, c, d"
    assert outcome.n == (N, 3 * N)
    pairs = [headline(values, equivalent(against=arm, direction="less")) for arm in "bcd"]
    assert outcome.effect == pytest.approx(max(pair.effect for pair in pairs))
    assert outcome.high == pytest.approx(max(pair.high for pair in pairs), rel=0.02)  # other resamples

    values["ring8", "d"] = np.exp(rng.normal(-0.5, 0.05, N))  # one level is decidedly better
    worse = headline(values, equivalent(against="", rivals=tuple("bcd"), direction="less"))
    least = stats.mannwhitneyu(shifted, np.log(values["ring8", "d"]), alternative="greater", method="exact").pvalue
    assert worse.p == pytest.approx(min(1.0, 2 * 3 * least))
    assert worse.verdict == "contradicted"


def test_a_level_with_too_few_seeds_decides_nothing():
    values = {("ring8", arm): np.exp(SPREAD) for arm in "abc"} | {("ring8", "c"): np.exp(SPREAD[:4])}
    outcome = headline(values, equivalent(against="", rivals=("b", "c"), direction="less"))
    assert outcome.verdict == "inconclusive"
    assert "fewer than 5 seeds (4 of c)" in outcome.reason


def test_equal_constants_are_equivalent_without_a_nan():
    outcome = headline({("ring8", "a"): np.full(N, 8.0), ("ring8", "b"): np.full(N, 8.0)}, equivalent())
    assert outcome.verdict == "reproduced"
    assert (outcome.effect, outcome.low, outcome.high) == (1.0, 1.0, 1.0)


# ── bound ──


def test_the_trimmed_t_is_that_of_winsorised_values():
    values = np.random.default_rng(2).normal(1, 1, 12)
    error = stats.mstats.trimmed_stde(values, limits=(0.25, 0.25))
    t = (stats.trim_mean(values, 0.25) - 0.7) / error
    above, below = trimmed_t(values, 0.7, 3)
    assert above == pytest.approx(stats.t.sf(t, 12 - 6 - 1))
    assert below == pytest.approx(stats.t.cdf(t, 5))
    above, _ = trimmed_t(values, 0.7, 0)
    assert above == pytest.approx(stats.ttest_1samp(values, 0.7, alternative="greater").pvalue)


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.9, 1.1, "reproduced"), (0.9, None, "reproduced"), (None, 1.1, "reproduced"), (1.2, None, "contradicted"),
     (None, 0.8, "contradicted"), (1.0, 1.1, "inconclusive")],
)  # fmt: skip
@pytest.mark.parametrize("statistic", ["iqm", "mean", "median"])
def test_a_bound_is_reproduced_inside_and_contradicted_outside(statistic, low, high, verdict):
    values = {("ring8", "a"): 1 + SPREAD}
    outcome = headline(values, bound(low=low, high=high, statistic=statistic))
    assert outcome.verdict == verdict
    assert (outcome.scale, outcome.n) == ("value", (N, 0))
    assert headline({("ring8", "a"): 1 + SPREAD[:4]}, bound(low=low, high=high)).verdict == "inconclusive"


def test_a_medians_interval_is_that_of_order_statistics():
    values = np.arange(1.0, 11.0)
    outcome = headline({("ring8", "a"): values}, bound(low=0.0, statistic="median"))
    assert (outcome.effect, outcome.low, outcome.high) == (5.5, 2.0, 9.0)  # n = 10: the second and the ninth, tabulated
    assert outcome.p == pytest.approx(2 * 0.5**N)


def test_a_share_is_tested_by_the_binomial_test_with_clopper_and_pearsons_interval():
    values = {("ring8", "a"): [1.0] * 28 + [5.0, 5.0]}
    outcome = headline(values, bound(low=0.6, statistic="share", within=(0.8, 1.2)), diverged={("ring8", "a"): [0]})
    reference = stats.binomtest(27, 30, 0.6, alternative="greater").pvalue
    interval = stats.binomtest(27, 30).proportion_ci(0.95, "exact")
    assert outcome.p == pytest.approx(2 * reference)
    assert (outcome.low, outcome.high) == pytest.approx((interval.low, interval.high))
    assert outcome.verdict == "reproduced"
    assert headline(values, bound(high=0.3, statistic="share", within=(0.8, 1.2))).verdict == "contradicted"
    lost = headline(values, bound(metric="diverged", high=0.4, statistic="share"))
    assert (lost.effect, lost.verdict) == (0.0, "reproduced")


def test_equal_values_are_judged_as_a_sign_test_would():
    outcome = headline({("ring8", "a"): [1.0] * 8}, bound(metric="share", low=1.0), metric="share")
    assert outcome.p == pytest.approx(2 * 0.5**8)
    assert outcome.verdict == "reproduced"
    assert headline({("ring8", "a"): [1.0] * 5}, bound(low=0.5)).verdict == "inconclusive"  # p = 0.0625


def test_an_interquartile_mean_stands_a_quarter_of_diverged_runs_and_a_mean_none():
    values = {("ring8", "a"): 1 + SPREAD}
    two, three = ({("ring8", "a"): range(lost)} for lost in (2, 3))
    assert headline(values, bound(low=0.5, high=2), diverged=two).verdict == "reproduced"
    assert "3 of 10 runs diverged" in headline(values, bound(low=0.5, high=2), diverged=three).reason
    mean = headline(values, bound(low=0.5, high=2, statistic="mean"), diverged=two)
    assert mean.verdict == "inconclusive"
    median = headline(values, bound(high=2, statistic="median"), diverged={("ring8", "a"): range(10)})
    assert median.verdict == "contradicted"  # diverged runs are beyond every bound


def test_a_bound_on_every_dataset_takes_all_of_them_and_one_is_enough_against_it():
    both = ("ring8", "digits")
    good = {(d, "a"): 1 + SPREAD for d in both}
    assert headline(good, bound(low=0.9, datasets=both)).verdict == "reproduced"
    half = good | {("digits", "a"): 0.9 + SPREAD}
    outcome = verdicts(half, bound(low=0.9, datasets=both))
    assert outcome["c", "ring8"].verdict == "reproduced"
    assert outcome["c", "pooled"].verdict == "inconclusive"
    bad = good | {("digits", "a"): 0.5 + SPREAD}
    outcome = verdicts(bad, bound(low=0.9, datasets=both))["c", "pooled"]
    assert outcome.verdict == "contradicted"
    assert "but reproduced on ring8" in outcome.reason


# ── identity ──


def identity(**more):
    return SimulatedClaim(
        **{"test": "identity", "against": "", "direction": "", "value": 0.0, "tolerance": 1e-6,
           "decide": "every_dataset", **more}
    )  # fmt: skip


def test_an_identity_holds_in_every_run_or_not_at_all():
    exact, off = [1e-8, 0.0, -1e-7], [0.0, 0.0, 0.3]
    outcome = headline({("ring8", "a"): exact}, identity())
    assert outcome.verdict == "reproduced"
    assert math.isnan(outcome.p)
    assert (outcome.low, outcome.high) == (-1e-7, 1e-8)
    assert headline({("ring8", "a"): off}, identity()).reason == "in 1 of 3 runs it differs"
    assert headline({("ring8", "a"): [0.2, -0.3]}, identity(equal=False)).verdict == "reproduced"
    assert headline({("ring8", "a"): off}, identity(equal=False)).verdict == "contradicted"
    assert headline({("ring8", "a"): [0.0, None]}, identity()).reason == "1 of 2 runs are missing"
    assert headline({("ring8", "a"): exact}, identity(), diverged={("ring8", "a"): [0]}).verdict == "inconclusive"
    assert headline({("ring8", "a"): [None]}, identity()).verdict == "inconclusive"


def test_an_identity_and_a_waiting_claim_are_no_tests_that_others_pay_for():
    values = {("ring8", "a"): np.exp(SPREAD), ("ring8", "b"): 2 * np.exp(SPREAD)}
    claims = [SimulatedClaim(id="c"), identity(id="i"), SimulatedClaim(id="w", waits="needs a CUDA device")]
    outcome = verdicts(values, *claims)
    assert outcome["c", "pooled"].p_adjusted == outcome["c", "pooled"].p
    assert (outcome["w", "pooled"].verdict, outcome["w", "pooled"].reason) == ("waiting", "needs a CUDA device")
    assert ("w", "ring8") not in outcome


def test_any_dataset_pays_for_the_choice_with_its_interval_too():
    rng = np.random.default_rng(5)
    both = ("ring8", "digits")
    values = {(d, arm): np.exp(rng.normal(arm == "b", 0.5, N)) for d in both for arm in "ab"}
    outcome = verdicts(values, SimulatedClaim(datasets=both, decide="any_dataset"))
    chosen = outcome["c", outcome["c", "pooled"].datasets[0]]
    assert outcome["c", "pooled"].low < chosen.low
    assert outcome["c", "pooled"].high > chosen.high
