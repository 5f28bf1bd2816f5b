"""Why a claim is not decided, in words: what is missing, and which part of the rule is not met."""

from __future__ import annotations

import math

from ablate.claims.evidence import Evidence
from ablate.claims.thresholds import ALPHA, FEWEST_SEEDS, apart, likely
from ablate.results.numbers import p_value, percent


def absent(evidence: Evidence) -> str:
    """What is missing altogether, in words."""
    if not evidence.applies:
        lacks = next((samples.lacks for _, samples in evidence.strata if samples.lacks), evidence.claim.metric)
        return f"{lacks} is not measured there"
    empty = [
        (dataset, [arm for arm, n in samples.by_arm if not n])
        for dataset, samples in evidence.used
        if not samples.fewest
    ]
    if len(empty) == len(evidence.strata) and not any(sum(samples.n) for _, samples in evidence.used):
        return "no runs yet"
    return "; ".join(f"no runs yet of {' and '.join(arms)} on {dataset}" for dataset, arms in empty)


def alike(evidence: Evidence) -> str:
    """What it means that all runs came out alike."""
    happened = bool(evidence.filled[0].arm[0])
    if evidence.claim.metric == "diverged":
        return f"{'every' if happened else 'no'} run diverged, in either arm"
    if evidence.claim.statistic != "value":
        return f"{'every' if happened else 'no'} run came so far, in either arm"
    return f"{evidence.claim.metric} is {int(happened)} in every run, of either arm"


def few(evidence: Evidence) -> str:
    few = {f"{n} of {arm}" for _, samples in evidence.used for arm, n in samples.by_arm if n < FEWEST_SEEDS}
    return f"fewer than {FEWEST_SEEDS} seeds ({', '.join(sorted(few))})"


def hindrances(evidence: Evidence, p_adjusted: float) -> list[str]:
    if evidence.target is not None:
        return _range_hindrances(evidence, p_adjusted)
    _, low, high = evidence.oriented
    margin, chance = evidence.margin, evidence.improvement
    if math.isinf(high):
        return ["no run has a finite value"]
    if low == high == 0 and chance == 0.5:
        return ["all runs are equal"]
    reasons = [f"on {', '.join(evidence.outside)} the difference lies outside the margin"] if _hides(evidence) else []
    if margin and -margin < low and high < margin and apart(chance) and not evidence.binary:
        reasons.append(f"within the margin, yet ahead in {percent(chance)} of {evidence.improvement_of}")
    elif low <= 0 <= high:
        reasons.append("interval does not rule out equality" + (", and reaches beyond the margin" if margin else ""))
    elif -margin <= high and low <= margin:
        reasons.append("interval reaches into the margin")
    if not (evidence.binary or likely(chance) or likely(1 - chance)):
        reasons.append(f"ahead in {percent(chance)} of {evidence.improvement_of}, a decision takes 75 % or 25 %")
    if p_adjusted >= ALPHA:
        reasons.append(f"p {p_value(p_adjusted)}" + (" at the margin" if margin else ""))
    return reasons or ["average and rank test disagree"]


def _hides(evidence: Evidence) -> bool:
    """Over all datasets the difference lies within the margin, and on some outside of it."""
    _, low, high = evidence.oriented
    least, most = evidence.target or (-evidence.margin, evidence.margin)
    return bool(evidence.outside) and least <= low and high <= most


def _range_hindrances(evidence: Evidence, p_adjusted: float) -> list[str]:
    assert evidence.target is not None
    _, low, high = evidence.oriented
    least, most = evidence.target
    if math.isinf(low) and math.isinf(high):
        return ["too few finite values for an interval"]
    inside, outside = least <= low and high <= most, high < least or low > most
    reasons = [] if inside or outside else [f"the interval reaches over the end of {evidence.target_words}"]
    if _hides(evidence):
        reasons.append(f"on {', '.join(evidence.outside)} it lies outside {evidence.target_words}")
    if p_adjusted >= ALPHA:
        reasons.append(f"p {p_value(p_adjusted)}")
    return reasons or ["interval and test disagree"]


def incomplete(evidence: Evidence) -> str:
    """A clause for an unfinished study, and for datasets without this metric."""
    used = [samples for _, samples in evidence.used]
    missing, there = sum(sum(samples.missing) for samples in used), sum(sum(samples.n) for samples in used)
    clauses = [f"{missing} of {missing + there} runs are missing"] if missing else []
    without = [name for name, samples in evidence.strata if not samples.applies]
    clauses += [f"{evidence.claim.metric} is not measured on {', '.join(without)}"] if without else []
    return "".join(f"; {clause}" for clause in clauses)
