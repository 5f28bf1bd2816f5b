"""The kinds of test: how each weighs what the runs say, and turns it into a verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ablate.claims.evidence import Evidence
from ablate.claims.judgement import judge
from ablate.claims.kinds import bound, compare, equivalent, identity, trend

if TYPE_CHECKING:
    from ablate.study.study import Claim

Judge = Callable[[Evidence, float, float], tuple[str, str, int | None]]


@dataclass(frozen=True)
class Kind:
    """weigh(claim, strata, level) → Evidence; judge(evidence, adjusted p, alpha) → verdict, reason, seeds needed."""

    weigh: Callable[..., Evidence]
    judge: Judge = judge
    tested: bool = True
    """whether there is a p, which is corrected together with those of the study's other claims"""


KINDS = {
    "compare": Kind(compare.weigh),
    "equivalent": Kind(equivalent.weigh),
    "bound": Kind(bound.weigh),
    "trend": Kind(trend.weigh),
    "identity": Kind(identity.weigh, identity.judge, tested=False),
}


def kind_of(claim: Claim) -> Kind:
    """The kind of a claim's test."""
    return KINDS[claim.test]
