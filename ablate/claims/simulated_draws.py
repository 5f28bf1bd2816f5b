"""Simulated studies whose two arms share their draws: what is claimed of them by draw, and the truth."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from scipy import stats

from ablate.claims.of_draws import NEEDED, CompareFields
from ablate.claims.simulation import DIVERGING, Law, Simulated, simulated_claim
from ablate.claims.statistics.bootstrap import Floats
from ablate.claims.statistics.draws_needed import CHANCE
from ablate.claims.values import Samples

BY_DRAW = CompareFields(paired=True)
OF_DRAWS = ("normal", "lognormal", "diverging")
"""Laws under which draws are simulated"""
FAILING = 0.2
"""Share of the draws that fail, of the arm at level 0"""


def simulated_values(law: Law, n: int, effect: float) -> Simulated:
    """The arm is so much better than the other on every draw."""
    arm, other = _by_draw(law, -effect, 0.0, n)
    return simulated_claim("compare", own=BY_DRAW), law.samples(arm, other), -effect


def simulated_shares(law: Law, n: int, effect: float) -> Simulated:
    """A draw fails whose value lies above what a fifth of the other arm's exceed."""
    arm, other = (_failed(law, runs) for runs in _by_draw(law, -effect, 0.0, n))
    return simulated_claim("compare", own=BY_DRAW), _outcomes(law, arm, other), _failing(law, -effect) - FAILING


def simulated_needed(law: Law, n: int, effect: float) -> Simulated:
    """A draw comes near that would fail above, of the other arm a fifth: the arm needs fewer draws where more do."""
    near, other = (_failed(law, runs) for runs in _by_draw(law, effect, 0.0, n))
    claim = simulated_claim("compare", statistic=NEEDED, own=BY_DRAW)
    return claim, _outcomes(law, near, other), _log_needed(_failing(law, effect)) - _log_needed(FAILING)


def _by_draw(law: Law, level: float, other: float, n: int) -> tuple[Floats, Floats]:
    """The metric of two arms on the same n draws, to which they owe half of their variance."""
    drawn = law.rng.normal(0.0, math.sqrt(0.5), n)
    first, second = (own + drawn + law.rng.normal(0.0, math.sqrt(0.5), n) for own in (level, other))
    return _ended(law, first), _ended(law, second)


def _ended(law: Law, values: Floats) -> Floats:
    if law.scale == "difference":
        return values
    return np.where(law.rng.random(len(values)) < DIVERGING.get(law.name, 0.0), np.inf, np.exp(values))


def _failed(law: Law, runs: Floats) -> Floats:
    return (runs > law.natural(float(stats.norm.isf(_finite_failing(law))))).astype(float)


def _failing(law: Law, level: float) -> float:
    """The share of draws that fail at a level."""
    lost = DIVERGING.get(law.name, 0.0)
    return lost + (1 - lost) * float(stats.norm.sf(stats.norm.isf(_finite_failing(law)) - level))


def _finite_failing(law: Law) -> float:
    """Of the draws that do not diverge, the share that fails at level 0."""
    lost = DIVERGING.get(law.name, 0.0)
    return (FAILING - lost) / (1 - lost)


def _outcomes(law: Law, arm: Floats, other: Floats) -> Samples:
    return replace(law.samples(arm, other), scale="difference", center="mean", diverged=(0, 0))


def _log_needed(share: float) -> float:
    return round(math.log(max(1.0, math.log(1 - CHANCE) / math.log1p(-share))), 12)
