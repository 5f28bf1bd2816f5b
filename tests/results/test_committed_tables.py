"""The committed reference tables are whole, and the committed verdicts are those that they give."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from pathlib import Path

import pytest

from ablate.claims.decide import decide
from ablate.results.tables import STUDY, Results, results_version, study_as_run
from ablate.study.load import load_study

ROOT = Path(__file__).parents[2]
RECIPES = sorted(path.parent for path in (ROOT / "results" / "recipes").glob("*/runs.csv"))
FOLDERS = sorted(path.parent for path in (ROOT / "results").glob("*/runs.csv"))


def test_the_flagship_study_has_a_reference() -> None:
    assert ROOT / "results" / "gp_vs_clip" in FOLDERS


@pytest.mark.parametrize("folder", FOLDERS + RECIPES, ids=[folder.name for folder in FOLDERS + RECIPES])
def test_a_reference_holds_every_run_of_its_study_from_one_clean_commit(folder: Path) -> None:
    results = Results.read(folder)
    study = study_as_run(results)
    assert set(results.runs["run_id"]) == {run.run_id for run in study.runs()}
    assert set(results.runs["status"]) <= {"done", "diverged"}
    assert results.runs["commit"].nunique() == 1
    assert not results.runs["dirty"].any()
    assert set(results.curves["run_id"]) <= set(results.runs["run_id"])
    assert all(results.real_sample(dataset) is not None for dataset in study.datasets)


@pytest.mark.parametrize("folder", FOLDERS, ids=[folder.name for folder in FOLDERS])
def test_a_reference_is_of_the_study_file_as_it_stands(folder: Path) -> None:
    results = Results.read(folder)
    now = replace(load_study(ROOT / "studies" / f"{folder.name}.yaml"), results_version=results_version(results.runs))
    assert {run.run_id for run in now.runs()} == set(results.runs["run_id"])


def test_the_committed_verdicts_are_those_of_the_tables() -> None:
    with open(ROOT / "reports" / "verdicts.csv", encoding="utf-8", newline="") as file:
        committed = {
            (row["study"], row["claim"], row["metric"], row["statistic"], row["arm"], row["against"], row["dataset"]):
            (row["verdict"], row["p_adjusted"])
            for row in csv.DictReader(file)
            if row["study"] in {folder.name for folder in FOLDERS}  # of others, claims wait for their runs
        }  # fmt: skip
    decided = {
        (v.study, v.claim, v.metric, v.statistic, v.arm, v.against, v.dataset): (v.verdict, _text(v.p_adjusted))
        for folder in FOLDERS
        for v in decide(load_study(folder / STUDY), Results.read(folder))
    }
    assert decided == committed


def _text(p: float) -> str:
    return "" if math.isnan(p) else f"{p:.6g}"
