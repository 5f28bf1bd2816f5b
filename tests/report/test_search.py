"""The page's part on a search: curves over draws, importances, best settings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ablate.claims.draws import best_of, drawn
from ablate.claims.study_rows import StudyRows
from ablate.report.figures.style import colours
from ablate.report.search import importances, search_part
from ablate.report.site import build_report
from tests.support.searched_study import searched


def test_the_part_holds_a_curve_a_table_of_best_settings_and_importances_for_each_dataset(tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    study, results = searched(tmp_path)
    rows = StudyRows.of(study, results)
    part = search_part(rows, colours(study.arms))
    assert part is not None
    assert len(part.curves) == len(part.best) == len(part.importances) == 2
    best = best_of(drawn(rows, "ring8", "gan"), study.search)
    assert best is not None
    arm, cells = part.best[0].rows[0]
    assert (arm, cells[1]) == ("gan", str(best.number))
    assert dict(zip(part.best[0].columns, cells, strict=True))["lambda_gp"] == "–"
    assert "diverged" in cells[0]


def test_the_parameter_that_decides_the_outcome_is_the_important_one(tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    study, results = searched(tmp_path)
    found = importances(study.search, drawn(StudyRows.of(study, results), "ring8", "wgan"))
    assert set(found) == {"lr", "beta1", "n_critic", "clip_value"}
    assert sum(found.values()) == pytest.approx(1)
    assert max(found, key=lambda name: found[name]) == "lr"
    assert found["lr"] > 2 / 3  # the rest is what a forest of 30 draws takes noise for
    few, _ = searched(tmp_path, "draws: 6", "draws: 9")
    assert importances(few.search, drawn(StudyRows.of(few, results), "ring8", "wgan")) == {}


def test_equal_outcomes_have_no_important_parameter(tmp_path: Path) -> None:
    study, results = searched(tmp_path, outcome=lambda config: 1.0)
    assert importances(study.search, drawn(StudyRows.of(study, results), "ring8", "wgan")) == {}


@pytest.mark.parametrize("rows", ["all", "some", "none"])
def test_the_page_of_a_search_in_any_state_is_built(tmp_path: Path, rows: str) -> None:
    study, results = searched(tmp_path)
    results.runs = results.runs.iloc[: {"all": None, "some": 7, "none": 0}[rows]]
    text = build_report([(study, results)], tmp_path / "out").read_text(encoding="utf-8")
    assert "30 draws for each arm and dataset, sampler random (seed 0), by fid (lower is better)" in text
    assert "1e-05 to 0.01, logarithmic" in text
    assert ("share of draws by fid" in text) == (rows != "none")
    assert not re.search(r"<th>lr</th>.*<h3>Search", text)  # what is drawn is no setting that distinguishes arms


def test_the_same_tables_give_the_same_page(tmp_path: Path) -> None:
    study, results = searched(tmp_path)
    first, second = (build_report([(study, results)], tmp_path / name).read_bytes() for name in "ab")
    assert first == second


def test_without_optuna_the_page_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ablate.report.search.installed", lambda: False)
    study, results = searched(tmp_path)
    text = build_report([(study, results)], tmp_path / "out").read_text(encoding="utf-8")
    assert "Which parameters matter is not shown: Optuna is not installed; pip install" in text
    assert "share of draws by fid" in text
