"""Two arms' outcomes of 0 and 1 on the same draws: McNemar's test, and the interval of the difference of paired shares.

Only draws on which the arms differ say which arm is ahead. That they fall either way alike is McNemar's test, here the exact
binomial one (Psychometrika 12, 1947); over several datasets the discordant draws are added up. It is exact too where what
counts as success hangs on all runs together, such as being near the best of them, for that is the same when the arms are
swapped within draws. The interval is Newcombe's for paired shares (Statistics in Medicine 17, 1998, 2635-2650, method 10:
Wilson's intervals, joined with the correlation of the outcomes), over datasets by the same recovery of variances, equally
weighted. That the difference lies beyond a margin is tested by the interval: p is where its end meets the margin.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from ablate.claims.statistics.bootstrap import LEVEL, Floats
from ablate.claims.statistics.heterogeneity import cochran_p
from ablate.claims.statistics.risk_difference import meeting

HIT = 0.5
"""An outcome above it is a success"""


@dataclass(frozen=True)
class PairedCounts:
    """Draws of one dataset on which both arms succeed, only the arm, only the other, or neither."""

    both: int
    arm_only: int
    other_only: int
    neither: int

    @classmethod
    def of(cls, arm: Floats, other: Floats) -> PairedCounts:
        """From the outcomes [draws] of both arms, in the same order of draws."""
        first, second = arm > HIT, other > HIT
        cells = (first & second, first & ~second, ~first & second, ~first & ~second)
        return cls(*(int(cell.sum()) for cell in cells))

    @property
    def n(self) -> int:
        return self.both + self.arm_only + self.other_only + self.neither

    @property
    def cells(self) -> tuple[int, int, int, int]:
        return self.both, self.arm_only, self.other_only, self.neither

    @property
    def difference(self) -> float:
        return (self.arm_only - self.other_only) / self.n


def mcnemar(strata: Sequence[PairedCounts]) -> tuple[float, float]:
    """One-sided p that the arm does not succeed less often than the other, and that it does not more often; exact."""
    ahead = sum(counts.arm_only for counts in strata)
    discordant = ahead + sum(counts.other_only for counts in strata)
    return float(stats.binom.cdf(ahead, discordant, 0.5)), float(stats.binom.sf(ahead - 1, discordant, 0.5))


def paired_difference(strata: Sequence[PairedCounts], level: float = LEVEL) -> tuple[float, float, float]:
    """Share of the arm − share of the other, averaged over datasets, with its interval."""
    seen = float(np.mean([counts.difference for counts in strata]))
    below, above = (sum(squares) for squares in zip(*(_squares(counts, level) for counts in strata), strict=True))
    low, high = seen - math.sqrt(below) / len(strata), seen + math.sqrt(above) / len(strata)
    return seen + 0.0, max(-1.0, low) + 0.0, min(1.0, high) + 0.0


def paired_margin_test(strata: Sequence[PairedCounts], margin: float) -> tuple[float, float]:
    """One-sided p that the difference is not below a margin, and that it is not above it; exact where the margin is 0."""
    return meeting(lambda level: paired_difference(strata, level), margin) if margin else mcnemar(strata)


def heterogeneity_of_paired(strata: Sequence[PairedCounts]) -> float:
    """p of the test that the difference is the same on every dataset: Cochran's Q.

    The variance of each difference is Agresti and Min's (Biostatistics 6, 2005), half a draw added to each cell.
    """
    differences, variances = [], []
    for counts in strata:
        n, one, other = counts.n + 2, counts.arm_only + 0.5, counts.other_only + 0.5
        differences.append((one - other) / n)
        variances.append((one + other - (one - other) ** 2 / n) / n**2)
    return cochran_p(np.asarray(differences), np.asarray(variances))


def _squares(counts: PairedCounts, level: float) -> tuple[float, float]:
    """Squares of the distances from the difference to the ends of its interval."""
    hits = (counts.both + counts.arm_only, counts.both + counts.other_only)
    ends = [stats.binomtest(own, counts.n).proportion_ci(level, method="wilson") for own in hits]
    (down, up), (other_down, other_up) = (
        (own / counts.n - end.low, end.high - own / counts.n) for own, end in zip(hits, ends, strict=True)
    )
    phi = _correlation(counts)
    below = down**2 - 2 * phi * down * other_up + other_up**2
    above = up**2 - 2 * phi * up * other_down + other_down**2
    return max(0.0, below), max(0.0, above)


def _correlation(counts: PairedCounts) -> float:
    """The correlation of the outcomes, corrected for continuity where it is positive; 0 where an arm's are all alike."""
    a, b, c, d = counts.cells
    product = (a + b) * (c + d) * (a + c) * (b + d)
    if not product:
        return 0.0
    excess = float(a * d - b * c)
    if excess > 0:
        excess = max(0.0, excess - counts.n / 2)
    return excess / math.sqrt(product)
