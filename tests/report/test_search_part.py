"""The page's part on a search: curves over draws, importances, best settings."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes

from ablate.claims.draws import best_of, drawn
from ablate.claims.study_rows import StudyRows
from ablate.report.figures import style as figures
from ablate.report.search import importances, search_part
from ablate.report.site import build_report
from tests.support.searched_study import searched


def steps_of(monkeypatch: pytest.MonkeyPatch, better: str) -> list[tuple[np.ndarray, np.ndarray, str]]:
    """What is drawn for two arms, one of them with a diverged draw."""
    drawn = []
    plain = Axes.step

    def step(axes: Axes, x: np.ndarray, y: np.ndarray, where: str, **more: object) -> None:
        drawn.append((x, y, where))
        plain(axes, x, y, where=where, **more)

    monkeypatch.setattr(Axes, "step", step)
    worst = np.inf if better == "less" else -np.inf
    values = {"a": np.array([3.0, 1.0, worst, 2.0]), "b": np.array([5.0])}
    figures.cumulative(values, "fid", better, "ratio", "k", "ring8", {"a": "#000000", "b": "#111111"})
    return drawn


def test_the_curve_is_the_share_of_all_draws_that_reach_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    (places, shares, where), _ = steps_of(monkeypatch, "less")
    assert list(places[1:-1]) == [1, 2, 3]
    assert (list(shares), where) == ([0, 0.25, 0.5, 0.75, 0.75], "post")  # the diverged draw reaches nothing


def test_of_a_metric_of_which_more_is_better_the_curve_falls(monkeypatch: pytest.MonkeyPatch) -> None:
    (places, shares, where), _ = steps_of(monkeypatch, "greater")
    assert list(places[1:-1]) == [1, 2, 3]
    assert (list(shares), where) == ([0.75, 0.75, 0.5, 0.25, 0], "pre")  # at 1: all three; above 3: none


def test_the_part_holds_a_curve_a_table_of_best_settings_and_importances_for_each_dataset(tmp_path: Path) -> None:
    pytest.importorskip("optuna")
    study, results = searched(tmp_path)
    rows = StudyRows.of(study, results)
    part = search_part(rows, figures.colours(study.arms))
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
