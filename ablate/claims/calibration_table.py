"""The tables of calibration: false decisions, coverage, power, seeds needed; one row a cell, with its standard error."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from ablate.errors import UsageError

FOLDER = "calibration"
STUDIES = 300
"""Simulated studies for each line of false decisions and coverage"""
FEWER = {"families": 2, "power": 4, "needed": 3}
"""One in so many for each line of whole studies, of power and of seeds needed, which cost more or need less"""
ALLOWED = 0.05
"""Share of studies that may decide falsely"""


def standard_error(share: float, n: int) -> float:
    """Of a share of n; where none or all were seen, of one in n + 1."""
    share = min(max(share, 1 / (n + 1)), n / (n + 1))
    return math.sqrt(share * (1 - share) / n)


@dataclass(frozen=True)
class Case:
    """calibration.csv: how often studies decide falsely whose truth lies at the edge of what is claimed."""

    FILE: ClassVar[str] = "calibration.csv"
    kind: str
    distribution: str
    n: int
    """runs of the arm that has fewest"""
    other_n: int
    datasets: int
    claims: int
    """how many claims a study has, each corrected for the others"""
    effect_sd: float
    studies: int
    reproduced: float
    contradicted: float
    no_difference: float
    depends: float
    false: float
    """share of studies with a false word in any headline"""
    se: float
    above_5_percent: bool
    """by more than two standard errors"""
    seed: int
    command: str


@dataclass(frozen=True)
class Coverage:
    """coverage.csv: share of 95 % intervals that hold the true effect."""

    FILE: ClassVar[str] = "coverage.csv"
    kind: str
    distribution: str
    n: int
    other_n: int
    studies: int
    coverage: float
    se: float
    below: float
    """share of intervals that lie below the truth"""
    above: float
    outside_93_to_97: bool
    """by more than two standard errors"""
    seed: int
    command: str


@dataclass(frozen=True)
class Power:
    """power.csv: share of studies that find what is claimed, where it is so by this effect."""

    FILE: ClassVar[str] = "power.csv"
    kind: str
    distribution: str
    n: int
    effect_sd: float
    studies: int
    power: float
    se: float
    contradicted: float
    seeds_used: float
    """runs an arm, on average: fewer than the most where a study goes by looks"""
    seed: int
    command: str


@dataclass(frozen=True)
class Needed:
    """seeds_needed.csv: what undecided pilots say that they need, against the number that has 80 % power."""

    FILE: ClassVar[str] = "seeds_needed.csv"
    kind: str
    distribution: str
    effect_sd: float
    pilot: int
    """runs an arm of a pilot"""
    true_n: int
    """with so many runs an arm 80 % of studies are decided"""
    pilots: int
    undecided: int
    told: int
    """undecided pilots that tell a number"""
    median: float
    low: float
    high: float
    """quartiles of the numbers told"""
    ratio: float
    """of the median to the true number"""
    within_range: float
    """share of the numbers told whose own quartiles hold the true one"""
    within_factor: float
    """share of the numbers told that are within a factor of 1.5 of the true one"""
    se: float
    seed: int
    command: str


@dataclass(frozen=True)
class Tables:
    """What was calibrated."""

    cases: list[Case]
    coverage: list[Coverage]
    powers: list[Power]
    needed: list[Needed]


Row = Case | Coverage | Power | Needed
AnyRow = TypeVar("AnyRow", bound=Row)
TABLES: tuple[type[Row], ...] = (Case, Coverage, Power, Needed)
_READERS: dict[str, Callable[[str], Any]] = {
    "str": str, "int": int, "float": float, "bool": lambda text: text == "True",
}  # fmt: skip


def table_text(rows: Iterable[Row], of: type[Row]) -> str:
    """The rows as their file holds them."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(field.name for field in fields(of))
    writer.writerows([f"{cell:.5g}" if isinstance(cell, float) else cell for cell in astuple(row)] for row in rows)
    return buffer.getvalue()


def read_table(folder: Path, of: type[AnyRow]) -> list[AnyRow]:
    """The rows of a file; none where it is not there. UsageError where it is not readable."""
    path = folder / of.FILE
    try:
        if not path.is_file():
            return []
        with open(path, encoding="utf-8", newline="") as file:
            kinds = {field.name: _READERS[str(field.type)] for field in fields(of)}
            return [of(**{name: kinds[name](text) for name, text in row.items()}) for row in csv.DictReader(file)]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path}: not a readable table: {error}; delete it, or make it anew by `ablate calibrate --again`"
        ) from error


def read_tables(folder: Path) -> Tables | None:
    """All four; None where there is none. UsageError where one is not readable."""
    tables = Tables(
        read_table(folder, Case), read_table(folder, Coverage), read_table(folder, Power), read_table(folder, Needed)
    )
    return tables if tables.cases else None
