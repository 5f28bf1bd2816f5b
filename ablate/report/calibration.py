"""The table that says how far verdicts can be trusted: false ones, power and coverage, from `ablate calibrate`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ablate.claims.kind import simulations
from ablate.results.numbers import number, percent

if TYPE_CHECKING:
    from ablate.claims.calibration_table import Case


@dataclass(frozen=True)
class CalibrationLine:
    """One kind of test under one law with n seeds; shares from 0 to 1."""

    kind: str
    """in words"""
    distribution: str
    n: int
    studies: int
    false_reproduced: float
    false_contradicted: float
    false_no_difference: float
    power: list[tuple[float, float]]
    """(effect in standard deviations, share reproduced)"""
    coverage: float
    """the lowest over the effects"""


def power_lines(cases: Sequence[Case]) -> list[str]:
    """How often one claim finds a difference, a sentence for each number of seeds."""
    by_seeds: dict[int, list[Case]] = {}
    for case in cases:
        by_seeds.setdefault(case.n, []).append(case)
    return [
        f"With {n} seeds an arm it finds "
        + ", ".join(f"{number(case.effect_sd)} sd with {percent(case.reproduced)}" for case in group) + "."
        for n, group in by_seeds.items()
    ]  # fmt: skip


def lines(cases: Sequence[Case]) -> list[CalibrationLine]:
    """A line for each kind, law and n that has a case at the edge of the claim; an unknown kind is shown as it is."""
    words = {name: simulation.words for name, simulation in simulations().items()}
    groups: dict[tuple[str, str, int], list[Case]] = {}
    for case in cases:
        groups.setdefault((case.kind, case.distribution, case.n), []).append(case)
    table = []
    for (kind, law, n), group in groups.items():
        for edge in (case for case in group if case.effect_sd == 0):
            power = [(case.effect_sd, case.reproduced) for case in group if case.effect_sd]
            coverage = min(case.coverage for case in group)
            name = words.get(kind, kind)
            false = (edge.reproduced, edge.contradicted, edge.no_difference)
            table.append(CalibrationLine(name, law, n, edge.studies, *false, power, coverage))
    return table
