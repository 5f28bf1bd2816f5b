"""What the runs say of one claim: how strongly for it, how strongly against it, and by how much."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ablate.claims.values import Samples

if TYPE_CHECKING:
    from ablate.study.study import Claim

LEVEL = 0.95


@dataclass(frozen=True)
class Evidence:
    """Effects are on the scale of comparison: logarithms for a ratio."""

    claim: Claim
    strata: list[tuple[str, Samples]]
    """(dataset, its samples), those without the metric included"""
    scale: str
    p_for: float = 1.0
    """one-sided: that what the claim says is not so"""
    p_against: float = 1.0
    """one-sided: that its opposite is not so"""
    method: str = "exact"
    tests: int = 1
    """how many datasets p is already corrected for"""
    effect: float = math.nan
    low: float = math.nan
    high: float = math.nan
    improvement: float = math.nan
    improvement_low: float = math.nan
    improvement_high: float = math.nan
    target: tuple[float, float] | None = None
    """where the claim places the turned effect, ends included; None for a claim of a direction"""
    fault: str = ""
    """why the statistic does not exist, in words"""

    @property
    def p(self) -> float:
        """Two-sided: twice the smaller one, for a claim may be reproduced or contradicted; NaN without a test."""
        return math.nan if math.isnan(self.p_for) else min(1.0, 2 * min(self.p_for, self.p_against))

    @property
    def applies(self) -> bool:
        return any(each.applies for _, each in self.strata)

    @property
    def used(self) -> list[tuple[str, Samples]]:
        """The strata that have the metric."""
        return [(name, each) for name, each in self.strata if each.applies]

    @property
    def seeds(self) -> int:
        return min((each.fewest for _, each in self.used), default=0)

    @property
    def diverged(self) -> int:
        """How many of the runs compared diverged."""
        return sum(sum(each.diverged) for _, each in self.used)

    @property
    def margin(self) -> float:
        """Half width of "no difference that matters": log(1 + margin) for a ratio."""
        return math.log1p(self.claim.margin) if self.scale == "ratio" else float(self.claim.margin)

    @property
    def turned(self) -> tuple[float, float, float]:
        """effect, low, high, turned so that negative is what the claim says, or what is better."""
        if self.claim.direction == "greater":
            return -self.effect, -self.high, -self.low
        return self.effect, self.low, self.high

    @property
    def claimed_way(self) -> bool:
        return self.improvement > 0.5 if self.target is None else self.p_for <= self.p_against
