"""calibration.csv and power.csv: a line for each simulated kind of test, law of the metric, number of seeds and effect."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from ablate.errors import UsageError

FOLDER, TABLE, POWER = "calibration", "calibration.csv", "power.csv"
STUDIES = 400
"""Simulated studies for each line"""


@dataclass(frozen=True)
class Case:
    """One line of the table: a kind of test under one law, and what came of it."""

    kind: str
    distribution: str
    n: int
    effect_sd: float
    studies: int
    reproduced: float
    contradicted: float
    inconclusive: float
    coverage: float
    """share of the 95 % intervals that hold the true effect"""
    seed: int
    no_difference: float = math.nan
    """share that finds no difference that matters; NaN in a table from before it was counted"""
    seeds_used: float = math.nan
    """of a study that is looked at until it is decided: seeds an arm, on average; NaN for a fixed number"""


def table_text(cases: Iterable[Case]) -> str:
    """The cases as calibration.csv holds them."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(field.name for field in fields(Case))
    writer.writerows([f"{cell:g}" if isinstance(cell, float) else cell for cell in astuple(case)] for case in cases)
    return buffer.getvalue()


def read_table(path: Path) -> list[Case]:
    """calibration.csv; UsageError where it is not readable."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            kinds = {field.name: {"str": str, "int": int, "float": float}[str(field.type)] for field in fields(Case)}
            return [Case(**{name: kinds[name](text) for name, text in row.items()}) for row in csv.DictReader(file)]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path}: not a readable table: {error}; delete it, or make it anew by `ablate calibrate`"
        ) from error
