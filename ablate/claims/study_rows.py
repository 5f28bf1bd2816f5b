"""The rows of a study's tables that belong to the study as it now is; which are missing, and which are not used."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ablate.results.known_draws import with_draws
from ablate.results.tables import COUNTED, results_version

if TYPE_CHECKING:
    from ablate.results.tables import Results
    from ablate.study.study import Run, Study


@dataclass
class StudyRows:
    """Rows joined with the study by run_id: the study says what a run is, the table what came of it."""

    study: Study
    results: Results
    expected: pd.DataFrame
    """one row a run of the study: run_id, dataset (label), arm, seed, of a search draw; index 0, 1, …"""
    table: pd.DataFrame
    """the rows there are: the columns of runs.csv, with dataset, arm and seed as the study has them now"""
    runs: list[Run]
    unused_rows: tuple[str, ...]
    """rows that the study has no run for, in words"""
    series: dict[str, dict[str, tuple[NDArray, NDArray]]] = field(default_factory=dict, repr=False)
    """curves that claims asked for, by name: run_id → times, values"""
    courses: dict[str, dict[tuple[str, str], Any]] = field(default_factory=dict, repr=False)
    """metrics along training that claims asked for (ablate.claims.training_values)"""
    late: dict[tuple[str, str, str], Any] = field(default_factory=dict, repr=False)
    """(metric, dataset, arm) → how the arm changed late in training (ablate.claims.late_budget)"""
    taken: str = ""
    """the metric whose column holds what a claim takes of it, up to an evaluation before the last"""

    @classmethod
    def of(cls, study: Study, results: Results) -> StudyRows:
        """Join; nothing is read or written."""
        study, version = with_draws(study, results.runs), results_version(results.runs)
        study = study if study.results_version == version else replace(study, results_version=version)
        runs = study.runs()
        names = ["run_id", "dataset", "arm", "seed"] + ["draw"] * bool(study.search)
        expected = pd.DataFrame([[getattr(run, name) for name in names] for run in runs], columns=names)
        there = results.runs.drop_duplicates("run_id", keep="last")
        known = there["run_id"].isin(expected["run_id"])
        outcome = there[known].drop(columns=["dataset", "arm", "seed", "draw"], errors="ignore")
        table = expected.merge(outcome, on="run_id", how="inner", validate="one_to_one")
        unused = tuple(
            f"{row.arm} on {row.dataset}, seed {row.seed} ({row.run_id})" for row in there[~known].itertuples()
        )
        return cls(study, results, expected, table, runs, unused)

    @cached_property
    def groups(self) -> dict[tuple[str, str], pd.DataFrame]:
        """(dataset, arm) → its rows; pairs without a row are left out."""
        return dict(list(self.table.groupby(["dataset", "arm"], sort=False)))  # type: ignore[arg-type]

    @cached_property
    def _expected_counts(self) -> Counter[tuple[str, str]]:
        return Counter(zip(self.expected["dataset"], self.expected["arm"], strict=True))

    def expected_count(self, dataset: str, arm: str) -> int:
        """How many runs the study asks for; an adaptive search does not know all of them yet."""
        search = self.study.search
        return search.draws if search and search.adaptive else self._expected_counts[dataset, arm]

    def rows(self, dataset: str, arm: str) -> pd.DataFrame:
        """The rows there are of an arm on a dataset, failed ones included."""
        group = self.groups.get((dataset, arm))
        return self.table.iloc[:0] if group is None else group

    def missing(self) -> pd.DataFrame:
        """dataset, arm, seed of the runs without evidence: not run yet, failed or pruned."""
        counted = self.table.loc[self.table["status"].isin(COUNTED), "run_id"]
        return self.expected[~self.expected["run_id"].isin(counted)]

    @cached_property
    def curves(self) -> pd.DataFrame:
        """Curve points of the rows used, with the position of the run's row in `table` as column `row`."""
        return self.curves_of(None)

    def curves_of(self, metrics: tuple[str, ...] | None) -> pd.DataFrame:
        """Curve points of some metrics (None: all), with columns row (position in `table`), arm and dataset."""
        curves = self.results.curves
        return self.placed(curves if metrics is None else curves[curves["metric"].isin(metrics)])

    def placed(self, points: pd.DataFrame) -> pd.DataFrame:
        """Points with run_id, those of the rows used: with columns row (position in `table`), arm and dataset instead."""
        position = pd.Series(np.arange(len(self.table)), index=self.table["run_id"])
        points = points.assign(row=points["run_id"].map(position))
        points = points[points["row"].notna()].astype({"row": np.int64})
        for name in ("arm", "dataset"):
            points[name] = self.table[name].to_numpy()[points["row"]]
        return points.drop(columns="run_id")

    @cached_property
    def fid_curves(self) -> dict[str, tuple[NDArray, NDArray, NDArray]]:
        """run_id → generator steps, seconds and fid of its evaluations, ascending in steps."""
        points = self.curves_of(("fid",)).sort_values(["row", "generator_step"], kind="stable")
        rows, starts = np.unique(points["row"].to_numpy(), return_index=True)
        columns = [points[name].to_numpy(dtype=float) for name in ("generator_step", "seconds", "value")]
        pieces = zip(*(np.split(column, starts[1:]) for column in columns), strict=True)
        return dict(zip(self.table["run_id"].to_numpy()[rows], pieces, strict=False))
