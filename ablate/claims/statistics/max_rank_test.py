"""Is one arm lower than another at some evaluation? The largest standardized rank statistic over the evaluations.

Whole runs are dealt to the two arms, the same deal at every evaluation, so that nothing is lost to how strongly a run's
evaluations depend on one another (Westfall and Young, Resampling-Based Multiple Testing, 1993: max-T). At one evaluation
it is the stratified Mann–Whitney test of ablate.claims.statistics.rank_tests.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ablate.claims.statistics.bootstrap import Floats, center_of, seed_of

DEALS = 9_999
"""Random deals beside the one that was seen; of fewer in all, every one is taken"""
RESAMPLES = 1_000
"""Of whole runs, for the simultaneous interval"""
CHUNK = 2_000
"""Deals that are taken at once, so that memory stays small"""
SLACK = 1e-9
"""Statistics that are equal but for rounding count as equally extreme"""
DIGITS = 12

Curves = tuple[Floats, Floats]
"""Values of either arm's runs on one dataset [runs, evaluations], infinities allowed"""


@dataclass(frozen=True)
class MaxTest:
    """p that the first arm is lower at no evaluation; `best`: the evaluation at which it is ahead by most."""

    p_less: float
    best: int
    method: str


def max_rank_test(strata: Sequence[Curves], shift: float, seed: int) -> MaxTest:
    """The test with the first arm's values moved by `shift`; the evaluations of all strata are as many."""
    ranked = [_Ranked.of(arm + shift, other) for arm, other in strata]
    seen = _standardized(ranked, [stratum.first[None] for stratum in ranked])[0]
    best = int(np.argmin(seen))
    if math.prod(math.comb(len(stratum.first), int(stratum.first.sum())) for stratum in ranked) <= DEALS:
        every = [list(_deals(stratum.first)) for stratum in ranked]
        chosen = list(product(*(range(len(deals)) for deals in every)))
        dealt = [np.array(deals)[[index[i] for index in chosen]] for i, deals in enumerate(every)]
        return MaxTest(float(np.mean(_least(ranked, dealt) <= seen[best] + SLACK)), best, "exact")
    rng = np.random.default_rng(seed)
    dealt = [rng.permuted(np.broadcast_to(stratum.first, (DEALS, len(stratum.first))), axis=1) for stratum in ranked]
    hits = int(np.count_nonzero(_least(ranked, dealt) <= seen[best] + SLACK))
    return MaxTest((hits + 1) / (DEALS + 1), best, "Monte Carlo")


def simultaneous_interval(
    strata: Sequence[Curves], at: int, center: str, seed: int, level: float
) -> tuple[float, float, float]:
    """The difference of centres at one evaluation, mean over strata, with an interval that holds at all of them together.

    The width is the quantile of the largest standardized error over the evaluations, of whole runs resampled (max-T).
    Values are finite.
    """
    count = strata[0][0].shape[1]
    effects, errors = np.zeros(count), np.zeros((RESAMPLES, count))
    for index, (arm, other) in enumerate(strata):
        for name, values, sign in (("arm", arm, 1.0), ("against", other, -1.0)):
            rng = np.random.default_rng(seed_of(str(seed), str(index), name))
            drawn = rng.integers(0, len(values), (RESAMPLES, len(values)))
            centers = np.array([center_of(column, center) for column in values.T])
            effects += sign * centers / len(strata)
            for j, column in enumerate(values.T):
                errors[:, j] += sign * (_centers(column[drawn], center) - centers[j]) / len(strata)
    spread = errors.std(axis=0, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        largest = np.where(spread > 0, np.abs(errors) / spread, 0.0).max(axis=1)
    half = float(np.quantile(largest, level) * spread[at])
    effect = float(effects[at])
    return effect + 0.0, effect - half + 0.0, effect + half + 0.0


def _centers(values: Floats, center: str) -> Floats:
    """The interquartile mean, or the mean, of each row."""
    cut = values.shape[1] // 4 if center == "iqm" else 0
    return np.sort(values, axis=1)[:, cut : values.shape[1] - cut].mean(axis=1)


@dataclass(frozen=True)
class _Ranked:
    """One stratum: midranks of all runs at each evaluation, centred and weighted as van Elteren (1960) does."""

    scores: Floats
    """[runs, evaluations]"""
    variance: Floats
    """[evaluations], of the sum over the first arm's runs"""
    first: NDArray[np.bool_]
    """which runs are the first arm's"""

    @classmethod
    def of(cls, arm: Floats, other: Floats) -> _Ranked:
        m, n = len(arm), len(other)
        ranks = stats.rankdata(np.round(np.concatenate([arm, other]), DIGITS), axis=0)
        scores = (ranks - ranks.mean(axis=0)) / (m + n + 1)
        return cls(scores, m * n / (m + n) * scores.var(axis=0, ddof=1), np.arange(m + n) < m)


def _deals(first: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """Every choice of as many runs."""
    deals = []
    for chosen in combinations(range(len(first)), int(first.sum())):
        deal = np.zeros(len(first), dtype=bool)
        deal[list(chosen)] = True
        deals.append(deal)
    return deals


def _standardized(strata: Sequence[_Ranked], deals: Sequence[NDArray[np.bool_]]) -> Floats:
    """The statistic of each deal at each evaluation: [deals, evaluations]; 0 where all runs are equal."""
    total = sum(deal.astype(float) @ stratum.scores for stratum, deal in zip(strata, deals, strict=True))
    deviation = np.sqrt(sum(stratum.variance for stratum in strata))
    return np.divide(total, deviation, out=np.zeros_like(total), where=deviation > SLACK)


def _least(strata: Sequence[_Ranked], deals: Sequence[NDArray[np.bool_]]) -> Floats:
    """The smallest statistic over the evaluations, of each deal."""
    starts = range(0, len(deals[0]), CHUNK)
    return np.concatenate(
        [_standardized(strata, [deal[start : start + CHUNK] for deal in deals]).min(axis=1) for start in starts]
    )
