"""equivalent: is the arm's metric within the margin of another's, or not worse than the best of several by more?

One pair: two one-sided tests (Schuirmann 1987), each a rank test of values that are shifted by the margin, so that it is
exact where the arms differ by a shift (of logarithms, for a ratio).

Not worse than the best: which level is best is not chosen on the data. Not worse than the best is not worse than each, so
every level is tested, and all must be passed: an intersection–union test, of which each part is made at the full level
(Berger 1982). Worse than the best is worse than some level: there the smallest p is multiplied by their number (Holm's
first step). The interval is that of the largest excess over a level: its upper end is the largest of the levels' upper
ends, its lower end the largest of their lower ends at the corrected level; so it needs no correction for the choice.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ablate.claims.evidence import LEVEL, Evidence
from ablate.claims.kinds.compare import seed_of
from ablate.claims.statistics import effects as statistics
from ablate.claims.statistics.effects import Floats
from ablate.claims.statistics.rank_tests import RankTest, stratified_rank_test
from ablate.claims.values import Samples

if TYPE_CHECKING:
    from ablate.study.study import Claim

DIGITS = 12
"""Shifted values that are equal but for rounding are ties"""


def weigh(claim: Claim, strata: list[tuple[str, Samples]], level: float = LEVEL) -> Evidence:
    """Evidence over the datasets where the metric exists."""
    if not claim.rivals:
        return _pair(claim, strata, level)
    return _best(claim, strata, level)


def _pair(claim: Claim, strata: list[tuple[str, Samples]], level: float) -> Evidence:
    found = Evidence(claim, strata, strata[0][1].scale)
    one_sided = bool(claim.direction)
    found = replace(found, target=(-math.inf if one_sided else -found.margin, found.margin))
    used = [each for _, each in found.used if each.fewest]
    if not used:
        return found
    seed = seed_of(claim, found.used)
    sign = -1.0 if claim.direction == "greater" else 1.0
    ranked = [tuple(sign * each for each in samples.ranked()) for samples in used]
    above = _shifted(ranked, -found.margin, seed)
    chance = statistics.improvement([(arm, against) for arm, against in ranked], level)
    found = replace(
        found, p_for=above.p_less, p_against=above.p_greater, method=above.method, improvement=chance[0],
        improvement_low=chance[1], improvement_high=chance[2],
    )  # fmt: skip
    if not one_sided:
        below = _shifted(ranked, found.margin, seed)
        found = replace(
            found, p_for=max(above.p_less, below.p_greater), p_against=min(above.p_greater, below.p_less)
        )  # fmt: skip
    return _with_interval(found, level)


def _with_interval(found: Evidence, level: float) -> Evidence:
    used = [each for _, each in found.used if each.fewest]
    finite = [pair for pair in (each.comparable() for each in used) if pair is not None]
    if not finite:  # every run diverged, in both arms: nothing to average
        return replace(found, effect=0.0, low=-math.inf, high=math.inf)
    seed = seed_of(found.claim, found.used)
    effect, low, high = statistics.difference_of_centers(finite, seed, used[0].center, level)
    return replace(found, effect=effect, low=low, high=high)


def _shifted(ranked: list[tuple[Floats, ...]], shift: float, seed: int) -> RankTest:
    return stratified_rank_test(
        [(np.round(arm + shift, DIGITS), np.round(other, DIGITS)) for arm, other in ranked], seed
    )


def _best(claim: Claim, strata: list[tuple[str, Samples]], level: float) -> Evidence:
    pairs = [
        _pair(replace(claim, rivals=(), against=name), [(d, s.rivals[i]) for d, s in strata], level)
        for i, name in enumerate(claim.rivals)
    ]
    nearest = max(pairs, key=lambda each: (each.p_for, each.turned[0]))
    found = replace(
        nearest, claim=claim, strata=strata, p_against=min(1.0, len(pairs) * min(each.p_against for each in pairs))
    )  # fmt: skip
    if any(math.isnan(each.effect) for each in pairs):  # some level has no runs yet
        return replace(found, effect=math.nan, low=math.nan, high=math.nan)
    strict = [_with_interval(each, 1 - (1 - level) / len(pairs)) for each in pairs]
    effect, high = (max(each.turned[place] for each in pairs) for place in (0, 2))
    low = max(each.turned[1] for each in strict)
    if claim.direction == "greater":
        effect, low, high = -effect, -high, -low
    return replace(found, effect=effect, low=low, high=high)
