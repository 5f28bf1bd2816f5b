"""Tables that several machines have made of one study are put together without losing or doubling a row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ablate.errors import UsageError
from ablate.execution.display import Quiet
from ablate.execution.options import Options
from ablate.execution.verify import faults_in, read
from ablate.files import whole_files
from ablate.results import tables
from ablate.results.merge import merge
from ablate.results.tables import Results, runs_text, study_as_run
from ablate.search.batches import run_study
from ablate.study.load import load_study
from ablate.study.study import Run, Study
from tests.support.adaptive_searches import tpe_study
from tests.support.searched_study import rows_of, searched


def part(folder: Path, runs: list[Run], failed: tuple[int, ...] = ()) -> Results:
    """Tables of some runs, with a curve and samples of each."""
    rows = rows_of(runs)
    for row in rows:
        row["status"] = "failed" if row["draw"] in failed else row["status"]
    points = [
        {"run_id": r.run_id, "generator_step": 5, "critic_step": 5, "seconds": 1.0, "metric": "fid", "value": 2.0}
        for r in runs
    ]
    results = Results(folder, pd.DataFrame(rows), pd.DataFrame(points), pd.DataFrame(columns=tables.PROBE_COLUMNS), {})
    results.write(runs)
    for run in runs:
        whole_files.save_arrays(folder / tables.SAMPLES / f"{run.run_id}.npz", x=np.zeros((3, 2), np.float32))
    return Results.read(folder)


def briefly(study_file: Path) -> None:
    """Leave a few steps of the study."""
    study_file.write_text(study_file.read_text().replace("generator_steps: 60", "generator_steps: 6"))


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return searched(tmp_path)[0]


def test_parts_give_the_table_of_the_whole(study: Study, tmp_path: Path) -> None:
    runs = study.runs()
    part(tmp_path / "a", runs[::2])
    part(tmp_path / "b", runs[1::2])
    whole = part(tmp_path / "whole", runs)
    merged = merge(study, [tmp_path / "a", tmp_path / "b"], tmp_path / "out")
    assert runs_text(merged.runs) == runs_text(whole.runs)
    assert sorted(merged.curves["run_id"]) == sorted(run.run_id for run in runs)
    assert merged.sample(runs[1].run_id) is not None
    again = merge(study, [tmp_path / "b"], tmp_path / "out")
    assert runs_text(again.runs) == runs_text(whole.runs)


def test_what_was_merged_is_the_study_with_the_seeds_of_all_parts(study_file: Path, tmp_path: Path) -> None:
    briefly(study_file)
    for name, seeds in (("a", "0:2"), ("b", "2:3")):
        run_study(load_study(study_file, seeds=seeds), Options(tmp_path / name, workers=1), Quiet())
    merged = merge(load_study(study_file), [tmp_path / "a", tmp_path / "b"], tmp_path / "out")
    recorded = study_as_run(merged)
    assert recorded.seeds == (0, 1, 2)
    assert {run.run_id for run in recorded.runs()} == set(merged.runs["run_id"])
    assert faults_in(*read(tmp_path / "out")) == []


def test_parts_with_other_settings_are_refused(study_file: Path, tmp_path: Path) -> None:
    briefly(study_file)
    for name, settings in (("a", []), ("b", ["width=4"])):
        run_study(load_study(study_file, settings, seeds="0:1"), Options(tmp_path / name, workers=1), Quiet())
    with pytest.raises(UsageError, match=r"b: --set was not as in .*a"):
        merge(load_study(study_file), [tmp_path / "a", tmp_path / "b"], tmp_path / "out")


def test_of_a_run_that_failed_elsewhere_the_good_row_is_taken(study: Study, tmp_path: Path) -> None:
    runs = study.runs()[:10]
    part(tmp_path / "a", runs, failed=(3, 4))
    part(tmp_path / "b", runs, failed=(4, 5))
    merged = merge(study, [tmp_path / "a", tmp_path / "b"], tmp_path / "out").runs
    assert merged.loc[merged["status"] == "failed", "draw"].tolist() == [4]
    assert len(merged) == 10


def test_tables_of_another_study_or_of_separate_searches_are_refused(study: Study, tmp_path: Path) -> None:
    results = part(tmp_path / "a", study.runs()[:4])
    results.runs["study"] = "other"
    results.write([])
    with pytest.raises(UsageError, match="rows of study 'other' there, expected those of 'tuning'"):
        merge(study, [tmp_path / "a"], tmp_path / "out")
    tpe = tpe_study(tmp_path, draws=30)
    part(tmp_path / "b", [run for run in study.runs() if run.dataset == "ring8"][:4])
    part(tmp_path / "c", [run for run in study.runs() if run.dataset == "digits"][:4])
    results = Results.read(tmp_path / "c")
    results.runs["dataset"] = "ring8"
    results.write([])
    with pytest.raises(UsageError, match="draw 0 of gan on ring8 stands for different settings"):
        merge(tpe, [tmp_path / "b", tmp_path / "c"], tmp_path / "out2")
    assert not (tmp_path / "out2" / tables.RUNS).exists()
