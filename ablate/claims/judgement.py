"""The rule that turns evidence into a verdict, with the reason in words. Every threshold of it stands here.

Three things can be found of a claim of a direction: that the difference lies beyond the margin the claimed way, that it does
the other way, and that it lies within the margin. Each is tested against its own margin, so that Holm's correction covers
the margin too, and each must also be shown by the effect's interval.
"""

from __future__ import annotations

from ablate.claims.evidence import Evidence
from ablate.claims.lacking import absent, alike, few, hindrances, incomplete
from ablate.claims.seeds_needed import MOST_SEEDS, seeds_needed, seeds_range
from ablate.claims.thresholds import ALPHA, FEWEST_SEEDS, apart, likely
from ablate.results.numbers import p_value, percent

REPRODUCED, CONTRADICTED, INCONCLUSIVE, WAITING = "reproduced", "contradicted", "inconclusive", "waiting"
NO_DIFFERENCE, DEPENDS, NO_EVENTS = "no difference that matters", "depends on the dataset", "no events"
DECIDED = (REPRODUCED, CONTRADICTED, NO_DIFFERENCE)
"""What a dataset can say"""


def judge(evidence: Evidence, p_adjusted: float, alpha: float) -> tuple[str, str, int | None]:
    """Verdict, reason, and seeds an arm and dataset that would decide it (None if decided, or if no number would).

    alpha: level for the number of seeds, 0.05 shared among the tests that are corrected together.
    """
    nothing = absent(evidence)
    if nothing:
        return INCONCLUSIVE, nothing, None
    if evidence.fault:
        return INCONCLUSIVE, evidence.fault + incomplete(evidence), None
    enough = evidence.seeds >= FEWEST_SEEDS
    if enough and evidence.no_events:
        return NO_EVENTS, alike(evidence) + incomplete(evidence), None
    if enough:
        decided = _direction(evidence, p_adjusted) if evidence.target is None else _range(evidence, p_adjusted)
        if decided:
            return decided[0], decided[1] + incomplete(evidence), None
    needed = seeds_needed(evidence, alpha)
    reasons = hindrances(evidence, p_adjusted) if enough else [few(evidence)]
    reasons += [_needs(evidence, alpha, needed)] if needed else []
    return INCONCLUSIVE, "; ".join(reasons) + incomplete(evidence), needed


def _needs(evidence: Evidence, alpha: float, needed: int) -> str:
    low, high = seeds_range(evidence, alpha, needed)
    reach = f"{low} to {high or f'over {MOST_SEEDS}'}"
    return f"needs about {needed} {'draws' if evidence.paired else 'seeds'}" + f" ({reach})" * (high != low)


def _direction(evidence: Evidence, p_adjusted: float) -> tuple[str, str] | None:
    """The rule of a claim that something is less, greater, falling or rising."""
    _, low, high = evidence.oriented
    margin, chance, by_shares = evidence.margin, evidence.improvement, evidence.binary
    numbers = f"p {p_value(p_adjusted)}"
    if not by_shares:
        numbers += f", ahead in {percent(chance)} of {evidence.improvement_of}"
    if p_adjusted >= ALPHA:
        return None
    if evidence.points == "for" and (by_shares or likely(chance)) and high < -margin:
        return REPRODUCED, numbers
    if evidence.points == "against" and (by_shares or likely(1 - chance)) and low > margin:
        return CONTRADICTED, "the other way round: " + numbers
    if evidence.points == "within" and -margin < low and high < margin and not evidence.outside:
        return None if apart(chance) and not by_shares else (NO_DIFFERENCE, f"within the margin: {numbers}")
    return None


def _range(evidence: Evidence, p_adjusted: float) -> tuple[str, str] | None:
    """The rule of a claim that something lies in a range: both the test and the interval must say so."""
    assert evidence.target is not None
    _, low, high = evidence.oriented
    least, most = evidence.target
    if p_adjusted >= ALPHA:
        return None
    if evidence.claimed_way and least <= low and high <= most and not evidence.outside:
        return REPRODUCED, f"the interval lies within {evidence.target_words}; p {p_value(p_adjusted)}"
    if not evidence.claimed_way and (high < least or low > most):
        return CONTRADICTED, f"the interval lies outside {evidence.target_words}; p {p_value(p_adjusted)}"
    return None
