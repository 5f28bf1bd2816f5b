"""bound: does a statistic of the metric over seeds lie in a range?

p is that of two one-sided tests, as for equivalence: for the interquartile mean and the mean Student's t, of trimmed
values (Tukey and McLaughlin 1963), for the median the sign test, for a share of runs the binomial test. The interval is
the percentile bootstrap's, of a median that of order statistics and of a share Clopper and Pearson's, which are exact.

A run that diverged is beyond all others. An interquartile mean stands that for a quarter of the runs, a mean for none.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from ablate.claims.evidence import LEVEL, Evidence
from ablate.claims.kinds.compare import seed_of
from ablate.claims.statistics import effects as statistics
from ablate.claims.statistics.effects import Floats
from ablate.claims.statistics.rank_tests import sign_test
from ablate.claims.values import Samples

if TYPE_CHECKING:
    from ablate.study.study import Claim


def weigh(claim: Claim, strata: list[tuple[str, Samples]], level: float = LEVEL) -> Evidence:
    """Evidence on one dataset: over several, a claim of a bound is one of each of them."""
    ((_, samples),) = strata
    logs = samples.scale == "ratio" and claim.statistic == "iqm"
    scale = "log" if logs else "value"
    low, high = (_end(end, side, logs) for end, side in ((claim.low, -math.inf), (claim.high, math.inf)))
    found = Evidence(claim, strata, scale, target=(low, high))
    if not samples.applies or not samples.fewest:
        return found
    if claim.statistic == "share":
        return _share(found, samples, level)
    if claim.statistic == "median":
        return _median(found, samples.arm, level)
    return _center(found, samples, level, logs)


def _end(end: float | None, open_end: float, logs: bool) -> float:
    if end is None or not logs:
        return open_end if end is None else end
    return math.log(end) if end > 0 else -math.inf


def _center(found: Evidence, samples: Samples, level: float, logs: bool) -> Evidence:
    n, lost = len(samples.arm), int(np.isinf(samples.arm).sum())
    cut = n // 4 if found.claim.statistic == "iqm" else 0
    if lost > cut:
        allowed = "a quarter of the runs" if cut or found.claim.statistic == "iqm" else "none"
        return replace(
            found, fault=f"{lost} of {n} runs diverged: the {found.claim.statistic} stands that of {allowed}"
        )
    finite = replace(samples, scale="ratio" if logs else "difference").comparable()
    assert finite is not None
    values = finite[0]
    assert found.target is not None
    low_p, high_p = (trimmed_t(values, end, cut) for end in found.target)
    center = "iqm" if found.claim.statistic == "iqm" else "mean"
    low, high = statistics.iqm_interval(values, seed_of(found.claim, found.strata), level, center)
    return replace(
        found,
        p_for=max(low_p[0], high_p[1]),  # above the lower end and below the upper one
        p_against=min(low_p[1], high_p[0]),
        method="trimmed t" if cut else "t",
        effect=statistics.center_of(values, center),
        low=float(low[0]),
        high=float(high[0]),
    )


def trimmed_t(values: Floats, end: float, cut: int) -> tuple[float, float]:
    """One-sided p that the mean without `cut` values at each end is above `end`, and that it is below.

    Tukey and McLaughlin (Sankhyā A 25, 1963): the error is that of the winsorised values. Equal values are judged as a
    sign test would: 2⁻ⁿ, and those equal to the end itself speak for what includes it.
    """
    if math.isinf(end):
        return (0.0, 1.0) if end < 0 else (1.0, 0.0)
    n = len(values)
    ordered = np.sort(values)
    kept = ordered[cut : n - cut]
    winsorised = np.clip(ordered, kept[0], kept[-1])
    center = float(kept.mean())
    deviation = float(winsorised.std(ddof=1)) if n > 1 else 0.0
    if deviation <= 1e-12 * max(abs(center), abs(end), 1e-300):
        least = 0.5**n
        if math.isclose(center, end, rel_tol=1e-9, abs_tol=1e-300):
            return least, least
        return (least, 1.0) if center > end else (1.0, least)
    t = (center - end) / (deviation / ((1 - 2 * cut / n) * math.sqrt(n)))
    degrees = n - 2 * cut - 1
    return float(stats.t.sf(t, degrees)), float(stats.t.cdf(t, degrees))


def _median(found: Evidence, values: Floats, level: float) -> Evidence:
    assert found.target is not None
    at_low, at_high = (sign_test([values], end) for end in found.target)
    ordered = np.sort(values)
    rank = int(stats.binom.ppf((1 - level) / 2, len(values), 0.5))  # the interval leaves out `rank` at each end
    low, high = (float(ordered[rank - 1]), float(ordered[-rank])) if rank else (-math.inf, math.inf)
    return replace(
        found,
        p_for=max(at_low.p_greater, at_high.p_less),
        p_against=min(at_low.p_less, at_high.p_greater),
        effect=float(np.median(values)),
        low=low,
        high=high,
    )


def _share(found: Evidence, samples: Samples, level: float) -> Evidence:
    claim = found.claim
    if claim.within is None:  # the metric itself is 0 or 1
        hits = int((samples.arm > 0.5).sum())
    else:
        hits = int(((samples.arm >= claim.within[0]) & (samples.arm <= claim.within[1])).sum())
    n = samples.fewest
    assert found.target is not None
    ends = [min(1.0, max(0.0, end)) for end in found.target]
    # at an open end nothing is tested: a share is never beyond 0 or 1
    above = float(stats.binom.sf(hits - 1, n, ends[0])) if ends[0] > 0 else 0.0
    below = float(stats.binom.cdf(hits, n, ends[1])) if ends[1] < 1 else 0.0
    under = float(stats.binom.cdf(hits, n, ends[0])) if ends[0] > 0 else 1.0
    over = float(stats.binom.sf(hits - 1, n, ends[1])) if ends[1] < 1 else 1.0
    interval = stats.binomtest(hits, n).proportion_ci(level, method="exact")
    return replace(
        found,
        p_for=max(above, below),
        p_against=min(under, over),
        effect=hits / n,
        low=float(interval.low),
        high=float(interval.high),
    )
