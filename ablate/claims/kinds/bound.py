"""bound: does a statistic of the metric over seeds lie in a range?

p is that of two one-sided tests, as for equivalence: for the interquartile mean Student's t of trimmed values (Tukey and
McLaughlin 1963), for the mean the largest of three p's, for the median the sign test, for a share of runs the binomial test.
Intervals of both means are those of ablate.claims.statistics.intervals, of a median that of order statistics and of a
share Clopper and Pearson's, which are exact.

A run that diverged is beyond all others. An interquartile mean tolerates that in a quarter of the runs, a mean in none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ablate.claims.kind import Kind, Mark, Simulation, Strata, axis_of, effect_text
from ablate.registry import register
from ablate.registry.measures import measure
from ablate.study.claims.claim import Claim, Fields, interval_text
from ablate.study.claims.kind import ALWAYS, IF_WANTED, claims_of, common_fields
from ablate.study.claims.point import point_text, read_point

if TYPE_CHECKING:
    from ablate.claims.evidence import Evidence
    from ablate.claims.simulation import Law, Simulated
    from ablate.claims.study_rows import StudyRows
    from ablate.claims.values import Samples
    from ablate.claims.verdict import Verdict
    from ablate.study.claims.reader import Reader

CENTERS = ("iqm", "mean", "median", "share")


@dataclass(frozen=True)
class BoundFields(Fields):
    """What only this kind has."""

    low: float | None = None
    high: float | None = None
    within: tuple[float, float] | None = None
    """bound on a share: a run counts whose metric lies here"""


@register("claim", "bound")
class Bound(Kind):
    """A statistic of an arm's metric over its seeds lies in a range."""

    decisions = ("every_dataset",)

    def read(self, reader: Reader) -> list[Claim]:
        reader.fields((*ALWAYS, "metric", "arm"), (*IF_WANTED, "low", "high", "statistic", "within", "at"))
        arms = reader.arms("arm")
        low, high = reader.number("low"), reader.number("high")
        if "low" not in reader.given and "high" not in reader.given:
            reader.source.wrong(reader.spot, "the range is missing, expected low, high or both")
        if low is not None and high is not None and low > high:
            reader.wrong("high", f"high is {high:g}, expected at least low, {low:g}")
        statistic = reader.one_of("statistic", CENTERS, "iqm")
        own = BoundFields(low, high, reader.range("within"))
        common = common_fields(reader) | {"statistic": statistic, "decide": "every_dataset", "own": own}
        common["metric"] = reader.metric(arms, common["datasets"], pair=False)
        common["at"] = read_point(reader, common["metric"], common["datasets"], arms)
        if statistic == "share" and "within" not in reader.given and not measure(common["metric"]).binary:
            reader.wrong("statistic", "a share of runs needs within: [from, to], the values that count")
        if statistic != "share" and "within" in reader.given:
            reader.wrong("within", "within has no effect, expected statistic: share beside it", key=True)
        return claims_of(common, arms) if low is not None or high is not None else []

    def opponent(self, claim: Claim) -> str:
        own = BoundFields.of(claim)
        return interval_text(own.low, own.high)

    def statement(self, claim: Claim) -> str:
        within = BoundFields.of(claim).within
        share = f" within {interval_text(*within)}" if within else ""
        return f"{claim.statistic} of {claim.metric}{share} of {claim.arm} in {self.opponent(claim)}"

    def statistic(self, claim: Claim) -> str:
        within = BoundFields.of(claim).within
        return f"share within {interval_text(*within)}" if within else claim.statistic

    def samples(self, rows: StudyRows, claim: Claim, dataset: str) -> Samples:
        from ablate.claims.values import samples_of

        own = BoundFields.of(claim)
        return samples_of(rows, claim, dataset, "greater" if own.high is None and own.low is not None else "less")

    def weigh(self, claim: Claim, strata: Strata, level: float) -> Evidence:
        """Evidence on one dataset: over several, a claim of a bound is one of each of them."""
        from ablate.claims.evidence import Evidence

        ((_, samples),) = strata
        logs = samples.scale == "ratio" and claim.statistic == "iqm"
        own = BoundFields.of(claim)
        target = _end(own.low, -math.inf, logs), _end(own.high, math.inf, logs)
        scale = "log" if logs else "value"
        evidence = Evidence(claim, strata, scale, target=target, target_words="the claimed range")
        if not samples.applies or not samples.fewest:
            return evidence
        if claim.statistic == "share":
            return _weigh_share(evidence, samples, target, level)
        if claim.statistic == "median":
            return _weigh_median(evidence, samples, target, level)
        return _weigh_center(evidence, samples, target, level)

    def mark(self, verdict: Verdict) -> Mark:
        what = (
            f"{verdict.statistic} of {verdict.metric}{point_text(verdict.at)}: {verdict.arm}, claimed {verdict.against}"
        )
        return Mark(what, axis_of(verdict))

    def finding(self, verdict: Verdict) -> str:
        statistic = f"{verdict.statistic} of {verdict.metric}{point_text(verdict.at)} of {verdict.arm}"
        return f"{statistic} is {effect_text(verdict)} (claimed: {verdict.against})"

    def simulations(self) -> tuple[Simulation, ...]:
        from ablate.claims.simulation import ONE_ARM

        known = tuple(law for law in ONE_ARM if law != "failing")  # more diverge there than the mean tolerates
        of_means = ("normal", "lognormal", "two humps")
        return (
            Simulation("bound", "bound of an interquartile mean", _simulated, 3, known),
            Simulation("bound_mean", "bound of a mean", _simulated_mean, None, of_means),
        )


def _end(end: float | None, open_end: float, logs: bool) -> float:
    if end is None or not logs:
        return open_end if end is None else end
    return math.log(end) if end > 0 else -math.inf


def _weigh_center(evidence: Evidence, samples: Samples, target: tuple[float, float], level: float) -> Evidence:
    import numpy as np

    from ablate.claims.statistics.bootstrap import center_of
    from ablate.claims.statistics.center_tests import trimmed_t
    from ablate.claims.statistics.intervals import Mean, center_interval

    trimmed = evidence.claim.statistic == "iqm"
    n, lost = len(samples.arm), int(np.isinf(samples.arm).sum())
    cut = n // 4 if trimmed else 0
    if lost > cut:
        tolerated = "at most a quarter" if trimmed else "none"
        fault = f"{lost} of {n} runs diverged: the {evidence.claim.statistic} tolerates {tolerated}"
        return replace(evidence, fault=fault)
    comparable = replace(samples, scale="ratio" if evidence.scale == "log" else "difference").comparable()
    assert comparable is not None
    values, seed = comparable[0], evidence.bootstrap_seed
    if trimmed:
        low_p, high_p = (trimmed_t(values, end, cut) for end in target)
        low, high = (float(end[0]) for end in center_interval(values, seed, level))
    else:
        mean = Mean(values, seed)
        (low_p, high_p), (low, high) = (mean.test(end) for end in target), mean.interval(level)
    inside, outside = max(low_p[0], high_p[1]), min(low_p[1], high_p[0])  # above the lower end and below the upper one
    evidence = evidence.with_test(inside, outside, "trimmed t" if cut else "t" if trimmed else "largest of three")
    return evidence.with_effect(center_of(values, "iqm" if trimmed else "mean"), low, high)


def _weigh_median(evidence: Evidence, samples: Samples, target: tuple[float, float], level: float) -> Evidence:
    import numpy as np

    from ablate.claims.statistics.center_tests import median_interval
    from ablate.claims.statistics.rank_tests import sign_test

    at_low, at_high = (sign_test([samples.arm], end) for end in target)
    inside, outside = max(at_low.p_greater, at_high.p_less), min(at_low.p_less, at_high.p_greater)
    evidence = evidence.with_test(inside, outside, "exact")
    return evidence.with_effect(float(np.median(samples.arm)), *median_interval(samples.arm, level))


def _weigh_share(evidence: Evidence, samples: Samples, target: tuple[float, float], level: float) -> Evidence:
    from ablate.claims.statistics.binary import share_test

    within = BoundFields.of(evidence.claim).within
    if within is None:  # the metric itself is 0 or 1
        hits = int((samples.arm > 0.5).sum())
    else:
        hits = int(((samples.arm >= within[0]) & (samples.arm <= within[1])).sum())
    test = share_test(hits, samples.fewest, *target, level)
    evidence = evidence.with_test(test.p_inside, test.p_outside, "exact")
    return evidence.with_effect(test.share, test.low, test.high)


def _simulated(law: Law, n: int, effect: float) -> Simulated:
    """The interquartile mean lies so far inside a range."""
    from ablate.claims.simulation import simulated_claim

    middle = law.center
    low, high = (middle - 2, middle) if effect == 0 else (middle - effect, middle + effect)
    own = BoundFields(law.natural(low), law.natural(high))
    claim = simulated_claim("bound", against="", direction="", statistic="iqm", own=own)
    return claim, law.samples(law.runs(0.0, n)), middle


def _simulated_mean(law: Law, n: int, effect: float) -> Simulated:
    """The mean of the metric itself lies so far inside a range."""
    from ablate.claims.simulation import simulated_claim

    mean = law.mean
    low, high = (mean - 5, mean) if effect == 0 else (mean - effect, mean + effect)
    claim = simulated_claim("bound", against="", direction="", statistic="mean", own=BoundFields(low, high))
    return claim, law.samples(law.runs(0.0, n), scale="difference"), mean
