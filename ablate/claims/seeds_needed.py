"""How many seeds would decide a claim with 80 % power, if the runs at hand show how runs come out.

By simulation from those runs (ablate.claims.statistics.power) where two arms are compared, or one with a value; of the best of
several arms, and of a range, from the width of the interval. Where no number up to 200 would do, there is none.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import stats

from ablate.claims.evidence import Evidence
from ablate.claims.of_draws import differences_by_draw
from ablate.claims.statistics.effects import POWER
from ablate.claims.statistics.power import Pool, Question, decided
from ablate.claims.statistics.power_by_draw import decided_by_draw
from ablate.claims.thresholds import ALPHA, FEWEST_SEEDS

MOST_SEEDS = 200
"""More are not told: what was seen in some ten runs does not reach so far"""
STEP = 1.2
"""From one number to the next that is tried: a number is told no more exactly"""


def seeds_needed(evidence: Evidence, alpha: float) -> int | None:
    """Seeds an arm and dataset; None if more seeds would not decide it. alpha: level of its test, two-sided; 0: not asked."""
    return _number(evidence, alpha, 0.0)


def seeds_range(evidence: Evidence, alpha: float, needed: int) -> tuple[int, int | None]:
    """The number's quartiles, that is with an effect at those of its own error; None above: more than MOST_SEEDS, or never.

    Some ten runs know an effect to about half of their standard deviation, and the number goes with its inverse square.
    Of 0/1 outcomes, whose shares are not moved, the number alone.
    """
    if evidence.binary:
        return needed, needed
    error = (evidence.high - evidence.low) / 2 * float(stats.norm.ppf(0.75) / stats.norm.ppf(0.5 + evidence.level / 2))
    ends = [_number(evidence, alpha, side * error) for side in (-1, 1)]
    told = [needed, *filter(None, ends)]
    return min(told), max(told) if all(ends) else None


def _number(evidence: Evidence, alpha: float, shift: float) -> int | None:
    """The number of seeds if the oriented effect were larger by `shift`."""
    n = max(FEWEST_SEEDS, evidence.seeds + 1)
    if not alpha or not evidence.seeds_decide or evidence.seeds < 2 or n > MOST_SEEDS:
        return None
    if not math.isfinite(evidence.high - evidence.low):
        return None
    power = (_power_by_draw if evidence.paired else _power)(evidence, alpha, shift)
    if power is None:
        return _by_width(evidence, alpha, shift)
    if power(MOST_SEEDS) < POWER:
        return None
    while n < MOST_SEEDS and power(n) < POWER:
        n = max(n + 1, math.floor(n * STEP))
    return min(n, MOST_SEEDS)


def _power(evidence: Evidence, alpha: float, shift: float) -> Callable[[int], float] | None:
    """How often so many seeds would decide it; None for a claim that is not of two arms, or of one and a value."""
    pools = _pools(evidence, shift)
    least, most = evidence.target or (-evidence.margin, evidence.margin)
    question = Question(least, most, evidence.target is not None)
    return None if pools is None else lambda n: decided(pools, n, question, alpha, evidence.bootstrap_seed)


def _power_by_draw(evidence: Evidence, alpha: float, shift: float) -> Callable[[int], float]:
    """How often so many draws would decide it, where the arms are paired by draw."""
    strata = [differences + shift for differences in differences_by_draw(evidence)]
    margin, seed = evidence.margin, evidence.bootstrap_seed
    return lambda n: decided_by_draw(strata, n, margin, evidence.binary, alpha, seed)


def _pools(evidence: Evidence, shift: float) -> list[Pool] | None:
    """The runs of each dataset, oriented, the arm's moved by `shift`; None where it is not two arms, or one and a value."""
    way = -1.0 if evidence.claim.direction == "greater" else 1.0
    pools = []
    for samples in evidence.filled:
        scale: Any = evidence.scale
        pair = replace(samples, scale=scale).comparable()
        if (
            samples.rivals
            or samples.ladders
            or pair is None
            or (samples.against is None and evidence.held_against is None)
        ):
            return None
        first, other = pair
        fixed = samples.against is None
        if fixed:
            other = np.array([evidence.held_against])
        pools.append(Pool(way * first + shift, way * other, fixed, samples.binary))
    return pools or None


def _by_width(evidence: Evidence, alpha: float, shift: float) -> int | None:
    """From the interval's width, which falls with the root of the number; its end must be beyond with 80 % chance."""
    if evidence.target is None:
        return None
    distance = min(abs(evidence.oriented[0] + shift - end) for end in evidence.target)
    width = (evidence.high - evidence.low) / 2
    if distance <= 0:
        return None
    sure, usual = (float(stats.norm.isf(level / 2)) for level in (alpha, ALPHA))
    wider = (sure + float(stats.norm.ppf(POWER))) / usual
    n = math.ceil(evidence.seeds * (wider * width / distance) ** 2)
    return max(n, FEWEST_SEEDS, evidence.seeds + 1) if n <= MOST_SEEDS else None
