"""The tables that say how far verdicts can be trusted: false ones, coverage, power and seeds needed (`ablate calibrate`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from ablate.claims.kind import simulations
from ablate.results.numbers import percent

if TYPE_CHECKING:
    from ablate.claims.calibration_table import Case, Needed, Power, Tables

Item = TypeVar("Item")


@dataclass(frozen=True)
class Cell:
    """A share in percent, and whether it is outside of what is promised by more than two standard errors."""

    text: str
    off: bool = False


@dataclass(frozen=True)
class Line:
    """Cells by number of seeds, or by effect; empty where nothing was simulated."""

    heading: str
    law: str
    cells: list[Cell]


@dataclass(frozen=True)
class Shown:
    """What the page shows."""

    command: str
    studies: int
    off: int
    """false decisions above 5 %, of all lines"""
    cells: int
    seeds: list[int]
    false: list[Line]
    """false decisions by seeds, then coverage by seeds"""
    families: list[tuple[str, Case, Cell]]
    effects: list[tuple[int, float]]
    """(seeds, effect)"""
    powers: list[Line]
    needed: list[tuple[str, Needed]]


def shown(tables: Tables | None) -> Shown | None:
    """The tables as the page has them; an unknown kind is shown by its name."""
    if tables is None:
        return None
    words = {name: simulation.words for name, simulation in simulations().items()}
    single = [case for case in tables.cases if case.claims * case.datasets == 1]
    seeds = sorted({case.n for case in single})
    false = {(case.kind, case.distribution, case.n): Cell(percent(case.false), case.above_5_percent) for case in single}
    held = {
        (row.kind, row.distribution, row.n): Cell(percent(row.coverage), row.outside_93_to_97)
        for row in tables.coverage
    }
    lines = [
        Line(words.get(kind, kind), law, [of.get((kind, law, n), Cell("–")) for of in (false, held) for n in seeds])
        for kind, law in _unique((case.kind, case.distribution) for case in single)
    ]
    families = [
        (words.get(case.kind, case.kind), case, Cell(percent(case.false), case.above_5_percent))
        for case in tables.cases
        if case.claims * case.datasets > 1
    ]
    needed = [(words.get(row.kind, row.kind), row) for row in tables.needed]
    effects, powers = _powers(tables.powers, words)
    off = sum(case.above_5_percent for case in tables.cases)
    first = tables.cases[0]
    return Shown(first.command, first.studies, off, len(tables.cases), seeds, lines, families, effects, powers, needed)


def _powers(rows: Sequence[Power], words: dict[str, str]) -> tuple[list[tuple[int, float]], list[Line]]:
    effects = sorted({(row.n, row.effect_sd) for row in rows})
    found = {(row.kind, row.distribution, row.n, row.effect_sd): Cell(percent(row.power)) for row in rows}
    lines = [
        Line(words.get(kind, kind), law, [found.get((kind, law, *effect), Cell("–")) for effect in effects])
        for kind, law in _unique((row.kind, row.distribution) for row in rows)
    ]
    return effects, lines


def _unique(items: Iterable[Item]) -> list[Item]:
    return list(dict.fromkeys(items))
