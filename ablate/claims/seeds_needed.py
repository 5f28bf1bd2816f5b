"""How many seeds would decide a claim, if the effect is as it was seen."""

from __future__ import annotations

import math

from scipy import stats

from ablate.claims.evidence import Evidence
from ablate.claims.statistics.effects import seeds_to_detect, seeds_to_narrow
from ablate.claims.thresholds import ALPHA, FEWEST_SEEDS, apart, likely


def seeds_needed(evidence: Evidence, alpha: float) -> int | None:
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
    elif likely(chance) or likely(1 - chance):
        ranks = seeds_to_detect(chance, strata, alpha)
        size = seeds_to_narrow(width, effect - margin, seeds)
        decided = max(ranks, size) if ranks and size else None
    elif margin > effect and not apart(chance):
        decided = seeds_to_narrow(width, margin - effect, seeds)
    else:
        decided = None
    if decided is None:
        return None
    return max(decided, FEWEST_SEEDS, seeds + 1)
