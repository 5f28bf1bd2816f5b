"""compare: is the arm's metric less, or greater, than another arm's, or than a fixed value?

Of two arms: the stratified Mann–Whitney test, confirmed by its studentized form where p is small; of 0/1 outcomes exact tests
of the shares; of their best runs a test of its own (ablate.claims.statistics.best_test); of draws that they share tests by draw
(ablate.claims.of_draws).
Against a value: the sign test, which asks whether the median run lies beyond it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ablate.claims import of_draws
from ablate.claims.kind import Judged, Kind, Mark, Simulation, Strata, axis_of, comparison_text, minus
from ablate.claims.of_draws import BY_DRAW, CompareFields
from ablate.registry import register
from ablate.registry.measures import KINDS, measure
from ablate.study.claims.claim import DIRECTIONS, Claim
from ablate.study.claims.kind import ALWAYS, DECISIONS, IF_WANTED, claims_of, common_fields, margin_text, sign
from ablate.study.claims.point import ANY, point_text, read_point

if TYPE_CHECKING:
    from ablate.claims.evidence import Evidence
    from ablate.claims.study_rows import StudyRows
    from ablate.claims.values import Samples
    from ablate.claims.verdict import Verdict
    from ablate.study.claims.reader import Reader

STATISTICS = ("value", "spread", "best", "share_near_best", "success", "draws_needed")
OF_THE_BEST = ("best", "share_near_best", "draws_needed")


@register("claim", "compare")
class Compare(Kind):
    """An arm's metric is less, or greater, than another arm's, or than a fixed value."""

    def read(self, reader: Reader) -> list[Claim]:
        reader.fields(
            (*ALWAYS, "metric", "arm", "direction"),
            (*IF_WANTED, "against", "value", "statistic", "factor", "margin", "decide", "at", *of_draws.FIELDS),
        )
        arms = reader.arms("arm")
        others = [""] if reader.exactly_one("against", "value") == "value" else reader.others(arms)
        common = common_fields(reader) | {
            "statistic": reader.one_of("statistic", STATISTICS, "value"),
            "direction": reader.one_of("direction", tuple(DIRECTIONS)),
            "margin": reader.margin(),
            "decide": reader.one_of("decide", DECISIONS, "pooled"),
        }
        fixed, statistic = "value" in reader.given, common["statistic"]
        if fixed and statistic != "value":
            what = {"spread": "a spread", "best": "a best run"}.get(statistic, "such a share")
            reader.wrong("statistic", f"{what} is that of two arms, expected value where the claim has a fixed value")
        paired, reference, thresholds = of_draws.read_draw_fields(reader, statistic)
        factor = reader.number("factor", 2.0) or 0.0
        own = CompareFields(reader.number("value"), factor, paired, reference=reference)
        if "factor" in reader.given and statistic not in ("share_near_best", "draws_needed"):
            reader.wrong("factor", "factor has no effect, expected statistic: share_near_best beside it", key=True)
        elif own.factor_of_best <= 1:
            reader.wrong("factor", f"factor is {own.factor_of_best:g}, expected more than 1: how near to the best")
        common["metric"] = reader.metric([*arms, *filter(None, others)], common["datasets"], pair=not fixed)
        any_fits = not fixed and statistic == "value" and not paired
        common["at"] = read_point(
            reader, common["metric"], common["datasets"], [*arms, *filter(None, others)], any_fits
        )
        if (statistic in OF_THE_BEST or reference == of_draws.BEST) and common["metric"]:
            _has_a_best(reader, common["metric"], statistic)
        fields = [replace(own, threshold=threshold) for threshold in thresholds]
        return [claim for each in fields for claim in claims_of(common | {"own": each}, arms, others)]

    def opponent(self, claim: Claim) -> str:
        value = CompareFields.of(claim).value
        return claim.against if value is None else f"{value:g}"

    def statement(self, claim: Claim) -> str:
        words, paired = of_draws.statistic_text(claim).removesuffix(BY_DRAW), CompareFields.of(claim).paired
        metric = {"value": claim.metric, "spread": f"spread of {claim.metric}"}.get(words, f"{words} {claim.metric}")
        by_draw = BY_DRAW * paired
        return f"{metric} of {claim.arm} {sign(claim)} {self.opponent(claim)}{margin_text(claim)}{by_draw}"

    def statistic(self, claim: Claim) -> str:
        return of_draws.statistic_text(claim)

    def samples(self, rows: StudyRows, claim: Claim, dataset: str) -> Samples:
        """For a spread: distances from the arm's median, and for its test the gaps between runs.

        For success, and near the best: 1 for a run that counts, else 0. Of arms that are paired by draw: draw by draw.
        """
        from ablate.claims.statistics import spread
        from ablate.claims.values import samples_of

        samples = samples_of(rows, claim, dataset)
        if claim.at == ANY:
            from ablate.claims.some_evaluation import with_courses

            return with_courses(samples, rows, claim, dataset)
        if claim.statistic in ("share_near_best", "success", "draws_needed"):
            samples = of_draws.with_outcomes(rows, claim, dataset, samples)
        if CompareFields.of(claim).paired:
            return of_draws.by_draw(samples)
        if claim.statistic != "spread":
            return samples
        arms = [samples.arm] if samples.against is None else [samples.arm, samples.against]
        values, gaps = (of(arms, samples.scale) for of in (spread.distances, spread.gaps))
        against = values[1] if len(values) > 1 else None
        return replace(samples, arm=values[0], against=against, scale="difference", gaps=tuple(gaps))

    def weigh(self, claim: Claim, strata: Strata, level: float) -> Evidence:
        """Test and effect over the datasets where the metric exists. Values are oriented: lower is what is claimed."""
        from ablate.claims.binary_evidence import weigh_shares
        from ablate.claims.evidence import Evidence
        from ablate.claims.statistics import effects
        from ablate.claims.statistics.robust_rank_test import robust_rank_test

        value = CompareFields.of(claim).value
        if value is not None:
            return weigh_against_value(claim, strata, value, level)
        evidence = Evidence(claim, strata, strata[0][1].scale)
        if not evidence.filled:
            return evidence
        if CompareFields.of(claim).paired:
            return of_draws.weigh_by_draw(evidence, level)
        if claim.at == ANY:
            from ablate.claims.some_evaluation import weigh_some_evaluation

            return weigh_some_evaluation(evidence, level)
        if claim.statistic == "best":
            return _weigh_best(evidence, level)
        if evidence.binary:
            return weigh_shares(evidence, evidence.margin, level)
        way = 1.0 if claim.direction == "less" else -1.0
        margin, seed = evidence.margin, evidence.bootstrap_seed
        pairs = [(way * arm, way * other) for arm, other in (samples.ranked() for samples in evidence.filled)]
        tested = [(way * first, way * second) for first, second in evidence.gaps] or pairs
        beyond, short = (robust_rank_test(tested, shift, seed) for shift in (margin, -margin))
        within = max(beyond.p_greater, short.p_less)
        improvement = effects.improvement(pairs, level)
        evidence = evidence.with_test(beyond.p_less, short.p_greater, beyond.method, improvement, within)
        return with_difference(evidence, level)

    def judge(self, evidence: Evidence, p_adjusted: float, alpha: float) -> Judged:
        word, reason, seeds = super().judge(evidence, p_adjusted, alpha)
        if evidence.claim.statistic == "draws_needed":
            reason = "; ".join(filter(None, (reason, of_draws.numbers_needed(evidence))))
        return word, reason, seeds

    def mark(self, verdict: Verdict) -> Mark:
        what = f"{_metric(verdict)}: {verdict.arm} {minus(verdict)} {verdict.against}{_by_draw(verdict)}"
        return Mark(what, axis_of(verdict))

    def finding(self, verdict: Verdict) -> str:
        other = f"that of {verdict.against}" if verdict.n[1] else verdict.against
        way = {"less": "lower", "greater": "higher"}.get(verdict.direction, verdict.direction)
        return f"{comparison_text(verdict, _metric(verdict), other)} (claimed: {way}{_by_draw(verdict)})"

    def simulations(self) -> tuple[Simulation, ...]:
        from ablate.claims.simulated_comparisons import simulations

        return simulations(lambda value: CompareFields(value=value))


def _metric(verdict: Verdict) -> str:
    """The metric, with what is taken of it, and at which point of training."""
    return _statistic(verdict) + point_text(verdict.at)


def _statistic(verdict: Verdict) -> str:
    words = verdict.statistic.removesuffix(BY_DRAW)
    if words == "value":
        return verdict.metric
    if words == "spread":  # of logarithms, where values are compared by ratio
        return f"spread of {'log ' if measure(verdict.metric).scale == 'ratio' else ''}{verdict.metric}"
    return f"{words} {verdict.metric}"  # the best, or a share of runs near the best


def _by_draw(verdict: Verdict) -> str:
    return BY_DRAW if verdict.statistic.endswith(BY_DRAW) else ""


def _has_a_best(reader: Reader, metric: str, statistic: str) -> None:
    """Note a metric of which there is no best run, or no multiple of it."""
    facts = measure(metric)
    if facts.better not in DIRECTIONS or facts.origin not in KINDS:
        reader.wrong("metric", f"no run is the best by {metric}, expected a metric of which one way is better")
    elif statistic != "best" and facts.scale != "ratio":
        reader.wrong("metric", f"{metric} is not compared by ratio, expected a metric that has multiples, such as fid")


def with_difference(evidence: Evidence, level: float) -> Evidence:
    """The evidence with the difference of the two arms' centres, or shares, as its effect."""
    from ablate.claims.binary_evidence import with_shares
    from ablate.claims.statistics.effects import difference_of_centers

    if evidence.binary:
        return with_shares(evidence, level)
    pairs = [pair for pair in (samples.comparable() for samples in evidence.filled) if pair is not None]
    if not pairs:
        return evidence.without_finite_values()
    center = evidence.filled[0].center
    return evidence.with_effect(*difference_of_centers(pairs, evidence.bootstrap_seed, center, level))


def _weigh_best(evidence: Evidence, level: float) -> Evidence:
    """Of each arm the best run alone counts; which way is best is the metric's, not the claim's."""
    from ablate.claims.statistics.best_test import best_test

    claim = evidence.claim
    way = 1.0 if measure(claim.metric).better == "less" else -1.0
    pairs = [pair for pair in (samples.comparable() for samples in evidence.filled) if pair is not None]
    evidence = replace(evidence, improvement_of="resamples", seeds_decide=False)  # more draws move the best itself
    if not pairs:
        return evidence.without_finite_values()
    test = best_test([(way * first, way * second) for first, second in pairs], evidence.bootstrap_seed, level)
    low, high = sorted((way * test.low, way * test.high))
    less, greater, chance = test.p_less, test.p_greater, test.ahead
    if (claim.direction == "less") != (way > 0):  # the claim is that the arm's best is the worse one
        less, greater, chance = greater, less, 1 - chance
    evidence = evidence.with_test(less, greater, test.method, (chance, math.nan, math.nan))
    return evidence.with_effect(way * test.effect + 0.0, low + 0.0, high + 0.0)


def weigh_against_value(claim: Claim, strata: Strata, value: float, level: float) -> Evidence:
    """Test and effect of one arm against a fixed value, over the datasets where the metric exists."""
    from ablate.claims.binary_evidence import weigh_share_of_value
    from ablate.claims.evidence import Evidence
    from ablate.claims.statistics import effects
    from ablate.claims.statistics.intervals import difference_from_value
    from ablate.claims.statistics.rank_tests import sign_test

    evidence = Evidence(claim, strata, strata[0][1].scale)
    if not evidence.filled:
        return evidence
    if evidence.binary:
        return weigh_share_of_value(evidence, value, level)
    way = 1.0 if claim.direction == "less" else -1.0
    oriented = [way * samples.arm for samples in evidence.filled]
    improvement = effects.improvement_on(oriented, way * value, level)
    scale: Any = "ratio" if evidence.scale == "ratio" and value > 0 else "difference"
    evidence = replace(evidence, scale=scale, improvement_of="runs")
    ends = [
        value * math.exp(side * evidence.margin) if scale == "ratio" else value + side * evidence.margin
        for side in (-way, way)
    ]
    beyond, short = (sign_test(oriented, way * end) for end in ends)
    within = max(beyond.p_greater, short.p_less)
    evidence = evidence.with_test(beyond.p_less, short.p_greater, beyond.method, improvement, within)
    pairs = [replace(samples, scale=scale).comparable() for samples in evidence.filled]
    finite = [pair[0] for pair in pairs if pair is not None]
    if not finite:
        return evidence.without_finite_values()
    zero, center = math.log(value) if scale == "ratio" else value, evidence.filled[0].center
    evidence = replace(evidence, held_against=zero)
    effect = difference_from_value(finite, zero, evidence.bootstrap_seed, center, level)
    return evidence.with_effect(*effect)
