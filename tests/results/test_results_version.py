"""Tables of an earlier version of what a run gives: they are read by the identities of their time, and never mixed."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from ablate.claims.study_rows import StudyRows
from ablate.config.run_config import RESULTS_VERSION
from ablate.errors import UsageError
from ablate.execution.train_again import train_again
from ablate.execution.verify import faults_in
from ablate.results.late_metrics import lacking, note_on
from ablate.results.tables import Results, results_version
from ablate.study.load import load_study
from ablate.study.study import Study
from tests.support.searched_study import rows_of, tables_of
from tests.support.small_runs import run


def first_version(study_file: Path, folder: Path) -> tuple[Study, Results]:
    """The study as it is now, and tables as the first version wrote them: without the column that names it."""
    study = load_study(study_file)
    rows = rows_of(replace(study, results_version=1).runs(), lambda config: 1.0)
    for row in rows:
        del row["results_version"]
    return study, tables_of(folder, rows)


def test_rows_of_the_first_version_are_those_of_todays_study_file(study_file: Path, tmp_path: Path) -> None:
    study, results = first_version(study_file, tmp_path / "tables")
    assert results_version(results.runs) == 1
    rows = StudyRows.of(study, results)
    assert len(rows.table) == len(study.runs())
    assert not rows.unused_rows
    assert {r.run_id for r in rows.runs}.isdisjoint(r.run_id for r in study.runs())


def test_a_run_into_tables_of_the_first_version_trains_all_and_keeps_them(study_file: Path, tmp_path: Path) -> None:
    study, before = first_version(study_file, tmp_path / "out")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        summary = run(study_file, tmp_path / "out")
    assert summary.counts == {"done": len(study.runs())}
    after = Results.read(tmp_path / "out")
    assert len(after.runs) == 2 * len(study.runs())
    assert results_version(after.runs) == RESULTS_VERSION
    assert set(before.runs["run_id"]) <= set(after.runs["run_id"])
    assert len(StudyRows.of(study, after).unused_rows) == len(study.runs())


def test_what_this_code_gives_otherwise_is_not_trained_again_and_not_measured_again(
    study_file: Path, tmp_path: Path
) -> None:
    study, results = first_version(study_file, tmp_path / "tables")
    then = replace(study, results_version=1)
    with pytest.raises(UsageError, match="its rows are of version 1 of what a run gives, and this code makes version"):
        train_again(results, then, 1, 0, "cpu", lambda again: None)
    assert "rows of version 1 of what a run gives" in note_on(lacking(results, then))
    assert "--measure-missing" not in note_on(lacking(results, then))


def edited(study_file: Path, trained: Path, version: str, rows: slice) -> tuple[Results, Study]:
    """Trained tables in which someone has written another version into these rows."""
    (trained / "checksums.json").unlink()
    table = pd.read_csv(trained / "runs.csv", dtype=str, keep_default_na=False)
    table.loc[rows, "results_version"] = version
    table.to_csv(trained / "runs.csv", index=False)
    results = Results.read(trained)
    return results, replace(load_study(study_file), results_version=results_version(results.runs))


@pytest.mark.parametrize("version", ["", "two", "inf", "7"])
def test_an_edited_version_is_a_fault_of_the_rows_and_no_error_of_ours(
    version: str, study_file: Path, trained: Path
) -> None:
    faults = faults_in(*edited(study_file, trained, version, slice(None)))
    assert any("follows from no settings" in fault for fault in faults)


def test_a_row_of_another_version_than_its_run_id_is_a_fault(study_file: Path, trained: Path) -> None:
    faults = faults_in(*edited(study_file, trained, "1", slice(2, 2)))
    assert [fault.partition(": ")[2] for fault in faults] == [
        f"results_version is 1, but the run of this run_id has {RESULTS_VERSION}"
    ]
