"""Claims about trends, over a factor and along training, against independent calculations."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ablate.claims.kinds.trend import Trend
from ablate.claims.statistics.bootstrap import LEVEL
from ablate.claims.thresholds import FEWEST_SEEDS
from ablate.claims.values import Samples
from tests.support.simulated_study import SimulatedClaim
from tests.support.simulated_verdicts import headline

N = 10
SPREAD = np.linspace(-0.05, 0.05, N)


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
