"""How many draws a search needs until one of them comes near the best with 80 % chance, and two arms' numbers compared.

If a share q of draws comes near, one of k new draws does with chance 1 − (1 − q)ᵏ, which is 80 % for k = log 0.2 / log(1 − q).
New draws come from the ranges, not from the draws at hand: those are a sample, which a later search does not use up. The
count without replacement, 1 − C(N − m, k)/C(N, k) with m near ones of N, is of a search among the draws at hand, where the
last N − m + 1 cannot miss: of 2 near ones in 50 it makes 28 draws, the share of 4 % makes 40. Where no draw comes near, the
number cannot be told; in a ratio of two arms' numbers half a draw stands for none.

Arms of one search share their draws, so that swapping them within draws leaves the chance of everything as it is where
the arms are alike, what is near the best included: p counts the swaps, exactly. Intervals are the percentile bootstrap's,
of draws resampled with both arms' outcomes; what is near is held. To each outcome half a draw is added before (Agresti and
Min, Biostatistics 6, 2005), so that what did not happen is not taken for what cannot.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from ablate.claims.statistics.best_test import distribution_of_mean
from ablate.claims.statistics.bootstrap import LEVEL, RESAMPLES, Floats, percentiles
from ablate.claims.statistics.paired_shares import PairedCounts

CHANCE = 0.8
"""Of at least one draw near the best"""


@dataclass(frozen=True)
class NeededTest:
    """The mean over datasets of log(arm's number ÷ the other's), with its interval, and one-sided p at the margin.

    p_less: that the arm's number is not less by the margin; p_greater: that it is not greater by it; p_within: that the
    numbers differ by the margin or more.
    """

    effect: float
    low: float
    high: float
    p_less: float
    p_greater: float
    p_within: float
    method: str


def draws_needed(near: ArrayLike, n: int) -> Floats:
    """The number of draws, not rounded, where `near` of `n` come near; 1 where more than 80 % do."""
    share = np.maximum(np.asarray(near, dtype=float), 0.5) / n
    with np.errstate(divide="ignore"):
        return np.asarray(np.maximum(1.0, math.log(1 - CHANCE) / np.log1p(-share)))


def needed_interval(near: int, n: int, seed: int, level: float = LEVEL) -> tuple[float, float, float]:
    """One arm's number of draws, with the percentile bootstrap's interval; ∞ where no draw comes near."""
    resampled = np.random.default_rng(seed).binomial(n, (near + 1) / (n + 2), RESAMPLES)  # two outcomes count as near
    fewest, most = np.quantile(resampled, [0.5 - level / 2, 0.5 + level / 2], method="inverted_cdf")
    middle, low, high = (float(draws_needed(count, n)) if count else math.inf for count in (near, most, fewest))
    return middle, low, high


def needed_test(strata: Sequence[PairedCounts], margin: float, seed: int, level: float = LEVEL) -> NeededTest:
    """The test of one or several datasets; `margin` is one of logarithms, at which p is that of the bootstrap."""
    effect = float(
        np.mean([_log_ratio(counts.both, counts.arm_only, counts.other_only, counts.n) for counts in strata])
    )
    rng = np.random.default_rng(seed)
    resampled = np.mean([_resampled(counts, rng) for counts in strata], axis=0)
    low, high = percentiles(resampled, level)
    ends = (effect + 0.0, float(low) + 0.0, float(high) + 0.0)
    if margin:
        above, below = (_tail(resampled >= -margin), _tail(resampled <= margin))
        beyond = max(_tail(resampled <= -margin), _tail(resampled >= margin))
        return NeededTest(*ends, above, below, beyond, "bootstrap")
    values, chances, method = distribution_of_mean([_swapped(counts) for counts in strata], effect, seed)
    slack = 1e-9
    less, greater = chances[values <= effect + slack].sum(), chances[values >= effect - slack].sum()
    return NeededTest(*ends, min(1.0, float(less)), min(1.0, float(greater)), 1.0, method)


def _log_ratio(both: ArrayLike, arm_only: ArrayLike, other_only: ArrayLike, n: int) -> Floats:
    near, others = np.add(both, arm_only), np.add(both, other_only)
    return np.asarray(np.log(draws_needed(near, n)) - np.log(draws_needed(others, n)))


def _swapped(counts: PairedCounts) -> tuple[Floats, Floats]:
    """Every log ratio that swapping the arms within draws gives on one dataset, and its chance."""
    discordant = counts.arm_only + counts.other_only
    ahead = np.arange(discordant + 1)
    values = _log_ratio(counts.both, ahead, discordant - ahead, counts.n)
    return values, np.asarray(stats.binom.pmf(ahead, discordant, 0.5))


def _resampled(counts: PairedCounts, rng: np.random.Generator) -> Floats:
    """The log ratio [RESAMPLES] of draws resampled with replacement."""
    both, arm_only, other_only, _ = rng.multinomial(
        counts.n, (np.array(counts.cells) + 0.5) / (counts.n + 2), RESAMPLES
    ).T
    return _log_ratio(both, arm_only, other_only, counts.n)


def _tail(hits: np.ndarray) -> float:
    """The share of resamples, with the one that was seen."""
    return float((np.count_nonzero(hits) + 1) / (len(hits) + 1))
