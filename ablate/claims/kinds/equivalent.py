"""equivalent: is the arm's metric within the margin of another's, or not worse than the best of several by more?

One pair: two one-sided tests (Schuirmann 1987), each a rank test of values that are shifted by the margin, so that it is
exact where the arms differ by a shift (of logarithms, for a ratio). Of 0/1 outcomes: the interval of the difference of shares.

Not worse than the best: which level is best is not chosen on the data. Not worse than the best is not worse than each, so
every level is tested, and all must be passed: an intersection–union test, of which each part is made at the full level
(Berger 1982). Worse than the best is worse than some level: there the smallest p is multiplied by their number (Holm's
first step). The interval is that of the largest excess over a level: its upper end is the largest of the levels' upper
ends, its lower end the largest of their lower ends at the corrected level; so it needs no correction for the choice.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ablate.claims.kind import Kind, Mark, Simulation, Strata, axis_of, comparison_text, minus
from ablate.claims.kinds.compare import with_difference
from ablate.registry import register
from ablate.registry.measures import measure
from ablate.results import numbers
from ablate.study.claims.claim import DIRECTIONS, Claim, Fields
from ablate.study.claims.kind import ALWAYS, DECISIONS, IF_WANTED, claims_of, common_fields, margin_text
from ablate.study.claims.point import point_text, read_point

if TYPE_CHECKING:
    from ablate.claims.evidence import Evidence
    from ablate.claims.simulation import Law, Simulated
    from ablate.claims.study_rows import StudyRows
    from ablate.claims.values import Samples
    from ablate.claims.verdict import Verdict
    from ablate.study.claims.reader import Reader

BEST_OF = "best of "
"""begins what a claim is held against where it is the best of several arms"""
MOST_NAMED = 3
"""Arms of which the best is meant, that the board names"""
SIMULATED_RIVALS = 3


@dataclass(frozen=True)
class EquivalentFields(Fields):
    """What only this kind has."""

    rivals: tuple[str, ...] = ()
    """arms of which the best is meant, where it is not one arm"""


@register("claim", "equivalent")
class Equivalent(Kind):
    """An arm's metric is within a margin of another's, or not worse by more than it, or than the best of several."""

    def read(self, reader: Reader) -> list[Claim]:
        reader.fields(
            (*ALWAYS, "metric", "arm", "margin"),
            (*IF_WANTED, "against", "best_of", "not_worse", "better", "decide", "at"),
        )
        arms = reader.arms("arm")
        best = reader.exactly_one("against", "best_of") == "best_of"
        others = [""] if best else reader.others(arms)
        rivals = {arm: reader.varied(arm, "best_of") if best else () for arm in arms}
        common = common_fields(reader) | {
            "margin": reader.margin(),
            "decide": reader.one_of("decide", DECISIONS, "pooled"),
        }
        if "margin" in reader.given and not common["margin"]:
            reader.wrong("margin", "margin is 0, expected the largest difference that does not matter, above 0")
        named = [*arms, *filter(None, others), *(rival for names in rivals.values() for rival in names)]
        common["metric"] = reader.metric(named, common["datasets"])
        common["at"] = read_point(reader, common["metric"], common["datasets"], named)
        one_sided = reader.flag("not_worse") or best
        if "better" in reader.given and not one_sided:
            reader.wrong(
                "better", "better says which way is not worse, but the claim is not one-sided; remove it", key=True
            )
        if one_sided:
            common["direction"] = _better(reader, common["metric"])
        return [
            claim
            for arm in arms
            for claim in claims_of({**common, "own": EquivalentFields(rivals[arm])}, [arm], others)
        ]

    def opponent(self, claim: Claim) -> str:
        rivals = EquivalentFields.of(claim).rivals
        return BEST_OF + ", ".join(rivals) if rivals else claim.against

    def arms(self, claim: Claim) -> Sequence[str]:
        return claim.arm, claim.against, *EquivalentFields.of(claim).rivals

    def statement(self, claim: Claim) -> str:
        form = "not worse than" if claim.direction else "equal to"
        return f"{claim.metric} of {claim.arm} {form} {self.opponent(claim)}{margin_text(claim, 'within')}"

    def samples(self, rows: StudyRows, claim: Claim, dataset: str) -> Samples:
        import numpy as np

        from ablate.claims.values import samples_of

        rivals = EquivalentFields.of(claim).rivals
        if not rivals:
            return samples_of(rows, claim, dataset)
        pairs = tuple(samples_of(rows, _against(claim, name), dataset) for name in rivals)
        first = pairs[0]
        return replace(
            first,
            against=np.concatenate([pair.against for pair in pairs if pair.against is not None]),
            diverged=(first.diverged[0], sum(pair.diverged[1] for pair in pairs)),
            missing=(first.missing[0], sum(pair.missing[1] for pair in pairs)),
            applies=all(pair.applies for pair in pairs),
            rivals=pairs,
            names=(claim.arm, *rivals),
        )

    def weigh(self, claim: Claim, strata: Strata, level: float) -> Evidence:
        if EquivalentFields.of(claim).rivals:
            return _weigh_best(claim, strata, level)
        return weigh_pair(claim, strata, level)

    def mark(self, verdict: Verdict) -> Mark:
        return Mark(
            f"{verdict.metric}{point_text(verdict.at)}: {verdict.arm} {minus(verdict)} {_named(verdict)}",
            axis_of(verdict),
        )

    def finding(self, verdict: Verdict) -> str:
        margin = numbers.percent(verdict.margin) if verdict.scale == "ratio" else numbers.number(verdict.margin)
        form = "not worse by more than" if verdict.direction else "equal within"
        other = f"that of {'the ' if verdict.against.startswith(BEST_OF) else ''}{_named(verdict)}"
        return f"{comparison_text(verdict, verdict.metric + point_text(verdict.at), other)} (claimed: {form} {margin})"

    def simulations(self) -> tuple[Simulation, ...]:
        from ablate.claims.simulation import ONE_ARM

        return (
            Simulation("equivalent", "equivalent", _simulated_pair, 1),
            Simulation("not_worse", "not worse than the best of three", _simulated_best, 2, ONE_ARM),
        )


def _better(reader: Reader, metric: str) -> str:
    """Which way is better: as given, else as the metric says of itself."""
    if "better" in reader.given:
        return reader.one_of("better", tuple(DIRECTIONS))
    better = measure(metric).better
    if better == "none" and metric:
        reader.wrong("metric", f"neither way of {metric} is better by itself; give the claim better: less, or greater")
        return ""
    return better


def _named(verdict: Verdict) -> str:
    """The other arm; of the best of many, how many: the study's figures show each."""
    against = verdict.against
    others = against.removeprefix(BEST_OF).split(", ")
    return f"{BEST_OF}{len(others)} others" if against.startswith(BEST_OF) and len(others) > MOST_NAMED else against


def _against(claim: Claim, name: str) -> Claim:
    """The same claim against one of the rivals."""
    return replace(claim, against=name, own=EquivalentFields())


def weigh_pair(claim: Claim, strata: Strata, level: float) -> Evidence:
    """Of two arms: whether the difference lies within the margin, or is not above it where the claim has a direction."""
    from ablate.claims.evidence import Evidence
    from ablate.claims.statistics.effects import improvement
    from ablate.claims.statistics.robust_rank_test import robust_rank_test

    evidence = Evidence(claim, strata, strata[0][1].scale)
    margin, one_sided = evidence.margin, bool(claim.direction)
    evidence = replace(evidence, target=(-math.inf if one_sided else -margin, margin))
    if not evidence.filled:
        return evidence
    if evidence.binary:
        return _weigh_shares(evidence, level)
    seed = evidence.bootstrap_seed
    way = -1.0 if claim.direction == "greater" else 1.0
    ranked = [(way * arm, way * other) for arm, other in (samples.ranked() for samples in evidence.filled)]
    above = robust_rank_test(ranked, -margin, seed)
    p_for, p_against = above.p_less, above.p_greater
    if not one_sided:
        below = robust_rank_test(ranked, margin, seed)
        p_for, p_against = max(p_for, below.p_greater), min(p_against, below.p_less)
    evidence = evidence.with_test(p_for, p_against, above.method, improvement(ranked, level))
    return with_difference(evidence, level)


def _weigh_shares(evidence: Evidence, level: float) -> Evidence:
    """Of 0/1 outcomes: whether the difference of shares lies below the margin and, both ways, above the margin below 0."""
    from ablate.claims.binary_evidence import weigh_shares

    told = weigh_shares(evidence, evidence.margin, level)
    if not evidence.claim.direction:
        return replace(told, p_for=told.p_within, p_against=min(told.p_for, told.p_against), p_within=1.0)
    short, worse = weigh_shares(evidence, -evidence.margin, level).p_for, told.p_against
    return replace(told, p_for=short, p_against=worse, p_within=1.0)


def _weigh_best(claim: Claim, strata: Strata, level: float) -> Evidence:
    pairs = [
        weigh_pair(_against(claim, name), [(dataset, samples.rivals[i]) for dataset, samples in strata], level)
        for i, name in enumerate(EquivalentFields.of(claim).rivals)
    ]
    nearest = max(pairs, key=lambda pair: (pair.p_for, pair.oriented[0]))
    against = min(1.0, len(pairs) * min(pair.p_against for pair in pairs))
    evidence = replace(nearest, claim=claim, strata=strata, p_against=against)
    if any(math.isnan(pair.effect) for pair in pairs):  # some level has no runs yet
        return evidence.with_effect(math.nan, math.nan, math.nan)
    strict = [with_difference(pair, 1 - (1 - level) / len(pairs)) for pair in pairs]
    effect, high = (max(pair.oriented[place] for pair in pairs) for place in (0, 2))
    low = max(pair.oriented[1] for pair in strict)
    if claim.direction == "greater":
        effect, low, high = -effect, -high, -low
    return evidence.with_effect(effect, low, high)


def _simulated_pair(law: Law, n: int, effect: float) -> Simulated:
    """The arms differ by so much less than the margin."""
    from ablate.claims.simulation import simulated_claim

    width = max(1.0, effect)
    claim = simulated_claim("equivalent", direction="", margin=law.margin(width))
    return claim, law.samples(*law.pair(width - effect, n)), (width - effect) * law.sd


def _simulated_best(law: Law, n: int, effect: float) -> Simulated:
    """The arm is not worse than the best of three others, by so much less than the margin."""
    import numpy as np

    from ablate.claims.simulation import simulated_claim

    width = max(1.0, effect)
    arm, rivals = law.runs(width - effect, n), [law.runs(0.0, n) for _ in range(SIMULATED_RIVALS)]
    own = EquivalentFields(tuple(f"b{i}" for i in range(SIMULATED_RIVALS)))
    claim = simulated_claim("equivalent", against="", margin=law.margin(width), own=own)
    pairs = tuple(law.samples(arm, rival) for rival in rivals)
    return claim, law.samples(arm, np.concatenate(rivals), rivals=pairs), width - effect
