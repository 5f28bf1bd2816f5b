"""What claims about simulated values come to."""

from __future__ import annotations

from typing import Any

from ablate.claims.decide import decide
from ablate.claims.verdict import Verdict
from tests.support.simulated_study import SimulatedClaim, tables


def verdicts(values: Any, *claims: SimulatedClaim, metric: str = "fid", **more: Any) -> dict[tuple[str, str], Verdict]:
    """(claim, dataset) → its verdict; of all datasets together under "pooled"."""
    study, results = tables(values, list(claims), metric=metric, **more)
    return {(verdict.claim, verdict.dataset): verdict for verdict in decide(study, results)}


def headline(values: Any, claim: SimulatedClaim, **more: Any) -> Verdict:
    """The verdict over all datasets of one claim, whose id is c."""
    return verdicts(values, claim, **more)["c", "pooled"]
