"""The table that says how far verdicts can be trusted: false ones, power and coverage, from `ablate calibrate`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ablate.claims.calibration import Case

KINDS = {
    "compare": "compare, two arms",
    "along": "compare with a value; a trend along training",
    "equivalent": "equivalent",
    "not_worse": "not worse than the best of three",
    "bound": "bound of an interquartile mean",
    "trend": "trend over four levels",
}
"""In words; a kind that is not here is shown as it is"""


@dataclass(frozen=True)
class CalibrationLine:
    """One kind of test under one law with n seeds; shares from 0 to 1."""

    kind: str
    distribution: str
    n: int
    studies: int
    false_reproduced: float
    false_contradicted: float
    power: list[tuple[float, float]]
    """(effect in standard deviations, share reproduced)"""
    coverage: float
    """the lowest over the effects"""


def lines(cases: Sequence[Case]) -> list[CalibrationLine]:
    """A line for each kind, law and n that has a case at the edge of the claim."""
    groups: dict[tuple[str, str, int], list[Case]] = {}
    for case in cases:
        groups.setdefault((case.kind, case.distribution, case.n), []).append(case)
    found = []
    for (kind, law, n), group in groups.items():
        for edge in (case for case in group if case.effect_sd == 0):
            power = [(case.effect_sd, case.reproduced) for case in group if case.effect_sd]
            coverage = min(case.coverage for case in group)
            found.append(
                CalibrationLine(
                    KINDS.get(kind, kind), law, n, edge.studies, edge.reproduced, edge.contradicted, power, coverage
                )
            )
    return found
