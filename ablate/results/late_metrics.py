"""Metrics that were registered after the runs: which rows lack them, and how a row names those measured later."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from ablate.config.run_config import RESULTS_VERSION
from ablate.errors import AblateWarning
from ablate.registry import DatasetFacts, facts_about
from ablate.registry.measures import Measure, measures
from ablate.registry.needs import Subject, unmet
from ablate.results.tables import Results
from ablate.study.study import Run, Study

NO_FEATURES, CLASSIFIER = "none", "classifier"
"""What rows say of their features: that there are none, or, in a name that holds the word, that a classifier gave them"""
SEPARATOR, AT = "; ", "@"


@dataclass(frozen=True)
class Lacking:
    """A registered metric or stability measure, and the finished runs that meet its needs but have no value of it."""

    measure: Measure
    runs: tuple[Run, ...]
    having: int
    """finished runs that have a value of it"""

    @property
    def can_be_measured(self) -> bool:
        """Whether the last generator says it: a metric of samples that is taken only at the end of a run."""
        return self.measure.origin == "metric" and self.measure.at_end

    @property
    def extent(self) -> str:
        """How many rows have it."""
        return f"in {self.having} of {self.having + len(self.runs)} rows"


def lacking(results: Results, study: Study) -> list[Lacking]:
    """All of them, in the order of the registry. A value that was taken and is NaN is no gap."""
    by_id = {run.run_id: run for run in study.runs()}
    rows = results.runs[(results.runs["status"] == "done") & results.runs["run_id"].isin(by_id)]
    if not len(rows):
        return []
    features = rows["features"] if "features" in rows.columns else pd.Series("", rows.index)
    subjects = _Subjects(dict(zip(rows["run_id"], features, strict=True)))
    taken = results.curves.groupby("metric")["run_id"].unique()
    gaps = []
    for measure in measures().values():
        if measure.origin == "metric":
            there = set(taken.get(measure.name, ()))
        elif measure.origin == "stability":
            there = set(by_id) if measure.name in rows.columns else set()
        else:
            continue  # a probe may have nothing to say of a run
        runs = tuple(
            by_id[run_id] for run_id in rows["run_id"] if run_id not in there and subjects.meet(by_id[run_id], measure)
        )
        if runs:
            gaps.append(Lacking(measure, runs, len(there.intersection(rows["run_id"]))))
    return gaps


@dataclass
class _Subjects:
    """Finished runs as the needs of measures see them; runs of one arm on one dataset are alike."""

    features: dict[str, Any]
    """run_id → what its row says of its features"""
    known: dict[tuple[Any, ...], bool] = field(default_factory=dict)

    def meet(self, run: Run, measure: Measure) -> bool:
        key = (measure.name, run.dataset, run.arm, run.draw, self.features[run.run_id])
        if key not in self.known:
            settings = run.config.by_name()
            generates = settings.get("fakes", "generator") == "generator"
            self.known[key] = (generates or measure.origin != "metric") and not unmet(measure.needs, self._of(run))
        return self.known[key]

    def _of(self, run: Run) -> Subject:
        features = str(self.features[run.run_id])
        facts = facts_about(DatasetFacts, run.config.dataset)
        return Subject(facts, run.config.by_name(), features != NO_FEATURES, CLASSIFIER in features)


def note_on(gaps: Sequence[Lacking]) -> str:
    """One line that names the metrics that rows lack, and how to get them; empty where there are no gaps."""
    versions = {run.results_version for gap in gaps for run in gap.runs}
    if versions - {RESULTS_VERSION}:
        names = ", ".join(gap.measure.name for gap in gaps)
        return (
            f"rows of version {max(versions)} of what a run gives, where this code makes version {RESULTS_VERSION}: they lack "
            f"{names}; a new training has them, `ablate run STUDY --out ANOTHER_FOLDER`"
        )
    end = _named([gap for gap in gaps if gap.can_be_measured])
    rest = _named([gap for gap in gaps if not gap.can_be_measured])
    ways = []
    if end:
        ways.append(f"{end}: `ablate run STUDY --measure-missing` measures them where the runs' generators were kept")
    if rest:
        ways.append(
            f"{rest}: they need a new training, `ablate run STUDY --out ANOTHER_FOLDER`, for they are of the training as "
            "it went, which no kept generator tells"
        )
    return f"registered metrics that finished runs lack: {'; '.join(ways)}" if ways else ""


def _named(gaps: Sequence[Lacking]) -> str:
    """The measures' names, those that equally many rows have together."""
    by_extent: dict[str, list[str]] = {}
    for gap in gaps:
        by_extent.setdefault(gap.extent, []).append(gap.measure.name)
    return ", ".join(f"{', '.join(names)} ({extent})" for extent, names in by_extent.items())


def warn_of_lacking(results: Results, study: Study) -> None:
    """AblateWarning with the note, where there is one."""
    if note := note_on(lacking(results, study)):
        warnings.warn(f"{results.folder}: {note}", AblateWarning, stacklevel=2)


# ── the column ──────────────────────────────────────────────────────────────────────────────────────────────────────


def with_measured(cell: object, metrics: Iterable[str], commit: str) -> str:
    """The cell of `measured_later` with more metrics in it, measured by code of that commit."""
    known = dict(_entries(cell)) | dict.fromkeys(metrics, commit or "unknown")
    return SEPARATOR.join(f"{name}{AT}{known[name]}" for name in sorted(known))


def measured_later(cell: object) -> Collection[str]:
    """The metrics that a cell of `measured_later` names."""
    return dict(_entries(cell)).keys()


def _entries(cell: object) -> Iterator[tuple[str, str]]:
    for entry in cell.split(SEPARATOR) if isinstance(cell, str) and cell else ():
        name, _, commit = entry.rpartition(AT)
        yield name, commit
