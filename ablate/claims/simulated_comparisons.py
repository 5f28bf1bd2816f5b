"""Simulated studies of comparisons: of values, with a margin, of shares, spreads, best runs and rank correlations."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from ablate.claims.kind import Simulation
from ablate.claims.simulation import ONE_ARM, Law, Simulated, simulated_claim
from ablate.claims.statistics import spread
from ablate.claims.statistics.bootstrap import Floats
from ablate.study.claims.claim import Fields

CURVE = 10
"""Evaluations of a run, whose ranks are correlated"""
SHARED = 0.6
"""How much of a curve the other one has, of two that go together"""


def simulations(held_against: Callable[[float], Fields]) -> tuple[Simulation, ...]:
    """What `ablate calibrate` simulates of comparisons; held_against: the fields of a claim with a fixed value."""
    from ablate.claims.simulated_draws import OF_DRAWS, simulated_needed, simulated_shares, simulated_values
    from ablate.claims.some_evaluation import simulated_claim_of_any

    of_shares = ("normal", "diverging", "failing", "unequal numbers")
    return (
        Simulation("compare", "compare, two arms", _pair, 0),
        Simulation("margin", "compare, two arms, with a margin", _margin),
        Simulation("shares", "compare, two arms, 0/1 outcomes", _shares, laws=of_shares),
        Simulation("spread", "compare, spread of two arms", _spread, laws=(*ONE_ARM, "unequal numbers")),
        Simulation("best", "compare, best of two arms", _best, laws=(*ONE_ARM, "unequal numbers")),
        Simulation(
            "association", "compare, rank correlations of two arms", _association, laws=("normal", "unequal numbers")
        ),
        Simulation("by_draw", "compare, two arms, paired by draw", simulated_values, laws=OF_DRAWS),
        Simulation("shares_by_draw", "compare, two arms, 0/1 outcomes paired by draw", simulated_shares, laws=OF_DRAWS),
        Simulation("draws_needed", "compare, draws that a search needs", simulated_needed, laws=OF_DRAWS),
        Simulation("any", "compare, two arms, at some evaluation", simulated_claim_of_any, laws=OF_DRAWS),
        Simulation("looks", "compare, two arms, looks at n, 2 n, 4 n", _pair, looks=(1, 2, 4), laws=ONE_ARM),
        Simulation(
            "looks_of_12",
            "study of 12 comparisons, looks at n, 2 n, 4 n",
            _pair,
            looks=(1, 2, 4),
            laws=("normal",),
            claims=12,
        ),
        Simulation("along", "compare with a value; a trend along training", partial(_value, held_against), 5, ONE_ARM),
    )


def _pair(law: Law, n: int, effect: float) -> Simulated:
    """The arm is so much better than the other."""
    return simulated_claim("compare"), law.samples(*law.pair(-effect, n)), -effect * law.sd


def _margin(law: Law, n: int, effect: float) -> Simulated:
    """The arm is better by the margin and so much more: at 0, what is reproduced is false, and so is no difference."""
    claim = simulated_claim("compare", margin=law.margin(1.0))
    return claim, law.samples(*law.pair(-1.0 - effect, n)), (-1.0 - effect) * law.sd


def _shares(law: Law, n: int, effect: float) -> Simulated:
    """Of runs at level 0 a fifth fails, or as many as the law has diverging."""
    arm, other = law.failures(-effect, n), law.failures(0.0, law.other_n(n))
    samples = law.samples(arm, other, scale="difference", center="mean", diverged=(0, 0))
    return simulated_claim("compare"), samples, law.failing(-effect) - law.failing(0.0)


def _spread(law: Law, n: int, effect: float) -> Simulated:
    """The arm scatters less around the same level: the other's distances are 2 to the power of the effect times as large."""
    arm, other = law.pair(0.0, n)
    logs = np.log(arm) if law.scale == "ratio" else arm
    narrow = (np.exp(logs * 2.0**-effect) if law.scale == "ratio" else logs * 2.0**-effect) if effect else arm
    arms = [narrow, other]
    far, gaps = spread.distances(arms, law.scale), tuple(spread.gaps(arms, law.scale))
    samples = law.samples(far[0], far[1], scale="difference", gaps=gaps)
    return simulated_claim("compare", statistic="spread"), samples, 0.0


def _best(law: Law, n: int, effect: float) -> Simulated:
    """Of the best run of each arm, by a metric of which less is better."""
    claim = simulated_claim("compare", statistic="best", metric="fid")
    return claim, law.samples(*law.pair(-effect, n)), math.nan  # its interval is about the best of so many runs


def _association(law: Law, n: int, effect: float) -> Simulated:
    """Spearman's coefficient of two curves in each run, which lie between -1 and 1 and are often equal."""
    arm, other = _coefficients(law, SHARED + effect, n), _coefficients(law, SHARED, law.other_n(n))
    return simulated_claim("compare", direction="greater"), law.samples(arm, other, scale="difference"), 0.0


def _coefficients(law: Law, shared: float, n: int) -> Floats:
    first, noise = law.rng.normal(size=(2, n, CURVE))
    ranks = [np.argsort(np.argsort(curve, axis=1), axis=1) for curve in (first, shared * first + noise)]
    squares = ((ranks[0] - ranks[1]) ** 2).sum(axis=1)
    return np.asarray(1 - 6 * squares / (CURVE * (CURVE**2 - 1)), dtype=float)


def _value(held_against: Callable[[float], Fields], law: Law, n: int, effect: float) -> Simulated:
    """One arm against a fixed value, the median of runs at level 0."""
    claim = simulated_claim("compare", against="", own=held_against(law.natural(law.median)))
    return claim, law.samples(law.runs(-effect, n)), law.center - law.median - effect
