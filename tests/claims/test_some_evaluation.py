"""A claim of some evaluation: found wherever the arm is ahead, contradicted only where it is behind everywhere."""

import numpy as np
import pytest

from ablate.claims.calibration import simulate
from ablate.claims.decide import decide
from ablate.claims.kind import simulations
from tests.support.courses import study_along
from tests.support.simulated_study import SimulatedClaim

STEPS = (100, 200, 300, 400)


def headline(a, b=(0, 0, 0, 0), n=8, **more):
    rng = np.random.default_rng(0)
    values = {
        ("ring8", arm): np.exp(np.asarray(level, dtype=float) + rng.normal(0, 0.3, (n, 4)))
        for arm, level in (("a", a), ("b", b))
    }
    return decide(*study_along(values, STEPS, SimulatedClaim(at="any", **more)))[0], values


def test_being_ahead_at_one_evaluation_is_enough_and_its_effect_is_shown():
    verdict, values = headline([0, -2, 0, 0])
    a, b = (np.log(values["ring8", arm][:, 1]) for arm in "ab")
    trimmed = [np.sort(own)[2:-2].mean() for own in (a, b)]
    assert verdict.verdict == "reproduced"
    assert verdict.effect == pytest.approx(np.exp(trimmed[0] - trimmed[1]))
    assert verdict.improvement == np.mean(a[:, None] < b)
    assert verdict.low < verdict.effect < verdict.high < 1


def test_it_is_contradicted_only_where_it_is_behind_at_every_evaluation():
    assert headline([2, 2, 2, 2])[0].verdict == "contradicted"
    assert headline([2, 2, 0, 2])[0].verdict == "inconclusive"
    assert headline([0, 0, 0, 0])[0].verdict == "inconclusive"
    assert headline([0, 0, 0, 0], n=20, margin=1.0)[0].verdict == "no difference that matters"
    assert headline([-3, 0, 0, 0], n=20, margin=1.0)[0].verdict == "reproduced"


def test_a_run_that_diverged_is_the_worst_from_there_on():
    rng = np.random.default_rng(1)
    a, b = (np.exp(level + rng.normal(0, 0.2, (6, 4))) for level in (0.0, 0.0))
    b[:, 2:] = np.nan
    verdict = decide(*study_along({("ring8", "a"): a, ("ring8", "b"): b}, STEPS, SimulatedClaim(at="any")))[0]
    assert verdict.improvement == 1.0
    assert verdict.diverged == (0, 6)
    assert verdict.p == pytest.approx(2 * 2 / 924, rel=0.5)  # of 924 deals this one, and perhaps one more


def test_a_metric_that_was_not_evaluated_is_said_to_be_absent():
    study, results = study_along({("ring8", arm): np.ones((6, 4)) for arm in "ab"}, STEPS, SimulatedClaim(at="any"))
    results.curves = results.curves.iloc[:0]
    assert decide(study, results)[0].reason == "fid is not measured there"


def test_without_effect_false_verdicts_are_rare_and_two_deviations_are_found():
    simulation = simulations()["any"]
    null, there = (simulate(simulation, "normal", 5, effect, 100, 0) for effect in (0.0, 2.0))
    assert null.share("reproduced") + null.share("contradicted") <= 0.07
    assert there.share("reproduced") >= 0.6
    assert max(null.below + null.above, there.below + there.above) <= 0.12
