"""Claims over draws: the best of an arm, and the share of draws near the best, against independent calculation."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from ablate.claims.decide import decide
from ablate.claims.statistics.best_test import best_test, chance_of_lead
from ablate.claims.verdict import Verdict
from tests.support.simulated_study import SimulatedClaim, tables


def verdict(values: dict[tuple[str, str], list[float]], claim: SimulatedClaim, **more: object) -> Verdict:
    return decide(*tables(values, [claim], **more))[0]


def dealt(strata: list[tuple[np.ndarray, np.ndarray]]) -> tuple[float, float]:
    """Both one-sided p by dealing the runs to the arms in every possible way."""
    ways = []
    for first, second in strata:
        pooled = np.concatenate([first, second])
        ways.append([])
        for chosen in itertools.combinations(range(len(pooled)), len(first)):
            rest = [i for i in range(len(pooled)) if i not in chosen]
            ways[-1].append(pooled[list(chosen)].min() - pooled[rest].min())
    observed = np.mean([first.min() - second.min() for first, second in strata])
    outcome = np.array([np.mean(deals) for deals in itertools.product(*ways)])
    return float(np.mean(outcome <= observed + 1e-12)), float(np.mean(outcome >= observed - 1e-12))


@pytest.mark.parametrize(("m", "n"), [(1, 1), (4, 6), (7, 3)])
def test_chances_of_a_lead_are_counted_right(m: int, n: int) -> None:
    counts = np.zeros(m + 1)
    for chosen in itertools.combinations(range(m + n), m):
        counts[next(k for k in range(m + n + 1) if k not in chosen)] += 1
    assert chance_of_lead(m, n) == pytest.approx(counts / math.comb(m + n, m))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("sizes", [[(5, 5)], [(3, 6)], [(4, 3), (3, 4)]])
def test_p_is_the_share_of_all_ways_to_deal_the_runs(sizes: list[tuple[int, int]], seed: int) -> None:
    rng = np.random.default_rng(seed)
    strata = [(rng.normal(-0.5, 1, m), rng.normal(0, 1, n)) for m, n in sizes]
    if seed == 3:  # with ties
        strata = [(first.round(), second.round()) for first, second in strata]
    outcome = best_test(strata, 0)
    less, greater = dealt(strata)
    assert (outcome.p_less, outcome.p_greater) == (pytest.approx(less), pytest.approx(greater))


def test_over_many_datasets_p_is_drawn_and_agrees_with_what_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    strata = [(rng.normal(-0.3, 1, 20), rng.normal(0, 1, 20)) for _ in range(2)]
    exact = best_test(strata, 5)
    monkeypatch.setattr("ablate.claims.statistics.best_test.MOST_PAIRS", 1)
    sampled = best_test(strata, 5)
    assert (exact.method, sampled.method) == ("exact", "Monte Carlo")
    assert sampled.p_less == pytest.approx(exact.p_less, abs=0.012)  # three standard errors of 20,000 permutations


def test_the_interval_is_that_of_a_plain_bootstrap() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.normal(0, 1, 30), rng.normal(0.5, 1, 40)
    outcome = best_test([(first, second)], 0)
    resampled = [rng.choice(first, 30).min() - rng.choice(second, 40).min() for _ in range(20_000)]
    assert (outcome.low, outcome.high) == pytest.approx(tuple(np.quantile(resampled, [0.025, 0.975])), abs=0.1)
    assert outcome.ahead == pytest.approx(np.mean(np.array(resampled) < 0), abs=0.03)


def test_a_best_that_is_far_ahead_is_reproduced_and_its_reverse_contradicted() -> None:
    rng = np.random.default_rng(0)
    values = {
        ("ring8", "a"): list(np.exp(rng.normal(0, 0.5, 50))),
        ("ring8", "b"): list(np.exp(rng.normal(3, 0.5, 50))),
    }
    outcome = verdict(values, SimulatedClaim(statistic="best"))
    assert (outcome.verdict, outcome.scale, outcome.improvement) == ("reproduced", "ratio", 1.0)
    assert outcome.effect == pytest.approx(min(values["ring8", "a"]) / min(values["ring8", "b"]))
    assert verdict(values, SimulatedClaim(statistic="best", direction="greater")).verdict == "contradicted"
    swapped = SimulatedClaim(statistic="best", arm="b", against="a", direction="greater")
    assert verdict(values, swapped).verdict == "reproduced"


def test_an_arm_that_is_worse_on_average_may_have_the_best_run() -> None:
    lucky = [0.01, 0.011, 0.012, 0.013, 0.014, 0.015, *([50.0] * 20)]
    steady = [1.0 + i / 100 for i in range(26)]
    outcome = verdict({("ring8", "a"): lucky, ("ring8", "b"): steady}, SimulatedClaim(statistic="best"))
    assert outcome.verdict == "reproduced"
    assert outcome.p == pytest.approx(2 * np.prod([(26 - i) / (52 - i) for i in range(6)]))  # all six go to one arm


def test_of_a_metric_of_which_more_is_better_the_best_is_the_highest() -> None:
    values = {("ring8", "a"): [0.9 + i / 1000 for i in range(20)], ("ring8", "b"): [0.2 + i / 1000 for i in range(20)]}
    outcome = verdict(
        values, SimulatedClaim(metric="precision", statistic="best", direction="greater"), metric="precision"
    )
    assert outcome.verdict == "reproduced"
    assert outcome.effect == pytest.approx(0.7)


def test_diverged_runs_are_never_the_best_nor_near_it() -> None:
    values = {("ring8", "a"): [0.001, *([5.0] * 9)], ("ring8", "b"): [1.0 + i / 10 for i in range(10)]}
    lost = {("ring8", "a"): [0]}
    assert verdict(values, SimulatedClaim(statistic="best"), diverged=lost).effect == pytest.approx(5.0)
    near = SimulatedClaim(statistic="share_near_best", direction="less")
    assert verdict(values, near, diverged=lost).effect == pytest.approx(-1.0)


def test_the_share_near_the_best_is_tested_as_fisher_does() -> None:
    rng = np.random.default_rng(4)
    values = {
        ("ring8", "a"): list(np.exp(rng.normal(0, 0.3, 30))),
        ("ring8", "b"): list(np.exp(rng.normal(0.6, 1, 40))),
    }
    outcome = verdict(values, SimulatedClaim(statistic="share_near_best", direction="greater"))
    best = min(min(fids) for fids in values.values())
    near = [np.array(fids) <= 2 * best for fids in values.values()]
    assert outcome.effect == pytest.approx(near[0].mean() - near[1].mean())
    table = [[int(hits.sum()), int((~hits).sum())] for hits in near]
    assert outcome.p == pytest.approx(min(1, 2 * stats.fisher_exact(table, alternative="greater").pvalue))
    wider = verdict(values, SimulatedClaim(statistic="share_near_best", direction="greater", factor_of_best=4.0))
    assert wider.effect != outcome.effect


def test_the_best_is_that_of_all_arms_of_the_study() -> None:
    values = {("ring8", "a"): [1.0] * 10, ("ring8", "b"): [1.9] * 10, ("ring8", "c"): [0.1] * 10}
    claim = SimulatedClaim(statistic="share_near_best", direction="greater")
    assert verdict(values, claim).effect == 0.0
    del values["ring8", "c"]
    assert verdict(values, claim).effect == 0.0
    values["ring8", "b"] = [2.1] * 10
    assert verdict(values, claim).effect == 1.0


@pytest.mark.parametrize("statistic", ["best", "share_near_best"])
def test_without_effect_false_verdicts_are_rare(statistic: str) -> None:
    rng, outcomes = np.random.default_rng(0), []
    for _ in range(100):
        values = {(d, arm): list(np.exp(rng.normal(0, 1, 20))) for d in ("ring8", "digits") for arm in "ab"}
        outcomes.append(verdict(values, SimulatedClaim(statistic=statistic, datasets=("ring8", "digits"))).verdict)
    assert outcomes.count("reproduced") <= 5
    assert outcomes.count("contradicted") <= 5
