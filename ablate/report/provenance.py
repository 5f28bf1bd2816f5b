"""Where a study's tables come from: the command that makes them anew, code, device, versions and time."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import pandas as pd

from ablate.claims.study_rows import StudyRows
from ablate.results import numbers
from ablate.study import recipes

if TYPE_CHECKING:
    from ablate.study.study import Study

Named = list[tuple[str, str]]
"""(name, value) of each line"""
OF_ROWS = ("commit", "dirty", "ablate_version", "python", "torch", "device", "arithmetic", "threads", "features")
OF_ENVIRONMENT = ("cpu", "cores", "seeds", "overrides")
MOST_VALUES = 6
"""Of a column that a line shows"""


def command_of(study: Study) -> str:
    """The command that makes the study's tables anew, as it can be pasted into a shell."""
    words = ["ablate", "run", study.name if study.name in recipes.names() else f"studies/{study.name}.yaml"]
    for override in study.overrides:
        words += ["--set", override]
    words += ["--until", "decided"] if study.looks_flag else []
    return shlex.join([*words, "--seeds", study.seeds_flag] if study.seeds_flag else words)


def provenance(rows: StudyRows) -> Named:
    """What made the rows: code, device, versions, time."""
    environment = rows.results.environment
    lines = []
    for name in OF_ROWS:
        values = distinct(rows.table, name)
        if values:
            lines.append((name, ", ".join(values[:MOST_VALUES]) + (" …" if len(values) > MOST_VALUES else "")))
    lines += [(name, _value_text(environment[name])) for name in OF_ENVIRONMENT if environment.get(name)]
    versions = environment.get("versions")
    if isinstance(versions, dict):
        lines.append(("versions", ", ".join(f"{name} {value}" for name, value in sorted(versions.items()))))
    return lines + _times(rows, environment)


def _times(rows: StudyRows, environment: dict[str, Any]) -> Named:
    lines = []
    wall = environment.get("wall_seconds")
    if isinstance(wall, int | float):
        lines.append(("wall time", numbers.duration(float(wall))))
    if "seconds" in rows.table.columns:
        total = float(pd.to_numeric(rows.table["seconds"], errors="coerce").sum())
        lines.append(("training time, summed over runs", numbers.duration(total)))
    split = environment.get("time_split")
    if isinstance(split, dict) and (spent := sum(split.values())):
        shares = sorted(split.items(), key=lambda item: -item[1])
        lines.append(("time split", ", ".join(f"{name} {numbers.percent(value / spent)}" for name, value in shares)))
    finished = distinct(rows.table, "finished_at")
    if finished:
        lines.append(("finished", finished[0] if len(finished) == 1 else f"{finished[0]} to {finished[-1]}"))
    return lines


def distinct(table: pd.DataFrame, column: str) -> list[str]:
    """The different values of a column as text, sorted; none if there is no such column."""
    if column not in table.columns:
        return []
    return sorted({str(value) for value in table[column].dropna().unique() if str(value)})


def _value_text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
