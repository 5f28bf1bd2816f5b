"""The rule that turns evidence into a verdict, with the reason in words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ablate.claims.statistics import seeds_to_detect, seeds_to_narrow

if TYPE_CHECKING:
    from ablate.claims.measures import Samples
    from ablate.study import Claim

REPRODUCED, CONTRADICTED, INCONCLUSIVE = "reproduced", "contradicted", "inconclusive"
ALPHA = 0.05
LIKELY = 0.75
"""Probability of improvement that a claim must reach"""
ROUNDING = 1e-9
"""A probability that is 0.75 but for rounding reaches it"""
FEWEST_SEEDS = 5


@dataclass(frozen=True)
class Evidence:
    """What the runs say of one claim. Effects are on the scale of comparison: logarithms for a ratio."""

    claim: Claim
    strata: list[tuple[str, Samples]]
    """(dataset, its samples), those without the metric included"""
    scale: str
    p: float = 1.0
    method: str = "exact"
    tests: int = 1
    """how many datasets p is already corrected for"""
    effect: float = math.nan
    low: float = math.nan
    high: float = math.nan
    improvement: float = math.nan
    improvement_low: float = math.nan
    improvement_high: float = math.nan

    @property
    def applies(self) -> bool:
        return any(each.applies for _, each in self.strata)

    @property
    def seeds(self) -> int:
        return min((min(each.n) for _, each in self.strata if each.applies), default=0)

    @property
    def diverged(self) -> int:
        """How many of the runs compared diverged."""
        return sum(sum(each.diverged) for _, each in self.strata if each.applies)

    @property
    def margin(self) -> float:
        """Half width of "no difference that matters": log(1 + margin) for a ratio."""
        return math.log1p(self.claim.margin) if self.scale == "ratio" else float(self.claim.margin)

    @property
    def turned(self) -> tuple[float, float, float]:
        """effect, low, high, turned so that negative is what the claim says."""
        if self.claim.direction == "less":
            return self.effect, self.low, self.high
        return -self.effect, -self.high, -self.low

    @property
    def claimed_way(self) -> bool:
        return self.improvement > 0.5


def judge(evidence: Evidence, p_adjusted: float, alpha: float) -> tuple[str, str, int | None]:
    """Verdict, reason, and seeds an arm and dataset that would decide it (None if decided, or if no number would).

    alpha: level for the number of seeds, 0.05 shared among the tests that are corrected together.
    """
    absent = _absent(evidence)
    if absent:
        return INCONCLUSIVE, absent, None
    _, low, high = evidence.turned
    margin, chance = evidence.margin, evidence.improvement
    significant = p_adjusted < ALPHA
    enough = evidence.seeds >= FEWEST_SEEDS
    numbers = f"p {_p(p_adjusted)}, ahead in {_percent(chance)} of pairs of runs"
    if enough and significant and _likely(chance) and high < -margin:
        return REPRODUCED, numbers + _incomplete(evidence), None
    if enough and significant and _likely(1 - chance) and low > margin:
        return CONTRADICTED, "the other way round: " + numbers + _incomplete(evidence), None
    if enough and margin > 0 and -margin < low and high < margin:
        return CONTRADICTED, "the difference lies within the margin" + _incomplete(evidence), None
    needed = _needed(evidence, alpha)
    reasons = _hindrances(evidence, p_adjusted) if enough else [_few(evidence)]
    reasons += [f"needs about {needed} seeds"] if needed else []
    return INCONCLUSIVE, "; ".join(reasons) + _incomplete(evidence), needed


def _likely(chance: float) -> bool:
    return chance >= LIKELY - ROUNDING


def _absent(evidence: Evidence) -> str:
    """What is missing altogether, in words."""
    claim = evidence.claim
    if not evidence.applies:
        return f"{claim.metric} is not measured there"
    nothing = [
        (name, [arm for arm, n in zip((claim.arm, claim.against), each.n, strict=True) if not n])
        for name, each in evidence.strata
        if each.applies and not min(each.n)
    ]
    if len(nothing) == len(evidence.strata) and all(len(arms) == 2 for _, arms in nothing):
        return "no runs yet"
    return "; ".join(f"no runs yet of {' and '.join(arms)} on {name}" for name, arms in nothing)


def _few(evidence: Evidence) -> str:
    claim = evidence.claim
    few = {
        f"{n} of {arm}"
        for _, each in evidence.strata
        if each.applies
        for arm, n in zip((claim.arm, claim.against), each.n, strict=True)
        if n < FEWEST_SEEDS
    }
    return f"fewer than {FEWEST_SEEDS} seeds ({', '.join(sorted(few))})"


def _hindrances(evidence: Evidence, p_adjusted: float) -> list[str]:
    _, low, high = evidence.turned
    margin, chance = evidence.margin, evidence.improvement
    if math.isinf(high):
        return ["no run has a finite value"]
    if low == high == 0 and chance == 0.5:
        unbroken = evidence.claim.metric == "diverged" and not evidence.diverged
        return ["no run diverged, in either arm" if unbroken else "all runs are equal"]
    reasons = []
    if low <= 0 <= high:
        reasons.append("interval does not rule out equality" + (", and reaches beyond the margin" if margin else ""))
    elif -margin <= high and low <= margin:
        reasons.append("interval reaches into the margin")
    if not (_likely(chance) or _likely(1 - chance)):
        reasons.append(f"ahead in {_percent(chance)} of pairs of runs, a decision takes 75 % or 25 %")
    if p_adjusted >= ALPHA:
        reasons.append(f"p {_p(p_adjusted)}")
    return reasons or ["average and rank test disagree"]


def _needed(evidence: Evidence, alpha: float) -> int | None:
    """Seeds with which this effect, if it is real, would give a verdict."""
    effect, width = abs(evidence.effect), (evidence.high - evidence.low) / 2
    seeds, chance, margin = evidence.seeds, evidence.improvement, evidence.margin
    strata = sum(each.applies for _, each in evidence.strata)
    if not math.isfinite(width):
        return None
    if _likely(chance) or _likely(1 - chance):
        ranks = seeds_to_detect(chance, strata, alpha)
        size = seeds_to_narrow(width, effect - margin, seeds)
        decided = max(ranks, size) if ranks and size else None
    elif margin > effect:
        decided = seeds_to_narrow(width, margin - effect, seeds)
    else:
        decided = None
    if decided is None:
        return None
    return max(decided, FEWEST_SEEDS, seeds + 1)


def _incomplete(evidence: Evidence) -> str:
    """A clause for an unfinished study, and for datasets without this metric."""
    used = [each for _, each in evidence.strata if each.applies]
    missing, there = sum(sum(each.missing) for each in used), sum(sum(each.n) for each in used)
    clauses = [f"{missing} of {missing + there} runs are missing"] if missing else []
    without = [name for name, each in evidence.strata if not each.applies]
    clauses += [f"{evidence.claim.metric} is not measured on {', '.join(without)}"] if without else []
    return "".join(f"; {clause}" for clause in clauses)


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.2g}" if value < 0.095 else f"= {value:.2f}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
