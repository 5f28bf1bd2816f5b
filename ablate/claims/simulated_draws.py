"""Simulated studies whose two arms share their draws: what is claimed of them by draw, and the truth."""

from __future__ import annotations

import math
from dataclasses import replace

from ablate.claims.of_draws import NEEDED, CompareFields
from ablate.claims.simulation import FAILING, Law, Simulated, simulated_claim
from ablate.claims.statistics.bootstrap import Floats
from ablate.claims.statistics.draws_needed import CHANCE
from ablate.claims.values import Samples

BY_DRAW = CompareFields(paired=True)


def simulated_values(law: Law, n: int, effect: float) -> Simulated:
    """The arm is so much better than the other on every draw."""
    arm, other = law.by_draw(-effect, 0.0, n)
    return simulated_claim("compare", own=BY_DRAW), law.samples(arm, other), -effect


def simulated_shares(law: Law, n: int, effect: float) -> Simulated:
    """A draw fails whose value lies above what a fifth of the other arm's exceed."""
    arm, other = (law.failed(runs) for runs in law.by_draw(-effect, 0.0, n))
    return simulated_claim("compare", own=BY_DRAW), _outcomes(law, arm, other), law.failing(-effect) - FAILING


def simulated_needed(law: Law, n: int, effect: float) -> Simulated:
    """A draw comes near that would fail above, of the other arm a fifth: the arm needs fewer draws where more do."""
    near, other = (law.failed(runs) for runs in law.by_draw(effect, 0.0, n))
    claim = simulated_claim("compare", statistic=NEEDED, own=BY_DRAW)
    return claim, _outcomes(law, near, other), _log_needed(law.failing(effect)) - _log_needed(FAILING)


def _outcomes(law: Law, arm: Floats, other: Floats) -> Samples:
    return replace(law.samples(arm, other), scale="difference", center="mean", diverged=(0, 0))


def _log_needed(share: float) -> float:
    return round(math.log(max(1.0, math.log(1 - CHANCE) / math.log1p(-share))), 12)
