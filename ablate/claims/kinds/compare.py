"""compare: is the arm's metric less, or greater, than another arm's, or than a fixed value?

Of two arms: the stratified Mann–Whitney test. Against a value, as for a trend along training, whose value is a
coefficient of 0: the sign test, which asks whether the median run lies beyond it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from ablate.claims.evidence import LEVEL, Evidence
from ablate.claims.statistics import effects as statistics
from ablate.claims.statistics.best_test import best_test
from ablate.claims.statistics.rank_tests import sign_test, stratified_rank_test
from ablate.claims.values import Samples
from ablate.registry.measures import measure

if TYPE_CHECKING:
    from ablate.study.study import Claim


def seed_of(claim: Claim, used: list[tuple[str, Samples]]) -> int:
    """The same claim on the same datasets has the same intervals."""
    return statistics.seed_of(claim.key, claim.metric, claim.statistic, *(name for name, _ in used))


def weigh(claim: Claim, strata: list[tuple[str, Samples]], level: float = LEVEL) -> Evidence:
    """Test and effect over the datasets where the metric exists. Values are turned so that lower is what is claimed."""
    found = Evidence(claim, strata, strata[0][1].scale)
    used = [each for _, each in found.used if each.fewest]
    if not used:
        return found
    seed, center = seed_of(claim, found.used), used[0].center
    if claim.value is not None:
        return _weigh_value(found, used, claim.value, seed, center, level)
    if claim.statistic == "best":
        return _weigh_best(found, used, seed, level)
    sign = 1.0 if claim.direction == "less" else -1.0
    turned = [(sign * each.arm, sign * each.against) for each in used if each.against is not None]
    test = stratified_rank_test(turned, seed)
    chance, chance_low, chance_high = statistics.improvement(turned, level)
    found = replace(
        found, p_for=test.p_less, p_against=test.p_greater, method=test.method, improvement=chance,
        improvement_low=chance_low, improvement_high=chance_high,
    )  # fmt: skip
    finite = [pair for pair in (each.comparable() for each in used) if pair is not None]
    if not finite:  # every run diverged, in both arms: nothing to average
        return replace(found, effect=0.0, low=-math.inf, high=math.inf)
    effect, low, high = statistics.difference_of_centers(finite, seed, center, level)
    return replace(found, effect=effect, low=low, high=high)


def _weigh_best(found: Evidence, used: list[Samples], seed: int, level: float) -> Evidence:
    """Of each arm the best run alone counts; which way is best is the metric's, not the claim's."""
    way = 1.0 if measure(found.claim.metric).better == "less" else -1.0
    pairs = [pair for pair in (each.comparable() for each in used) if pair is not None]
    if not pairs:
        return replace(found, effect=0.0, low=-math.inf, high=math.inf)
    test = best_test([(way * first, way * second) for first, second in pairs], seed, level)
    ends = sorted((way * test.low, way * test.high))
    less, greater, chance = test.p_less, test.p_greater, test.ahead
    if (found.claim.direction == "less") != (way > 0):  # the claim is that the arm's best is the worse one
        less, greater, chance = greater, less, 1 - chance
    return replace(
        found, p_for=less, p_against=greater, method=test.method, improvement=chance, effect=way * test.effect + 0.0,
        low=ends[0] + 0.0, high=ends[1] + 0.0,
    )  # fmt: skip


def _weigh_value(found: Evidence, used: list[Samples], value: float, seed: int, center: str, level: float) -> Evidence:
    sign = 1.0 if found.claim.direction == "less" else -1.0
    turned = [sign * each.arm for each in used]
    test = sign_test(turned, sign * value)
    chance, chance_low, chance_high = statistics.improvement_on(turned, sign * value, level)
    scale = "ratio" if found.scale == "ratio" and value > 0 else "difference"
    used = [replace(each, scale=scale) for each in used]  # type: ignore[arg-type]
    found = replace(
        found, scale=scale, p_for=test.p_less, p_against=test.p_greater, method=test.method, improvement=chance,
        improvement_low=chance_low, improvement_high=chance_high,
    )  # fmt: skip
    finite = [pair[0] for pair in (each.comparable() for each in used) if pair is not None]
    if not finite:
        return replace(found, effect=0.0, low=-math.inf, high=math.inf)
    zero = math.log(value) if scale == "ratio" else value
    effect, low, high = statistics.difference_from_value(finite, zero, seed, center, level)
    return replace(found, effect=effect, low=low, high=high)
