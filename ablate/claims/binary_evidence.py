"""Evidence from runs of which each has an event or has not: shares are compared by exact tests, not by ranks."""

from __future__ import annotations

import numpy as np
from scipy import stats

from ablate.claims.evidence import Evidence
from ablate.claims.statistics import effects
from ablate.claims.statistics.binary import share_interval
from ablate.claims.statistics.bootstrap import Floats
from ablate.claims.statistics.risk_difference import Counts, difference, margin_test
from ablate.claims.values import Samples

HIT = 0.5
"""An outcome above it is the event"""


def counts_of(samples: Samples) -> Counts:
    """How many runs of each arm have the event."""
    assert samples.against is not None
    return Counts(_hits(samples.arm), len(samples.arm), _hits(samples.against), len(samples.against))


def with_shares(evidence: Evidence, level: float) -> Evidence:
    """The evidence with the difference of the two arms' shares as its effect."""
    return evidence.with_effect(*difference([counts_of(samples) for samples in evidence.filled], level))


def weigh_shares(evidence: Evidence, margin: float, level: float) -> Evidence:
    """The claim's test at its margin, and the difference of shares. `margin`: how far beyond 0 the claimed side begins.

    The probability of improvement is told, but decides nothing: of 0/1 outcomes it is ½ and half of the difference.
    """
    strata = [counts_of(samples) for samples in evidence.filled]
    way = -1.0 if evidence.claim.direction == "greater" else 1.0
    beyond, short = margin_test(strata, -way * margin), margin_test(strata, way * margin)
    p_for, p_against = (beyond[0], short[1]) if way > 0 else (beyond[1], short[0])
    within = max(beyond[1], short[0]) if way > 0 else max(beyond[0], short[1])
    pairs = [(way * samples.arm, way * samples.against) for samples in evidence.filled if samples.against is not None]
    evidence = evidence.with_test(p_for, p_against, _method(margin), effects.improvement(pairs, level), within)
    return with_shares(evidence, level)


def weigh_share_of_value(evidence: Evidence, value: float, level: float) -> Evidence:
    """One arm's share of runs with the event against a fixed share: the binomial test, over all datasets together."""
    outcomes = np.concatenate([samples.arm for samples in evidence.filled])
    hits, n = _hits(outcomes), len(outcomes)
    less, greater = (float(stats.binomtest(hits, n, value, way).pvalue) for way in ("less", "greater"))
    if evidence.claim.direction == "greater":
        less, greater = greater, less
    low, high = share_interval(hits, n, level)
    evidence = evidence.with_test(less, greater, "exact")
    return evidence.with_effect(hits / n - value, low - value, high - value)


def _hits(outcomes: Floats) -> int:
    return int((outcomes > HIT).sum())


def _method(margin: float) -> str:
    return "score interval" if margin else "exact"
