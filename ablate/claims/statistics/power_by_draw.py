"""How often a claim of arms that are paired by draw would be decided with another number of draws, by simulation.

Draws are taken from those at hand, with replacement, and judged as the claim is: shares by McNemar's exact test and Agresti and
Min's interval (Biostatistics 6, 2005), values by the signed rank test's normal approximation and Yuen's interval (Biometrika 61,
1974), which take no bootstrap.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ablate.claims.statistics.bootstrap import LEVEL, Floats
from ablate.claims.statistics.power import STUDIES
from ablate.claims.thresholds import APART, LIKELY

Z = float(stats.norm.ppf(0.5 + LEVEL / 2))


def decided_by_draw(strata: Sequence[Floats], n: int, margin: float, shares: bool, alpha: float, seed: int) -> float:
    """Share of studies with n draws a dataset that would decide the claim, either way.

    strata: differences within draws [draws] of each dataset, oriented so that lower is claimed, ±inf where one run of a draw
    diverged; of `shares` they are −1, 0 and 1. alpha: level of the claim's test, two-sided.
    """
    rng = np.random.default_rng([seed % 2**63, n])
    drawn = [_ascending(own, n, rng) for own in strata]
    effect, half = _interval(drawn, shares)
    ahead = np.mean([((own < 0).mean(axis=1) + (own <= 0).mean(axis=1)) / 2 for own in drawn], axis=0)
    below, above = effect + half < -margin, effect - half > margin
    within = (effect - half > -margin) & (effect + half < margin)
    if shares:
        if not margin:
            less, greater = _mcnemar(drawn)
            below, above = below & (2 * less < alpha), above & (2 * greater < alpha)
        return float(np.mean(below | above | within))
    sure = float(stats.norm.isf(alpha / 2))
    short = _deviate([own + margin for own in drawn])
    beyond = _deviate([own - margin for own in drawn]) if margin else short
    below, above = below & (short < -sure) & (ahead >= LIKELY), above & (beyond > sure) & (ahead <= 1 - LIKELY)
    within &= (short > sure) & (beyond < -sure) & (np.maximum(ahead, 1 - ahead) <= APART)
    return float(np.mean(below | above | within))


def _ascending(differences: Floats, n: int, rng: np.random.Generator) -> Floats:
    """Draws of each study [studies, n], ascending; infinite differences at twice the largest seen: they stay the largest."""
    inside = differences[np.isfinite(differences)]
    most = 2 * float(np.abs(inside).max()) if len(inside) and inside.any() else 1.0
    ordered = np.sort(np.clip(differences, -most, most))
    return ordered[np.sort(rng.integers(0, len(ordered), (STUDIES, n)), axis=1)]


def _interval(drawn: Sequence[Floats], shares: bool) -> tuple[Floats, Floats]:
    """The mean effect over datasets of each study, and half of its interval's width."""
    effects, variances = zip(*(_share(own) if shares else _center(own) for own in drawn), strict=True)
    return np.mean(effects, axis=0), Z * np.sqrt(np.sum(variances, axis=0)) / len(drawn)


def _share(own: Floats) -> tuple[Floats, Floats]:
    n, one, other = own.shape[1] + 2, (own > 0).sum(axis=1) + 0.5, (own < 0).sum(axis=1) + 0.5
    return (one - other) / n, (one + other - (one - other) ** 2 / n) / n**2


def _center(own: Floats) -> tuple[Floats, Floats]:
    """Interquartile mean of each study, and its variance by winsorised values."""
    n = own.shape[1]
    cut = n // 4
    inner = own[:, cut : n - cut]
    spread = np.clip(own, inner[:, :1], inner[:, -1:]).var(axis=1, ddof=1)
    return inner.mean(axis=1), spread / ((1 - 2 * cut / n) ** 2 * n)


def _mcnemar(drawn: Sequence[Floats]) -> tuple[Floats, Floats]:
    """p of each study that the arm's share is not less, and that it is not greater."""
    arm, other = (sum((way * own > 0).sum(axis=1) for own in drawn) for way in (1, -1))
    return stats.binom.cdf(arm, arm + other, 0.5), stats.binom.sf(arm - 1, arm + other, 0.5)


def _deviate(drawn: Sequence[Floats]) -> Floats:
    """The normal deviate of the signed ranks of each study, summed over datasets; negative where they lie below 0."""
    excess: NDArray[np.float64] = np.zeros(len(drawn[0]))
    variance = np.zeros(len(drawn[0]))
    for own in drawn:
        ranks = stats.rankdata(np.abs(own), axis=1) * np.sign(own)
        excess, variance = excess + ranks.sum(axis=1), variance + (ranks**2).sum(axis=1)
    return np.asarray(excess / np.sqrt(np.maximum(variance, math.ulp(1.0))))
