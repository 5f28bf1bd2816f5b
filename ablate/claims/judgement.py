"""The rule that turns evidence into a verdict, with the reason in words."""

from __future__ import annotations

import math

from scipy import stats

from ablate.claims.evidence import Evidence
from ablate.claims.statistics.effects import seeds_to_detect, seeds_to_narrow
from ablate.results.numbers import p_value, percent

REPRODUCED, CONTRADICTED, INCONCLUSIVE, WAITING = "reproduced", "contradicted", "inconclusive", "waiting"
NO_EVENTS = "no events"
ALPHA = 0.05
LIKELY = 0.75
"""Probability of improvement that a claim must reach"""
ROUNDING = 1e-9
"""A probability that is 0.75 but for rounding reaches it"""
FEWEST_SEEDS = 5


def judge(evidence: Evidence, p_adjusted: float, alpha: float) -> tuple[str, str, int | None]:
    """Verdict, reason, and seeds an arm and dataset that would decide it (None if decided, or if no number would).

    alpha: level for the number of seeds, 0.05 shared among the tests that are corrected together.
    """
    absent = _absent(evidence)
    if absent:
        return INCONCLUSIVE, absent, None
    if evidence.fault:
        return INCONCLUSIVE, evidence.fault + _incomplete(evidence), None
    enough = evidence.seeds >= FEWEST_SEEDS
    if enough and evidence.no_events:
        return NO_EVENTS, _alike(evidence) + _incomplete(evidence), None
    if enough:
        decided = _direction(evidence, p_adjusted) if evidence.target is None else _range(evidence, p_adjusted)
        if decided:
            return decided[0], decided[1] + _incomplete(evidence), None
    needed = _needed(evidence, alpha)
    reasons = _hindrances(evidence, p_adjusted) if enough else [_few(evidence)]
    reasons += [f"needs about {needed} seeds"] if needed else []
    return INCONCLUSIVE, "; ".join(reasons) + _incomplete(evidence), needed


def _direction(evidence: Evidence, p_adjusted: float) -> tuple[str, str] | None:
    """The rule of a claim that something is less, greater, falling or rising."""
    _, low, high = evidence.oriented
    margin, chance = evidence.margin, evidence.improvement
    significant = p_adjusted < ALPHA
    numbers = f"p {p_value(p_adjusted)}"
    if not evidence.binary:
        numbers += f", ahead in {percent(chance)} of {evidence.improvement_of}"
    if significant and (evidence.binary or _likely(chance)) and high < -margin:
        return REPRODUCED, numbers
    if significant and (evidence.binary or _likely(1 - chance)) and low > margin:
        return CONTRADICTED, "the other way round: " + numbers
    if margin > 0 and -margin < low and high < margin:
        return CONTRADICTED, "the difference lies within the margin"
    return None


def _range(evidence: Evidence, p_adjusted: float) -> tuple[str, str] | None:
    """The rule of a claim that something lies in a range: both the test and the interval must say so."""
    assert evidence.target is not None
    _, low, high = evidence.oriented
    least, most = evidence.target
    if p_adjusted >= ALPHA:
        return None
    if evidence.claimed_way and least <= low and high <= most:
        return REPRODUCED, f"the interval lies within {evidence.target_words}; p {p_value(p_adjusted)}"
    if not evidence.claimed_way and (high < least or low > most):
        return CONTRADICTED, f"the interval lies outside {evidence.target_words}; p {p_value(p_adjusted)}"
    return None


def _likely(chance: float) -> bool:
    return chance >= LIKELY - ROUNDING


def _absent(evidence: Evidence) -> str:
    """What is missing altogether, in words."""
    if not evidence.applies:
        return f"{evidence.claim.metric} is not measured there"
    empty = [
        (dataset, [arm for arm, n in samples.by_arm if not n])
        for dataset, samples in evidence.used
        if not samples.fewest
    ]
    if len(empty) == len(evidence.strata) and not any(sum(samples.n) for _, samples in evidence.used):
        return "no runs yet"
    return "; ".join(f"no runs yet of {' and '.join(arms)} on {dataset}" for dataset, arms in empty)


def _alike(evidence: Evidence) -> str:
    """What it means that all runs came out alike."""
    happened = bool(evidence.filled[0].arm[0])
    if evidence.claim.metric == "diverged":
        return f"{'every' if happened else 'no'} run diverged, in either arm"
    return f"{evidence.claim.metric} is {int(happened)} in every run, of either arm"


def _few(evidence: Evidence) -> str:
    few = {f"{n} of {arm}" for _, samples in evidence.used for arm, n in samples.by_arm if n < FEWEST_SEEDS}
    return f"fewer than {FEWEST_SEEDS} seeds ({', '.join(sorted(few))})"


def _hindrances(evidence: Evidence, p_adjusted: float) -> list[str]:
    if evidence.target is not None:
        return _range_hindrances(evidence, p_adjusted)
    _, low, high = evidence.oriented
    margin, chance = evidence.margin, evidence.improvement
    if math.isinf(high):
        return ["no run has a finite value"]
    if low == high == 0 and chance == 0.5:
        return ["all runs are equal"]
    reasons = []
    if low <= 0 <= high:
        reasons.append("interval does not rule out equality" + (", and reaches beyond the margin" if margin else ""))
    elif -margin <= high and low <= margin:
        reasons.append("interval reaches into the margin")
    if not (evidence.binary or _likely(chance) or _likely(1 - chance)):
        reasons.append(f"ahead in {percent(chance)} of {evidence.improvement_of}, a decision takes 75 % or 25 %")
    if p_adjusted >= ALPHA:
        reasons.append(f"p {p_value(p_adjusted)}")
    return reasons or ["average and rank test disagree"]


def _range_hindrances(evidence: Evidence, p_adjusted: float) -> list[str]:
    assert evidence.target is not None
    _, low, high = evidence.oriented
    least, most = evidence.target
    if math.isinf(low) and math.isinf(high):
        return ["too few finite values for an interval"]
    inside, outside = least <= low and high <= most, high < least or low > most
    reasons = [] if inside or outside else [f"the interval reaches over the end of {evidence.target_words}"]
    if p_adjusted >= ALPHA:
        reasons.append(f"p {p_value(p_adjusted)}")
    return reasons or ["interval and test disagree"]


def _needed(evidence: Evidence, alpha: float) -> int | None:
    """Seeds with which this effect, if it is real, would give a verdict."""
    effect, width = abs(evidence.effect), (evidence.high - evidence.low) / 2
    seeds, chance, margin = evidence.seeds, evidence.improvement, evidence.margin
    strata = len(evidence.used)
    if not math.isfinite(width) or not evidence.seeds_decide:
        return None
    if evidence.target is not None:
        distance = min(abs(evidence.oriented[0] - end) for end in evidence.target)
        corrected = stats.norm.ppf(1 - alpha / 2) / stats.norm.ppf(1 - ALPHA / 2)
        decided = seeds_to_narrow(width * float(corrected), distance, seeds)
    elif evidence.binary:
        decided = seeds_to_narrow(width, effect - margin, seeds)
    elif _likely(chance) or _likely(1 - chance):
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
    used = [samples for _, samples in evidence.used]
    missing, there = sum(sum(samples.missing) for samples in used), sum(sum(samples.n) for samples in used)
    clauses = [f"{missing} of {missing + there} runs are missing"] if missing else []
    without = [name for name, samples in evidence.strata if not samples.applies]
    clauses += [f"{evidence.claim.metric} is not measured on {', '.join(without)}"] if without else []
    return "".join(f"; {clause}" for clause in clauses)
