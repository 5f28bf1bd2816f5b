"""identity: in every run the metric equals a value, or differs from it, to within a tolerance.

This is a fact of the program, such as a slope that is zero by construction: it has no sampling error, so that there is no
test, no p and no number of seeds that it would need. One run that holds otherwise contradicts it, and every run of the
study must be there and hold for it to be reproduced.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ablate.claims.evidence import LEVEL, Evidence
from ablate.claims.judgement import CONTRADICTED, INCONCLUSIVE, REPRODUCED
from ablate.claims.values import Samples

if TYPE_CHECKING:
    from ablate.study.study import Claim


def weigh(claim: Claim, strata: list[tuple[str, Samples]], level: float = LEVEL) -> Evidence:
    """The values furthest from, or nearest to, the claim's; there is no interval: low and high are the extremes."""
    found = Evidence(claim, strata, "value", p_for=math.nan, p_against=math.nan, method="every run")
    values = _values(found)
    finite = values[np.isfinite(values)]
    if not len(finite):
        return found
    assert claim.value is not None
    distance = np.abs(finite - claim.value)
    decisive = finite[distance.argmax() if claim.equal else distance.argmin()]
    return replace(found, effect=float(decisive), low=float(finite.min()), high=float(finite.max()))


def judge(found: Evidence, p_adjusted: float, alpha: float) -> tuple[str, str, int | None]:
    """Verdict and reason; nothing is corrected, for nothing is left to chance."""
    claim, values = found.claim, _values(found)
    if not found.applies:
        return INCONCLUSIVE, f"{claim.metric} is not measured there", None
    finite = values[np.isfinite(values)]
    assert claim.value is not None
    holds = (np.abs(finite - claim.value) <= claim.tolerance) == claim.equal
    failing, lost = int((~holds).sum()), len(values) - len(finite)
    said = "equals" if claim.equal else "differs from"
    if failing:
        word = "differs" if claim.equal else "does not"
        return CONTRADICTED, f"in {failing} of {len(finite)} runs it {word}", None
    absent = [name for name, each in found.strata if not each.applies]
    missing = sum(sum(each.missing) for _, each in found.used)
    asked = len(values) + missing
    lacking = [f"{missing} of {asked} runs are missing"] * bool(missing)
    lacking += [f"{lost} of {asked} runs diverged"] * bool(lost)
    lacking += [f"not measured on {', '.join(absent)}"] * bool(absent)
    if lacking or not len(finite):
        return INCONCLUSIVE, "; ".join(lacking) or "no runs yet", None
    return REPRODUCED, f"{said} {claim.value:g} to within {claim.tolerance:g} in all {len(finite)} runs", None


def _values(found: Evidence) -> np.ndarray:
    return np.concatenate([np.empty(0), *(each.arm for _, each in found.used)])
