"""The rule of verdicts, case by case."""

import math
import time

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from ablate.claims.decide import decide
from ablate.claims.statistics.robust_rank_test import robust_rank_test
from tests.support.simulated_study import SimulatedClaim, tables

LOW = [1.0 + 0.01 * i for i in range(10)]
HIGH = [2.0 + 0.01 * i for i in range(10)]


def verdicts(values, *claims, **more):
    study, results = tables(values, list(claims), **more)
    return {(verdict.claim, verdict.dataset): verdict for verdict in decide(study, results)}


def test_a_clear_difference_the_claimed_way_is_reproduced():
    outcome = verdicts({("ring8", "a"): LOW, ("ring8", "b"): HIGH}, SimulatedClaim())
    headline = outcome["c", "pooled"]
    assert headline.verdict == "reproduced"
    assert headline.p == pytest.approx(2 / math.comb(20, 10))
    assert headline.effect == pytest.approx(
        math.exp(stats.trim_mean(np.log(LOW), 0.25) - stats.trim_mean(np.log(HIGH), 0.25))
    )
    assert headline.low < headline.effect < headline.high < 1
    assert (headline.improvement, headline.cliffs_delta) == (1.0, 1.0)
    assert outcome["c", "ring8"].effect == headline.effect
    assert headline.seeds_needed is None


def test_the_same_difference_the_other_way_is_contradicted():
    outcome = verdicts({("ring8", "a"): HIGH, ("ring8", "b"): LOW}, SimulatedClaim())
    assert outcome["c", "pooled"].verdict == "contradicted"
    other_way = verdicts({("ring8", "a"): HIGH, ("ring8", "b"): LOW}, SimulatedClaim(direction="greater"))
    assert other_way["c", "pooled"].verdict == "reproduced"


def test_a_difference_within_the_margin_does_not_matter_and_one_beyond_it_is_reproduced():
    near = [value * 0.99 for value in LOW]
    values = {("ring8", "a"): near, ("ring8", "b"): LOW}
    assert verdicts(values, SimulatedClaim(margin=0.1))["c", "pooled"].verdict == "no difference that matters"
    values = {("ring8", "a"): LOW, ("ring8", "b"): HIGH}
    assert verdicts(values, SimulatedClaim(margin=0.5))["c", "pooled"].verdict == "reproduced"
    beyond = verdicts(values, SimulatedClaim(margin=0.95))["c", "pooled"]
    assert beyond.verdict == "inconclusive"
    assert "margin" in beyond.reason


def test_fewer_than_five_seeds_decide_nothing():
    headline = verdicts({("ring8", "a"): LOW[:4], ("ring8", "b"): HIGH}, SimulatedClaim())["c", "pooled"]
    assert headline.verdict == "inconclusive"
    assert headline.reason.startswith("fewer than 5 seeds (4 of a)")
    per_dataset = {(d, arm): v[:4] for d in ("ring8", "grid25", "digits") for arm, v in (("a", LOW), ("b", HIGH))}
    headline = verdicts(per_dataset, SimulatedClaim(datasets=("ring8", "grid25", "digits")))["c", "pooled"]
    assert headline.n == (12, 12)
    assert headline.verdict == "inconclusive"


def test_a_small_probability_of_improvement_decides_nothing_however_many_seeds():
    rng = np.random.default_rng(0)
    values = {("ring8", "a"): np.exp(rng.normal(0, 1, 60)), ("ring8", "b"): np.exp(rng.normal(0.7, 1, 60))}
    headline = verdicts(values, SimulatedClaim())["c", "pooled"]
    assert headline.p_adjusted < 0.05
    assert 0.5 < headline.improvement < 0.75
    assert headline.verdict == "inconclusive"
    assert "a decision takes 75 %" in headline.reason


def test_an_undecided_claim_says_how_many_seeds_would_decide_it():
    values = {("ring8", "a"): [1.0, 1.1, 1.2, 1.3, 1.6], ("ring8", "b"): [1.25, 1.4, 1.5, 1.7, 1.65]}
    headline = verdicts(values, SimulatedClaim())["c", "pooled"]
    assert headline.verdict == "inconclusive"
    assert headline.seeds_needed > 5
    assert f"needs about {headline.seeds_needed} seeds" in headline.reason


def test_diverged_runs_are_at_the_worst_rank_whatever_their_cells_hold():
    values = {("ring8", "a"): HIGH, ("ring8", "b"): LOW}
    outcome = verdicts(values, SimulatedClaim(), diverged={("ring8", "b"): range(10)})["c", "pooled"]
    assert outcome.improvement == 1.0
    assert outcome.diverged == (0, 10)
    empty = {("ring8", "a"): HIGH, ("ring8", "b"): [math.nan] * 10}
    assert verdicts(empty, SimulatedClaim(), diverged={("ring8", "b"): range(10)})["c", "pooled"].improvement == 1.0
    modes = SimulatedClaim(metric="some_count", direction="greater")
    outcome = verdicts(values, modes, metric="some_count", diverged={("ring8", "a"): range(10)})["c", "pooled"]
    assert outcome.improvement == 0.0  # greater is claimed, so the worst is the least


def test_in_the_means_a_diverged_run_takes_the_worst_finite_value():
    a, b = [1.0, 2, 3, 4, 5, 6, 7, 8], [11.0, 12, 13, 14, 15, 16, 17, 18]
    lost = verdicts({("ring8", "a"): a, ("ring8", "b"): b}, SimulatedClaim(), diverged={("ring8", "a"): [0, 1, 2, 3]})
    filled = [18.0] * 4 + a[4:]
    expected = math.exp(stats.trim_mean(np.log(filled), 0.25) - stats.trim_mean(np.log(b), 0.25))
    assert lost["c", "pooled"].effect == pytest.approx(expected)


def test_failed_and_absent_runs_are_missing_and_named():
    values = {("ring8", "a"): [*LOW, None, None], ("ring8", "b"): HIGH}
    headline = verdicts(values, SimulatedClaim(), failed={("ring8", "b"): [3]})["c", "pooled"]
    assert (headline.n, headline.missing) == ((10, 9), (2, 1))
    assert headline.verdict == "reproduced"
    assert "3 of 22 runs are missing" in headline.reason


def test_without_runs_there_is_no_verdict_and_no_error():
    outcome = verdicts({("ring8", "a"): [None] * 5, ("ring8", "b"): [None] * 5}, SimulatedClaim())
    assert [verdict.reason for verdict in outcome.values()] == ["no runs yet", "no runs yet"]
    half = {("ring8", "a"): LOW, ("ring8", "b"): HIGH, ("digits", "a"): LOW, ("digits", "b"): [None] * 10}
    headline = verdicts(half, SimulatedClaim(datasets=("ring8", "digits")))["c", "pooled"]
    assert headline.verdict == "inconclusive"
    assert headline.reason == "no runs yet of b on digits"


def test_a_dataset_without_the_metric_is_left_out_and_named():
    values = {(d, arm): v for d in ("ring8", "swiss") for arm, v in (("a", LOW), ("b", HIGH))}
    values["swiss", "a"] = values["swiss", "b"] = [math.nan] * 10
    outcome = verdicts(values, SimulatedClaim(datasets=("ring8", "swiss")))
    assert outcome["c", "pooled"].verdict == "reproduced"
    assert outcome["c", "pooled"].datasets == ("ring8",)
    assert "fid is not measured on swiss" in outcome["c", "pooled"].reason
    assert outcome["c", "swiss"].reason == "fid is not measured there"


@pytest.mark.parametrize("margin", [0.0, 0.1])
def test_equal_runs_give_no_nan(margin):
    headline = verdicts({("ring8", "a"): [8.0] * 6, ("ring8", "b"): [8.0] * 6}, SimulatedClaim(margin=margin))[
        "c", "pooled"
    ]
    p = 2 / math.comb(12, 6) if margin else 1.0  # of being within the margin
    assert (headline.p, headline.effect, headline.improvement) == (pytest.approx(p), 1.0, 0.5)
    assert headline.verdict == ("no difference that matters" if margin else "inconclusive")


def test_when_every_run_diverged_nothing_is_decided():
    everything = {("ring8", "a"): range(6), ("ring8", "b"): range(6)}
    headline = verdicts(
        {("ring8", "a"): LOW[:6], ("ring8", "b"): LOW[:6]}, SimulatedClaim(margin=0.1), diverged=everything
    )["c", "pooled"]
    assert headline.verdict == "inconclusive"
    assert headline.reason == "no run has a finite value"


def test_headlines_are_corrected_together_and_so_are_all_verdicts_on_datasets():
    rng = np.random.default_rng(1)
    values = {(d, arm): np.exp(rng.normal(size=8)) for d in ("ring8", "digits") for arm in "abc"}
    both = ("ring8", "digits")
    claims = [SimulatedClaim(id=f"c{x}", against=x, datasets=both) for x in "bc"]
    claims.append(SimulatedClaim(id="only", against="c", datasets=("ring8",)))
    outcome = verdicts(values, *claims)
    for pooled, size in ((True, 3), (False, 5)):
        family = [verdict for key, verdict in outcome.items() if (key[1] == "pooled") == pooled]
        assert len(family) == size
        least = min(family, key=lambda verdict: verdict.p)
        assert least.p_adjusted == pytest.approx(min(1.0, least.p * size))


def test_any_dataset_is_enough_when_the_claim_says_so_and_its_p_pays_for_the_choice():
    values = {("ring8", "a"): LOW, ("ring8", "b"): HIGH, ("digits", "a"): HIGH, ("digits", "b"): LOW}
    claim = SimulatedClaim(datasets=("ring8", "digits"), decide="any_dataset")
    outcome = verdicts(values, claim)
    assert outcome["c", "pooled"].verdict == "reproduced"
    assert outcome["c", "pooled"].p == pytest.approx(2 * outcome["c", "ring8"].p)
    assert outcome["c", "pooled"].reason.startswith("on ring8")
    against = {(d, arm): v for d in ("ring8", "digits") for arm, v in (("a", HIGH), ("b", LOW))}
    assert verdicts(against, claim)["c", "pooled"].verdict == "contradicted"
    mixed = {**against, ("digits", "a"): LOW}
    assert verdicts(mixed, claim)["c", "pooled"].verdict == "inconclusive"


def test_spread_shows_distances_from_the_arms_median_and_tests_the_gaps_between_runs():
    rng = np.random.default_rng(2)
    narrow, wide = np.exp(rng.normal(3, 0.1, 20)), np.exp(rng.normal(0, 1.0, 20))
    outcome = verdicts({("ring8", "a"): narrow, ("ring8", "b"): wide}, SimulatedClaim(statistic="spread"))[
        "c", "pooled"
    ]
    distances = [np.abs(np.log(values) - np.median(np.log(values))) for values in (narrow, wide)]
    assert outcome.effect == pytest.approx(np.subtract(*(stats.trim_mean(values, 0.25) for values in distances)))
    gaps = [np.abs(np.diff(np.log(values).reshape(-1, 2), axis=1))[:, 0] for values in (narrow, wide)]
    assert outcome.p == pytest.approx(robust_rank_test([tuple(gaps)], 0.0, 0).p, abs=0.002)  # of other deals
    assert outcome.verdict == "reproduced"
    assert outcome.scale == "difference"


def test_the_metric_diverged_is_the_status():
    values = {("ring8", "a"): LOW, ("ring8", "b"): LOW}
    outcome = verdicts(values, SimulatedClaim(metric="diverged"), diverged={("ring8", "b"): range(9)})["c", "pooled"]
    assert outcome.effect == pytest.approx(-0.9)
    assert outcome.improvement == pytest.approx(0.95)
    assert outcome.verdict == "reproduced"


def curve(run_id, points):
    return [
        {"run_id": run_id, "generator_step": s, "critic_step": 5 * s, "seconds": s / 10, "metric": "fid", "value": v}
        for s, v in points
    ]


def test_steps_to_target_are_those_to_the_worse_arms_median_final_fid():
    points, values = [], {("ring8", "a"): [1.0] * 6, ("ring8", "b"): [2.0, 2.0, 2.0, 2.0, 3.0, 3.0]}
    for seed in range(6):
        points += curve(f"ring8-a-{seed}", [(100, 2.0), (200, 1.5), (300, 1.0)])
        points += curve(f"ring8-b-{seed}", [(100, 4.0), (200, 3.0), (300, values["ring8", "b"][seed])])
    outcome = verdicts(
        values, SimulatedClaim(metric="steps_to_target"), SimulatedClaim(id="s", metric="seconds_to_target"),
        curves=pd.DataFrame(points),
    )  # fmt: skip
    # target 2: a reaches it at 100, b's first four at 300, b's last two never: they count as 300 in the mean
    assert outcome["c", "pooled"].effect == pytest.approx(100 / 300)
    assert outcome["s", "pooled"].effect == pytest.approx(10 / 30)
    assert outcome["c", "pooled"].verdict == "reproduced"


def test_a_reason_gives_the_share_of_pairs_as_it_is():
    rng = np.random.default_rng(5)
    values = {("ring8", "a"): np.exp(rng.normal(0.2, 1, 10)), ("ring8", "b"): np.exp(rng.normal(0, 1, 10))}
    headline = verdicts(values, SimulatedClaim())["c", "pooled"]
    assert 0.25 < headline.improvement < 0.5
    assert f"ahead in {100 * headline.improvement:.0f} % of pairs" in headline.reason


def test_when_no_run_diverged_the_reason_says_so():
    values = {("ring8", "a"): LOW, ("ring8", "b"): LOW}
    headline = verdicts(values, SimulatedClaim(metric="diverged"))["c", "pooled"]
    assert (headline.verdict, headline.reason) == ("no events", "no run diverged, in either arm")
    broken = {("ring8", "a"): range(10), ("ring8", "b"): range(10)}
    headline = verdicts(values, SimulatedClaim(metric="diverged"), diverged=broken)["c", "pooled"]
    assert (headline.verdict, headline.reason) == ("no events", "every run diverged, in either arm")


def test_shares_need_no_three_quarters_of_the_pairs():
    values = {("ring8", arm): [1.0] * 50 for arm in "ab"}
    claim = SimulatedClaim(metric="diverged")
    outcome = verdicts(values, claim, diverged={("ring8", "b"): range(15)})["c", "pooled"]
    assert outcome.improvement == pytest.approx(0.65)
    assert (outcome.verdict, outcome.method) == ("reproduced", "exact")
    assert outcome.p == pytest.approx(2 * stats.fisher_exact([[0, 15], [50, 35]], "less").pvalue)
    margin = verdicts(values, SimulatedClaim(metric="diverged", margin=0.1), diverged={("ring8", "b"): range(15)})
    assert outcome.p < margin["c", "pooled"].p < 0.05
    assert margin["c", "pooled"].verdict == "reproduced"


def test_no_failure_of_either_arm_is_no_proof_that_they_fail_alike():
    values = {(d, arm): LOW for d in ("ring8", "grid25", "digits") for arm in "ab"}
    claim = SimulatedClaim(
        test="equivalent", metric="diverged", margin=0.1, datasets=("ring8", "grid25", "digits"), direction="less"
    )
    assert verdicts(values, claim)["c", "pooled"].verdict == "no events"
    one = verdicts(values, claim, diverged={("ring8", "b"): [0]})["c", "pooled"]
    assert one.verdict == "inconclusive"
    many = {(d, arm): [1.0] * 100 for d, arm in values}
    rare = {("ring8", "a"): [0], ("ring8", "b"): [1, 2]}
    assert verdicts(many, claim, diverged=rare)["c", "pooled"].verdict == "reproduced"


def test_rows_of_other_runs_are_not_used():
    study, results = tables({("ring8", "a"): LOW, ("ring8", "b"): HIGH}, [SimulatedClaim()])
    before = decide(study, results)
    foreign = results.runs.assign(run_id="x" + results.runs["run_id"], fid=100.0)
    results.runs = pd.concat([results.runs, foreign], ignore_index=True)
    assert decide(study, results) == before


def test_a_verdict_takes_less_than_fifty_milliseconds():
    rng = np.random.default_rng(3)
    datasets = ("ring8", "grid25", "digits")
    values = {(d, arm): np.exp(rng.normal(size=20)) for d in datasets for arm in "ab"}
    claims = [SimulatedClaim(id=f"c{i}", datasets=datasets) for i in range(5)]
    study, results = tables(values, claims)
    start = time.process_time()
    outcome = decide(study, results)
    assert (time.process_time() - start) / len(outcome) < 0.05
