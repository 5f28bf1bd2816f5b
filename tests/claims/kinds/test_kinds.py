"""Each kind of test against an independent calculation, and its rule case by case."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ablate.claims.decide import decide
from ablate.claims.judgement import FEWEST_SEEDS
from ablate.claims.kinds.trend import Trend
from ablate.claims.statistics.bootstrap import LEVEL
from ablate.claims.statistics.center_tests import trimmed_t
from ablate.claims.statistics.rank_tests import sign_test
from ablate.claims.values import Samples
from tests.support.simulated_study import SimulatedClaim, tables

N = 10
SPREAD = np.linspace(-0.05, 0.05, N)


def verdicts(values, *claims, metric="fid", **more):
    study, results = tables(values, list(claims), metric=metric, **more)
    return {(verdict.claim, verdict.dataset): verdict for verdict in decide(study, results)}


def headline(values, claim, **more):
    return verdicts(values, claim, **more)["c", "pooled"]


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


# ── trend ──


def on_ladder(levels, direction="greater", **more):
    ladder = tuple((float(i), f"l{i}") for i in range(levels))
    return SimulatedClaim(
        test="trend", arm="factor", against="", direction=direction, factor="lr", ladders=(ladder,), **more
    )


def test_a_trend_over_a_factor_is_spearmans_coefficient_and_p_is_the_share_of_deals():
    values = [np.array([1.0, 4.0]), np.array([2.0, 3.0, 3.0]), np.array([5.0, 6.0])]
    samples = Samples(
        np.concatenate(values), None, "difference", "iqm", (0, 0), (0, 0), ladders=(tuple(enumerate(values)),)
    )
    outcome = Trend().weigh(on_ladder(3), [("ring8", samples)], LEVEL)
    levels = np.repeat([0, 1, 2], [2, 3, 2])
    reference = stats.spearmanr(levels, samples.arm).statistic
    assert outcome.effect == pytest.approx(reference)
    deals = [stats.spearmanr(levels, deal).statistic for deal in itertools.permutations(samples.arm)]
    exact = np.mean(np.array(deals) >= reference - 1e-9)
    assert outcome.p_for == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 20_000))
    pairs = [
        (x < y) + 0.5 * (x == y) for i, j in itertools.combinations(range(3), 2) for x in values[i] for y in values[j]
    ]
    assert outcome.improvement == pytest.approx(np.mean(pairs))


def test_a_trend_over_a_factor_case_by_case():
    rising = {("ring8", f"l{i}"): np.exp(SPREAD + 0.2 * i) for i in range(4)}
    assert headline(rising, on_ladder(4)).verdict == "reproduced"
    falling = headline(rising, on_ladder(4, "less"))
    assert falling.verdict == "contradicted"
    assert falling.effect > 0.8
    flat = {("ring8", f"l{i}"): np.full(6, 8.0) for i in range(3)}
    constant = headline(flat, on_ladder(3))
    assert (constant.verdict, constant.p, constant.effect, constant.improvement) == ("inconclusive", 1.0, 0.0, 0.5)
    few = headline({key: value[:4] for key, value in rising.items()}, on_ladder(4))
    assert few.reason.startswith(f"fewer than {FEWEST_SEEDS} seeds (4 of l0")


def curves(arm, name, shapes, first=10):
    return pd.DataFrame([
        {"run_id": f"ring8-{arm}-{seed}", "generator_step": first * (i + 1), "critic_step": 0, "seconds": 0.0,
         "metric": name, "value": value}
        for seed, shape in enumerate(shapes) for i, value in enumerate(shape)
    ])  # fmt: skip


def test_a_trend_along_training_is_each_runs_coefficient_against_zero():
    rng = np.random.default_rng(3)
    shapes = [np.exp(-np.arange(8) + rng.normal(0, 1, 8)) for _ in range(N)]
    claim = SimulatedClaim(test="trend", against="", metric="spearman(step, generator_gradient_norm)")
    points = curves("a", "generator_gradient_norm", shapes)
    outcome = headline({("ring8", "a"): [1.0] * N}, claim, curves=points)
    coefficients = [stats.spearmanr(np.arange(8), shape).statistic for shape in shapes]
    assert outcome.effect == pytest.approx(stats.trim_mean(coefficients, 0.25))
    assert (outcome.verdict, outcome.p) == ("reproduced", pytest.approx(2 * 0.5**N))


def test_the_coefficient_of_two_curves_is_a_metric_that_arms_are_compared_by():
    rng = np.random.default_rng(4)
    quality = {arm: [np.exp(-np.arange(5) + rng.normal(0, 0.3, 5)) for _ in range(N)] for arm in "ab"}
    # the loss has two points for each of the quality's: those since the last one are averaged
    follows = [np.repeat(shape, 2) + np.tile([0.5, -0.5], 5) for shape in quality["a"]]
    noise = [rng.normal(size=10) for _ in range(N)]
    points = pd.concat([
        curves("a", "fid", quality["a"]), curves("b", "fid", quality["b"]),
        curves("a", "critic_loss", follows, 5), curves("b", "critic_loss", noise, 5),
    ])  # fmt: skip
    claim = SimulatedClaim(metric="spearman(critic_loss, fid)", direction="greater")
    values = {("ring8", arm): [1.0] * N for arm in "ab"}
    outcome = headline(values, claim, curves=points)
    smoothed = [shape.reshape(5, 2).mean(axis=1) for shape in noise]
    coefficients = [stats.spearmanr(x, y).statistic for x, y in zip(smoothed, quality["b"], strict=True)]
    assert outcome.effect == pytest.approx(1.0 - stats.trim_mean(coefficients, 0.25))
    assert outcome.verdict == "reproduced"
    constant = points.assign(value=points["value"].where(points["metric"] == "fid", 1.0))
    assert headline(values, claim, curves=constant).reason == "all runs are equal"
    assert headline(values, claim).reason == "spearman(critic_loss, fid) is not measured there"


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
