"""Tables of the page: interquartile means with intervals by arm and dataset, settings of arms, provenance."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ablate.claims.statistics.binary import share_interval
from ablate.claims.statistics.centers import centers
from ablate.claims.study_rows import COUNTED, StudyRows
from ablate.registry.measures import KINDS, Measure, measure, measures, shown_in
from ablate.results import numbers

TIME = "time"
TIME_MEANS = (
    "A run's share of the time that it and the runs stacked with it trained, without evaluations. It depends on the "
    "machine, its load, and how many runs were stacked."
)
MOST_ARMS = 200
"""rows that a table shows"""


@dataclass(frozen=True)
class Cell:
    """A number and its interval, as text; n where it is fewer than the arm's runs."""

    center: str
    interval: str
    note: str = ""


@dataclass(frozen=True)
class ResultTable:
    """The results on one dataset: a row an arm."""

    dataset: str
    caption: str
    columns: list[tuple[str, str]]
    """(name, which way is better)"""
    rows: list[tuple[str, list[Cell]]]
    left_out: int


def result_tables(rows: StudyRows) -> list[ResultTable]:
    """One table a dataset."""
    return [_result_table(rows, dataset) for dataset in rows.study.datasets]


def meanings(tables: list[ResultTable]) -> list[tuple[str, str]]:
    """What the columns of the tables hold: (name, its definition's first line)."""
    names = dict.fromkeys(name for table in tables for name, _ in table.columns)
    known = measures()
    return [(n, known[n].summary) for n in names if n in known and known[n].origin in KINDS] + [(TIME, TIME_MEANS)]


def _result_table(rows: StudyRows, dataset: str) -> ResultTable:
    counted = rows.table[(rows.table["dataset"] == dataset) & rows.table["status"].isin(COUNTED)]
    claimed = (claim.metric for claim in rows.study.claims)
    names = dict.fromkeys((*(of.name for of in shown_in("table")), *claimed))
    shown = [name for name in names if name in counted.columns and counted[name].notna().any()]
    cells = {name: _intervals(counted, measure(name)) for name in shown}
    arms = rows.study.arms[:MOST_ARMS]
    lines = []
    for arm in arms:
        group = rows.rows(dataset, arm)
        line = [_counts(rows, dataset, arm, group), _diverged(group)]
        line += [cells[name].get(arm, Cell(numbers.NONE, "")) for name in shown]
        seconds = pd.to_numeric(group.get("seconds", pd.Series(dtype=float)), errors="coerce")
        line.append(Cell(numbers.duration(float(seconds.median()) if seconds.notna().any() else float("nan")), ""))
        lines.append((arm, line))
    ways = {"less": "lower is better", "greater": "higher is better"}
    columns = [("runs", ""), ("diverged", "lower is better")]
    columns += [(name, ways.get(measure(name).better, "")) for name in shown]
    columns.append((TIME, "a run, median"))
    return ResultTable(dataset, _caption(counted), columns, lines, len(rows.study.arms) - len(arms))


def _caption(counted: pd.DataFrame) -> str:
    parts = []
    protocols = distinct(counted, "fid_protocol")
    if protocols:
        parts.append(f"fid by {', '.join(protocols)}")
    for name in ("fid", "w1"):
        floor = pd.to_numeric(counted.get(f"{name}_floor", pd.Series(dtype=float)), errors="coerce").median()
        if np.isfinite(floor):
            parts.append(f"{name} of real samples against real ones: {numbers.number(float(floor))}")
    return "; ".join(parts)


def _counts(rows: StudyRows, dataset: str, arm: str, group: pd.DataFrame) -> Cell:
    expected = rows.expected_count(dataset, arm)
    there = int(group["status"].isin(COUNTED).sum())
    ends = {word: int((group["status"] == word).sum()) for word in ("pruned", "failed")}
    ends["not run yet"] = expected - there - sum(ends.values())
    note = ", ".join(f"{count} {word}" for word, count in ends.items() if count > 0)
    return Cell(str(there) if there == expected else f"{there} of {expected}", "", note)


def _diverged(group: pd.DataFrame) -> Cell:
    n = int(group["status"].isin(COUNTED).sum())
    lost = int((group["status"] == "diverged").sum())
    if not n:
        return Cell(numbers.NONE, "")
    low, high = share_interval(lost, n)
    return Cell(f"{lost} of {n}", f"[{100 * low:.0f}, {100 * high:.0f}] %")


def _intervals(counted: pd.DataFrame, facts: Measure) -> dict[str, Cell]:
    cells = {}
    for arm, found in centers(counted, facts).items():
        interval = numbers.interval(found.low, found.high) if found.n > 1 else "one run"
        cells[arm] = Cell(numbers.number(found.center), interval)
    return cells


def distinct(table: pd.DataFrame, column: str) -> list[str]:
    """The different values of a column as text, sorted; none if there is no such column."""
    if column not in table.columns:
        return []
    return sorted({str(value) for value in table[column].dropna().unique() if str(value)})


def settings_tables(rows: StudyRows) -> tuple[list[str], list[tuple[str, list[str]]], list[tuple[str, str]]]:
    """What distinguishes the arms: (settings that differ, [(arm, their values)], settings that all arms share).

    A value that differs by dataset is written "a / b", in the order of the datasets. What a search draws is left out.
    """
    settings: dict[str, dict[str, dict[str, None]]] = {arm: {} for arm in rows.study.arms}
    drawn = rows.study.search.names if rows.study.search else ()
    seen = set()
    for run in rows.runs:
        if (run.dataset, run.arm) in seen:
            continue
        seen.add((run.dataset, run.arm))
        for name, value in run.config.model_dump().items():
            if name not in ("seed", "dataset", "dataset_options", *drawn):
                settings[run.arm].setdefault(name, {})[_setting(value)] = None
    texts = {arm: {name: " / ".join(values) for name, values in found.items()} for arm, found in settings.items()}
    names = list(dict.fromkeys(name for found in texts.values() for name in found))
    differ = [name for name in names if len({found.get(name, numbers.NONE) for found in texts.values()}) > 1]
    table = [(arm, [found.get(name, numbers.NONE) for name in differ]) for arm, found in texts.items()]
    first = next(iter(texts.values()), {})
    shared = [(name, first[name]) for name in names if name not in differ and first.get(name) != numbers.NONE]
    return differ, table[:MOST_ARMS], shared


def _setting(value: Any) -> str:
    if value is None:
        return numbers.NONE
    if isinstance(value, float):
        return f"{value:g}"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def budget(rows: StudyRows) -> str:
    """The size and length of training that the study's verdicts hold for."""
    found: dict[str, dict[str, None]] = {"steps": {}, "architecture": {}, "width": {}}
    seen = set()
    trained = any(run.config.fakes == "generator" for run in rows.runs)
    for run in rows.runs:
        if (run.dataset, run.arm) not in seen:
            seen.add((run.dataset, run.arm))
            each = 1 if trained else run.config.n_critic
            found["steps"][f"{run.config.total_generator_steps * each:,}"] = None
            found["architecture"][run.config.architecture] = None
            found["width"][str(run.config.width)] = None
    steps, architecture, width = (" / ".join(found[name]) for name in ("steps", "architecture", "width"))
    network, search = "generator" if trained else "critic", rows.study.search
    if search is None:
        return f"{steps} {network} steps, {architecture} of width {width}, {len(rows.study.seeds)} seeds"
    width = next((parameter.text for parameter in search.parameters if parameter.name == "width"), width)
    return f"{steps} {network} steps, {architecture} of width {width}, {search.draws} draws for each arm and dataset"


def missing_lines(rows: StudyRows) -> list[str]:
    """What is not there, in words: one line an arm and dataset."""
    lines = []
    failed = rows.table[rows.table["status"] == "failed"]
    for (dataset, arm), group in rows.missing().groupby(["dataset", "arm"], sort=False):
        errors = failed[(failed["dataset"] == dataset) & (failed["arm"] == arm)]
        line = f"{arm} on {dataset}: {len(group)} of {rows.expected_count(str(dataset), str(arm))} runs"
        pruned = int((rows.rows(str(dataset), str(arm))["status"] == "pruned").sum())
        line += f", {pruned} of them pruned" if pruned else ""
        if len(errors):
            messages = distinct(errors, "error")
            line += f", {len(errors)} of them failed" + (f" ({messages[0]})" if messages else "")
        lines.append(line)
    return lines


def flag_lines(rows: StudyRows) -> list[str]:
    """Doubtful settings and events that runs carry as flags, with the arms that have them."""
    if "flags" not in rows.table.columns:
        return []
    found: dict[str, dict[str, int]] = {}
    for arm, text in zip(rows.table["arm"], rows.table["flags"].fillna(""), strict=True):
        for flag in filter(None, str(text).split("; ")):
            arms = found.setdefault(flag, {})
            arms[arm] = arms.get(arm, 0) + 1
    return [f"{flag}: {', '.join(f'{arm} ({n} runs)' for arm, n in arms.items())}" for flag, arms in found.items()]


def provenance(rows: StudyRows, extra: Iterable[tuple[str, str]] = ()) -> list[tuple[str, str]]:
    """What made the rows: code, device, versions, time; as (name, value)."""
    environment, lines = rows.results.environment, list(extra)
    for name in ("commit", "dirty", "ablate_version", "python", "torch", "device", "arithmetic", "threads", "features"):
        values = distinct(rows.table, name)
        if values:
            lines.append((name, ", ".join(values[:6]) + (" …" if len(values) > 6 else "")))
    for name in ("cpu", "cores", "seeds", "overrides"):
        if environment.get(name):
            lines.append((name, _plain(environment[name])))
    versions = environment.get("versions")
    if isinstance(versions, dict):
        lines.append(("versions", ", ".join(f"{name} {value}" for name, value in sorted(versions.items()))))
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


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
