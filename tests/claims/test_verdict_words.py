"""No difference that matters, and what depends on the dataset: when these words are said, and when not."""

import math

import numpy as np
import pytest
from scipy import stats

from tests.support.simulated_study import SimulatedClaim
from tests.support.simulated_verdicts import verdicts

BOTH = ("ring8", "digits")
NO_DIFFERENCE, DEPENDS = "no difference that matters", "depends on the dataset"


def logs(*levels, n=20, spread=0.05):
    """Values of arm a by dataset around e to each level, against those of b around 1."""
    around = np.linspace(-spread, spread, n)
    values = {(dataset, "a"): np.exp(level + around) for dataset, level in zip(BOTH, levels, strict=True)}
    return values | {(dataset, "b"): np.exp(around) for dataset in BOTH}


def test_where_every_run_is_better_a_small_difference_still_is_one():
    outcome = verdicts(logs(-0.2, -0.2), SimulatedClaim(datasets=BOTH, margin=0.5))["c", "pooled"]
    assert outcome.improvement == 1.0
    assert outcome.low > 1 / 1.5
    assert outcome.verdict == "inconclusive"
    assert "within the margin, yet ahead in 100 % of pairs" in outcome.reason
    nearer = verdicts(logs(-0.02, -0.02), SimulatedClaim(datasets=BOTH, margin=0.5))["c", "pooled"]
    assert (0.5 < nearer.improvement < 0.9, nearer.verdict) == (True, NO_DIFFERENCE)


def test_opposite_effects_do_not_cancel_into_no_difference():
    around = np.random.default_rng(0).normal(0, 1, 60)
    values = {(d, "b"): around for d in BOTH} | {(d, "a"): around + x for d, x in zip(BOTH, (1, -1), strict=True)}
    more = {"metric": "some_count", "margin": 0.5, "datasets": BOTH}
    outcome = verdicts(values, SimulatedClaim(**more), metric="some_count")
    assert outcome["c", "pooled"].verdict != NO_DIFFERENCE
    assert -0.5 < outcome["c", "pooled"].low < outcome["c", "pooled"].high < 0.5
    same = verdicts(values, SimulatedClaim(test="equivalent", **{**more, "direction": ""}), metric="some_count")
    assert same["c", "pooled"].verdict not in ("reproduced", NO_DIFFERENCE)


def test_what_differs_between_datasets_depends_on_them_and_says_how():
    outcome = verdicts(logs(-1, 0, spread=0.5), SimulatedClaim(datasets=BOTH))
    assert outcome["c", "ring8"].verdict == "reproduced"
    assert outcome["c", "pooled"].verdict == DEPENDS
    assert outcome["c", "pooled"].reason.startswith("reproduced on ring8; undecided on digits (p < 0.001")
    assert outcome["c", "pooled"].seeds_needed is None
    both_ways = verdicts(logs(-1, 1), SimulatedClaim(datasets=BOTH))["c", "pooled"]
    assert both_ways.reason.startswith("reproduced on ring8; contradicted on digits")
    same = verdicts(logs(-1, -2), SimulatedClaim(datasets=BOTH))["c", "pooled"]
    assert same.verdict == "reproduced"


def test_some_dataset_holds_on_none_where_it_is_contradicted_or_too_small_on_every_one():
    claim = SimulatedClaim(datasets=BOTH, decide="any_dataset", margin=0.3)
    assert verdicts(logs(1, 0), claim)["c", "pooled"].verdict == NO_DIFFERENCE
    assert verdicts(logs(1, 1), claim)["c", "pooled"].verdict == "contradicted"
    assert verdicts(logs(0, -1), claim)["c", "pooled"].verdict == "reproduced"


def test_p_is_that_of_the_margin_so_that_a_correction_covers_it():
    rng = np.random.default_rng(4)
    values = {("ring8", "a"): np.exp(rng.normal(-1, 0.5, 10)), ("ring8", "b"): np.exp(rng.normal(0, 0.5, 10))}
    outcome = verdicts(values, SimulatedClaim(margin=0.5))["c", "pooled"]
    moved = np.log(values["ring8", "a"]) + math.log(1.5), np.log(values["ring8", "b"])
    assert outcome.p == pytest.approx(2 * stats.mannwhitneyu(*moved, alternative="less", method="exact").pvalue)
