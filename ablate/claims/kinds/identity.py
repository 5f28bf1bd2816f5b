"""identity: in every run the metric equals a value, or differs from it, to within a tolerance.

This is a fact of the program, such as a slope that is zero by construction: it has no sampling error, so that there is no
test, no p and no number of seeds that it would need. One run that holds otherwise contradicts it, and every run of the
study must be there and hold for it to be reproduced.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ablate.claims.kind import Judged, Kind, Mark, Strata
from ablate.registry import register
from ablate.results import numbers
from ablate.study.claims.claim import Claim, Fields
from ablate.study.claims.kind import ALWAYS, IF_WANTED, claims_of, common_fields

if TYPE_CHECKING:
    from ablate.claims.evidence import Evidence
    from ablate.claims.statistics.bootstrap import Floats
    from ablate.claims.verdict import Verdict
    from ablate.study.claims.reader import Reader


@dataclass(frozen=True)
class IdentityFields(Fields):
    """What only this kind has."""

    value: float = 0.0
    equal: bool = True
    """false: every run differs from the value"""
    tolerance: float = 0.0


@register("claim", "identity", tested=False)
class Identity(Kind):
    """In every run an arm's metric equals a value, or differs from it, to within a tolerance."""

    decisions = ("every_dataset",)

    def read(self, reader: Reader) -> list[Claim]:
        reader.fields((*ALWAYS, "metric", "arm"), (*IF_WANTED, "equals", "differs_from", "tolerance"))
        arms = reader.arms("arm")
        form = reader.exactly_one("equals", "differs_from")
        value = reader.number(form) if form else None
        held_against = 0.0 if value is None else value
        own = IdentityFields(held_against, form == "equals", reader.number("tolerance", 0.0, least=0.0) or 0.0)
        common = common_fields(reader) | {"decide": "every_dataset", "own": own}
        common["metric"] = reader.metric(arms, common["datasets"], pair=False)
        return claims_of(common, arms) if value is not None else []

    def opponent(self, claim: Claim) -> str:
        own = IdentityFields.of(claim)
        return f"{'=' if own.equal else '≠'} {own.value:g} ± {own.tolerance:g}"

    def statement(self, claim: Claim) -> str:
        return f"{claim.metric} of {claim.arm} {self.opponent(claim)}"

    def weigh(self, claim: Claim, strata: Strata, level: float) -> Evidence:
        """The value furthest from, or nearest to, the claim's; there is no interval: low and high are the extremes."""
        import numpy as np

        from ablate.claims.evidence import Evidence

        evidence = Evidence(claim, strata, "value", p_for=math.nan, p_against=math.nan, method="every run")
        values = _values(evidence)
        finite = values[np.isfinite(values)]
        if not len(finite):
            return evidence
        own = IdentityFields.of(claim)
        distance = np.abs(finite - own.value)
        decisive = finite[distance.argmax() if own.equal else distance.argmin()]
        return evidence.with_effect(float(decisive), float(finite.min()), float(finite.max()))

    def judge(self, evidence: Evidence, p_adjusted: float, alpha: float) -> Judged:
        """Verdict and reason; nothing is corrected, for nothing is left to chance."""
        import numpy as np

        from ablate.claims.judgement import CONTRADICTED, INCONCLUSIVE, REPRODUCED

        claim, values = evidence.claim, _values(evidence)
        if not evidence.applies:
            return INCONCLUSIVE, f"{claim.metric} is not measured there", None
        own, finite = IdentityFields.of(claim), values[np.isfinite(values)]
        holds = (np.abs(finite - own.value) <= own.tolerance) == own.equal
        failing, lost = int((~holds).sum()), len(values) - len(finite)
        if failing:
            word = "differs" if own.equal else "does not"
            return CONTRADICTED, f"in {failing} of {len(finite)} runs it {word}", None
        absent = [name for name, samples in evidence.strata if not samples.applies]
        missing = sum(sum(samples.missing) for _, samples in evidence.used)
        asked = len(values) + missing
        lacking = [f"{missing} of {asked} runs are missing"] * bool(missing)
        lacking += [f"{lost} of {asked} runs diverged"] * bool(lost)
        lacking += [f"not measured on {', '.join(absent)}"] * bool(absent)
        if lacking or not len(finite):
            return INCONCLUSIVE, "; ".join(lacking) or "no runs yet", None
        said = "equals" if own.equal else "differs from"
        return REPRODUCED, f"{said} {own.value:g} to within {own.tolerance:g} in all {len(finite)} runs", None

    def mark(self, verdict: Verdict) -> Mark:
        return Mark(f"{verdict.metric}: {verdict.arm}, claimed {verdict.against}", None)

    def finding(self, verdict: Verdict) -> str:
        lies = f"lies between {numbers.number(verdict.low)} and {numbers.number(verdict.high)}"
        return f"{verdict.metric} of {verdict.arm} {lies} (claimed: {verdict.against} in every run)"


def _values(evidence: Evidence) -> Floats:
    import numpy as np

    return np.concatenate([np.empty(0), *(samples.arm for _, samples in evidence.used)])
