"""trend: does the metric fall, or rise, over a factor's levels, or along each run's training?

Over a factor: the permutation test of Spearman's coefficient (ablate.claims.statistics.trend_test). Along training every
run has a coefficient of its own, which is compared with 0 as `compare` compares a metric with a value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ablate.claims.kind import Axis, Kind, Mark, Simulation, Strata, effect_text
from ablate.claims.kinds.compare import weigh_against_value
from ablate.registry import register
from ablate.study.claims.association import STEP, spearman_name, spearman_of
from ablate.study.claims.claim import Claim, Fields
from ablate.study.claims.kind import ALWAYS, DECISIONS, IF_WANTED, claims_of, common_fields, margin_text
from ablate.study.claims.point import point_text, read_point

if TYPE_CHECKING:
    from ablate.claims.evidence import Evidence
    from ablate.claims.simulation import Law, Simulated
    from ablate.claims.study_rows import StudyRows
    from ablate.claims.values import Samples
    from ablate.claims.verdict import Verdict
    from ablate.study.claims.reader import Reader

TRENDS = {"falls": "less", "rises": "greater"}
"""A trend's direction, and the sign of the coefficient that it claims"""
NO_TREND = 0.0
SIMULATED_LEVELS = 4


@dataclass(frozen=True)
class TrendFields(Fields):
    """What only this kind has; nothing for a trend along training."""

    factor: str = ""
    ladders: tuple[tuple[tuple[float, str], ...], ...] = ()
    """arms that differ in the factor alone, as (level, arm), ascending; one ladder for each setting of the rest"""

    @property
    def rungs(self) -> tuple[str, ...]:
        """The arms of all ladders, one ladder after the other."""
        return tuple(arm for ladder in self.ladders for _, arm in ladder)


@register("claim", "trend")
class Trend(Kind):
    """A metric falls, or rises, over a factor's levels, or along each run's training."""

    def read(self, reader: Reader) -> list[Claim]:
        factor = reader.text("over")
        needed = () if factor else ("arm",)
        reader.fields((*ALWAYS, "metric", "direction", *needed), (*IF_WANTED, "arm", "over", "margin", "decide", "at"))
        common = common_fields(reader) | {
            "direction": TRENDS.get(reader.one_of("direction", tuple(TRENDS)), ""),
            "margin": reader.margin(),
            "decide": reader.one_of("decide", DECISIONS, "pooled"),
        }
        if common["margin"] >= 1:
            reader.wrong(
                "margin", f"margin is {common['margin']:g}, expected less than 1: it is one of a rank correlation"
            )
        if not factor:
            arms = reader.arms("arm")
            if "at" in reader.given:
                reader.wrong("at", "at has no effect on a trend along training, which is of every evaluation", key=True)
            given, spot = reader.given.get("metric"), (*reader.spot, "metric")
            curve = reader.series(spot, given, arms, common["datasets"]) if "metric" in reader.given else ""
            return claims_of(common | {"metric": curve and spearman_name(STEP, curve), "own": TrendFields()}, arms)
        own = TrendFields(factor, reader.ladders(factor))
        common |= {"metric": reader.metric(list(own.rungs), common["datasets"], pair=False), "own": own}
        common["at"] = read_point(reader, common["metric"], common["datasets"], list(own.rungs))
        levels = ", ".join(dict.fromkeys(f"{level:g}" for ladder in own.ladders for level, _ in ladder))
        named = "" if "arm" not in reader.given else f"{', '.join(name for _, name in reader.listed('arm', ''))}, "
        return claims_of(common, [f"{named}{factor} {levels}"]) if own.ladders else []

    def arms(self, claim: Claim) -> Sequence[str]:
        return TrendFields.of(claim).rungs or (claim.arm,)

    def opponent(self, claim: Claim) -> str:
        return "" if TrendFields.of(claim).ladders else f"{NO_TREND:g}"

    def statement(self, claim: Claim) -> str:
        way = {direction: word for word, direction in TRENDS.items()}.get(claim.direction, "")
        factor = TrendFields.of(claim).factor
        over = f"over {factor}" if factor else "along training"
        return f"{claim.metric} of {claim.arm} {way} {over}{margin_text(claim)}"

    def samples(self, rows: StudyRows, claim: Claim, dataset: str) -> Samples:
        """All levels' values; a level's diverged runs are the worst, and where neither way is better, −inf for a rise."""
        import numpy as np

        from ablate.claims.values import Samples, samples_of

        own = TrendFields.of(claim)
        if not own.ladders:
            return samples_of(rows, claim, dataset)
        by_arm = {arm: samples_of(rows, replace(claim, arm=arm), dataset) for arm in own.rungs}
        every = [by_arm[arm] for arm in own.rungs]
        return Samples(
            np.concatenate([samples.arm for samples in every]),
            None,
            every[0].scale,
            every[0].center,
            (sum(samples.diverged[0] for samples in every), 0),
            (sum(samples.missing[0] for samples in every), 0),
            any(samples.applies for samples in every),
            ladders=tuple(tuple((level, by_arm[arm].arm) for level, arm in ladder) for ladder in own.ladders),
            names=own.rungs,
        )

    def weigh(self, claim: Claim, strata: Strata, level: float) -> Evidence:
        from ablate.claims.evidence import Evidence
        from ablate.claims.statistics.trend_test import trend_test

        if not TrendFields.of(claim).ladders:
            return weigh_against_value(claim, strata, NO_TREND, level)
        evidence = Evidence(claim, strata, "difference")
        ladders = [ladder for samples in evidence.filled for ladder in samples.ladders]
        if not ladders:
            return evidence
        test = trend_test(ladders, evidence.bootstrap_seed, level, evidence.margin)
        p_for, p_against, ahead, (low, high) = test.p_rises, test.p_falls, test.rising, test.rising_interval
        if claim.direction == "less":
            p_for, p_against, ahead, low, high = p_against, p_for, 1 - ahead, 1 - high, 1 - low
        evidence = evidence.with_test(p_for, p_against, "Monte Carlo", (ahead, low, high), test.p_within)
        return evidence.with_effect(test.coefficient, *test.interval)

    def mark(self, verdict: Verdict) -> Mark:
        curve = _along_training(verdict.metric)
        metric = f"{curve} along training" if curve else verdict.metric + point_text(verdict.at)
        return Mark(f"{metric}: {verdict.arm}, Spearman’s ρ", Axis("coefficient", 1.0, 1.0))

    def finding(self, verdict: Verdict) -> str:
        curve = _along_training(verdict.metric)
        of_what = (
            f"{curve} along training of {verdict.arm}"
            if curve
            else f"{verdict.metric}{point_text(verdict.at)} over {verdict.arm}"
        )
        way = {direction: word for word, direction in TRENDS.items()}.get(verdict.direction, "")
        return f"Spearman’s ρ of {of_what} is {effect_text(verdict)} (claimed: {way})"

    def simulations(self) -> tuple[Simulation, ...]:
        from ablate.claims.simulation import ONE_ARM

        return (Simulation("trend", "trend over four levels", _simulated, 4, ONE_ARM),)


def _along_training(metric: str) -> str:
    """The curve of a trend along training; empty for another metric."""
    curves = spearman_of(metric)
    return curves[1] if curves and curves[0] == STEP else ""


def _simulated(law: Law, n: int, effect: float) -> Simulated:
    """The metric rises by so much from the first to the last of four levels."""
    import numpy as np

    from ablate.claims.simulation import simulated_claim

    steps = [effect * level / (SIMULATED_LEVELS - 1) for level in range(SIMULATED_LEVELS)]
    ladder = tuple((float(level), law.runs(step, n)) for level, step in enumerate(steps))
    own = TrendFields("level", (tuple((level, f"l{level:g}") for level, _ in ladder),))
    claim = simulated_claim("trend", against="", direction="greater", own=own)
    values = np.concatenate([runs for _, runs in ladder])
    return claim, law.samples(values, ladders=(ladder,)), law.coefficient(tuple(steps))
