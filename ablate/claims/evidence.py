"""What the runs say of one claim: how strongly for it, how strongly against it, and by how much."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from ablate.claims.statistics.bootstrap import LEVEL, Floats, seed_of
from ablate.claims.values import Samples
from ablate.study.claims import Claim

NO_IMPROVEMENT = (math.nan, math.nan, math.nan)


@dataclass(frozen=True)
class Evidence:
    """Effects are on the scale of comparison: logarithms for a ratio."""

    claim: Claim
    strata: list[tuple[str, Samples]]
    """(dataset, its samples), those without the metric included"""
    scale: str
    """ratio, difference, value, or log: of values whose logarithms are averaged"""
    p_for: float = 1.0
    """one-sided: that what the claim says is not so"""
    p_against: float = 1.0
    """one-sided: that its opposite is not so"""
    p_within: float = 1.0
    """one-sided: that the difference is not within the margin; of a claim of a direction with a margin"""
    method: str = "exact"
    tests: int = 1
    """how many datasets p is already corrected for"""
    effect: float = math.nan
    low: float = math.nan
    high: float = math.nan
    level: float = LEVEL
    """of the interval"""
    improvement: float = math.nan
    improvement_low: float = math.nan
    improvement_high: float = math.nan
    improvement_of: str = "pairs of runs"
    """what the probability of improvement is a share of"""
    target: tuple[float, float] | None = None
    """where the claim places the oriented effect, ends included; None for a claim of a direction"""
    target_words: str = "the margin"
    """what the target is called in reasons"""
    held_against: float | None = None
    """the fixed value that runs are compared with, on the scale of comparison"""
    paired: bool = False
    """the arms' values are in one order of draws"""
    seeds_decide: bool = True
    """more seeds would narrow the interval"""
    outside: tuple[str, ...] = ()
    """of a pool, the datasets whose own effect lies outside the margin or the range"""
    heterogeneity: float = math.nan
    """of a pool: p of the test that the effect is the same on every dataset"""
    fault: str = ""
    """why the statistic does not exist, in words"""

    @property
    def p(self) -> float:
        """Two-sided: twice the smallest, NaN without a test.

        Wherever the truth lies, at most two of the three hypotheses that are tested are true and near it: at the margin
        itself that the claim does not hold, and that the difference is not within the margin.
        """
        return math.nan if math.isnan(self.p_for) else min(1.0, 2 * min(self.p_for, self.p_against, self.p_within))

    @property
    def applies(self) -> bool:
        return any(samples.applies for _, samples in self.strata)

    @property
    def used(self) -> list[tuple[str, Samples]]:
        """The strata that have the metric."""
        return [(name, samples) for name, samples in self.strata if samples.applies]

    @property
    def filled(self) -> list[Samples]:
        """The samples that have the metric and a run in every arm."""
        return [samples for _, samples in self.used if samples.fewest]

    @property
    def gaps(self) -> list[tuple[Floats, Floats]]:
        """Of a spread: the gaps of the arm and of the other, by dataset."""
        return [(samples.gaps[0], samples.gaps[1]) for samples in self.filled if len(samples.gaps) > 1]

    @property
    def seeds(self) -> int:
        """Runs of the arm that has the fewest on some dataset."""
        return min((samples.fewest for _, samples in self.used), default=0)

    @property
    def diverged(self) -> int:
        """How many of the runs compared diverged."""
        return sum(sum(samples.diverged) for _, samples in self.used)

    @property
    def binary(self) -> bool:
        """Runs either have the event or have not."""
        return any(samples.binary for samples in self.filled)

    @property
    def no_events(self) -> bool:
        """Every run that is compared came out alike, so that 0/1 outcomes say nothing of a difference."""
        pairs = [(samples.arm, samples.against) for samples in self.filled if samples.against is not None]
        return self.binary and len({float(value) for pair in pairs for values in pair for value in values}) == 1

    @property
    def margin(self) -> float:
        """Half width of "no difference that matters": log(1 + margin) for a ratio."""
        return math.log1p(self.claim.margin) if self.scale == "ratio" else float(self.claim.margin)

    @property
    def bootstrap_seed(self) -> int:
        """The same claim on the same datasets has the same intervals."""
        claim = self.claim
        return seed_of(claim.key, claim.metric, claim.statistic, *(name for name, _ in self.used))

    @property
    def oriented(self) -> tuple[float, float, float]:
        """effect, low, high with the sign that makes negative what the claim says, or what is better."""
        if self.claim.direction == "greater":
            return -self.effect, -self.high, -self.low
        return self.effect, self.low, self.high

    @property
    def points(self) -> str:
        """What the smallest p is of: for the claim, against it, or within the margin."""
        by_word = {"for": self.p_for, "against": self.p_against, "within": self.p_within}
        return min(by_word, key=by_word.__getitem__)

    @property
    def lies_outside(self) -> bool:
        """The effect itself lies outside the margin, or outside the range."""
        least, most = self.target or (-self.margin, self.margin)
        return not least <= self.oriented[0] <= most

    @property
    def claimed_way(self) -> bool:
        of_ranks = self.target is None and not self.binary
        return self.improvement > 0.5 if of_ranks else self.p_for <= self.p_against

    def with_test(
        self,
        p_for: float,
        p_against: float,
        method: str,
        improvement: tuple[float, float, float] = NO_IMPROVEMENT,
        p_within: float = 1.0,
    ) -> Evidence:
        """The same with a test's one-sided p, and the probability of improvement with its interval."""
        share, low, high = improvement
        return replace(
            self,
            p_for=p_for,
            p_against=p_against,
            p_within=p_within if self.margin else 1.0,
            method=method,
            improvement=share,
            improvement_low=low,
            improvement_high=high,
        )

    def with_effect(self, effect: float, low: float, high: float) -> Evidence:
        """The same with an effect and its interval."""
        return replace(self, effect=effect, low=low, high=high)

    def without_finite_values(self) -> Evidence:
        """The same where every run of every arm diverged: there is nothing to average."""
        return self.with_effect(0.0, -math.inf, math.inf)
