"""Tables of results: interquartile means with intervals by arm and dataset, and what the columns hold."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ablate.claims.statistics.binary import share_interval
from ablate.claims.statistics.centers import centers
from ablate.claims.study_rows import StudyRows
from ablate.registry.measures import KINDS, Measure, measure, measures, shown_in
from ablate.report.floors import floors_of
from ablate.report.late_cells import COLUMN, MEANS, late_texts
from ablate.report.provenance import distinct
from ablate.results import numbers
from ablate.results.tables import COUNTED

TIME = "time"
TIME_MEANS = (
    "A run's share of the time that it and the runs stacked with it trained, without evaluations. It depends on the "
    "machine, its load, and how many runs were stacked."
)
MOST_ARMS = 200
"""rows that a table shows"""
WAYS = {"less": "lower is better", "greater": "higher is better", "none": ""}


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
    own = [(name, means) for name, means in ((COLUMN, MEANS), (TIME, TIME_MEANS)) if name in names]
    return [(n, known[n].summary) for n in names if n in known and known[n].origin in KINDS] + own


def _result_table(rows: StudyRows, dataset: str) -> ResultTable:
    counted = rows.table[(rows.table["dataset"] == dataset) & rows.table["status"].isin(COUNTED)]
    shown = _measured(rows, counted)
    cells = {of.name: _intervals(counted, of) for of in shown}
    arms = rows.study.arms[:MOST_ARMS]
    late = late_texts(rows, dataset, arms)
    lines = []
    for arm in arms:
        group = rows.rows(dataset, arm)
        line = [_counts(rows, dataset, arm, group), _diverged(group)]
        line += [cells[of.name].get(arm, Cell(numbers.NONE, "")) for of in shown]
        line += [Cell((late[arm] or [numbers.NONE])[0], "; ".join(late[arm][1:]))] if late else []
        lines.append((arm, [*line, _time(group)]))
    columns = [("runs", ""), ("diverged", WAYS["less"])]
    columns += [(of.name, WAYS[of.better]) for of in shown]
    columns += [(COLUMN, "")] if late else []
    columns.append((TIME, "a run, median"))
    return ResultTable(dataset, _caption(counted, shown), columns, lines, len(rows.study.arms) - len(arms))


def _measured(rows: StudyRows, counted: pd.DataFrame) -> list[Measure]:
    """What tables show and what claims are about, as far as these rows have it."""
    names = [of.name for of in shown_in("table")] + [claim.metric for claim in rows.study.claims]
    there = [name for name in dict.fromkeys(names) if name in counted.columns and counted[name].notna().any()]
    return [measure(name) for name in there]


def _caption(counted: pd.DataFrame, shown: list[Measure]) -> str:
    protocols = distinct(counted, "fid_protocol")
    parts = [f"fid by {', '.join(protocols)}"] if protocols else []
    parts += [
        f"{name} of real samples against real ones: {numbers.number(floor)}"
        for name, floor in floors_of(counted, shown).items()
    ]
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
    diverged = int((group["status"] == "diverged").sum())
    if not n:
        return Cell(numbers.NONE, "")
    low, high = share_interval(diverged, n)
    return Cell(f"{diverged} of {n}", f"[{100 * low:.0f}, {100 * high:.0f}] %")


def _intervals(counted: pd.DataFrame, of: Measure) -> dict[str, Cell]:
    cells = {}
    for arm, center in centers(counted, of).items():
        interval = numbers.interval(center.low, center.high) if center.n > 1 else "one run"
        cells[arm] = Cell(numbers.number(center.center), interval)
    return cells


def _time(group: pd.DataFrame) -> Cell:
    seconds = pd.to_numeric(group.get("seconds", pd.Series(dtype=float)), errors="coerce")
    return Cell(numbers.duration(float(seconds.median()) if seconds.notna().any() else float("nan")), "")
