"""Draws are read from a study's tables: of any search their outcomes, of an adaptive one their settings too."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd

from ablate.claims.decide import decide
from ablate.claims.draws import best_of, drawn, levels
from ablate.claims.study_rows import StudyRows
from ablate.results.known_draws import with_draws
from ablate.study.load import load_study
from tests.support.broken_searches import VALID_SEARCH
from tests.support.searched_study import by_rate, rows_of, searched, tables_of


def test_draws_have_their_parameters_and_outcomes(tmp_path: Path) -> None:
    study, results = searched(tmp_path)
    draws = drawn(StudyRows.of(study, results), "ring8", "wgan")
    assert [draw.number for draw in draws] == list(range(30))
    assert set(draws[0].values) == {"lr", "beta1", "n_critic", "clip_value"}
    assert {name: study.draws("ring8", "wgan")[7][name] for name in draws[7].values} == draws[7].values


def test_diverged_draws_are_the_worst_and_never_the_best(tmp_path: Path) -> None:
    study, results = searched(tmp_path)
    draws = drawn(StudyRows.of(study, results), "ring8", "gan")
    lost = [draw for draw in draws if draw.diverged]
    assert 0 < len(lost) < 30
    assert all(draw.value == math.inf for draw in lost)
    best = best_of(draws, study.search)
    assert best is not None
    assert best.value == min(draw.value for draw in draws)
    values = levels(draws, "fid")
    assert values is not None
    assert values[lost[0].number] == math.log(max(draw.value for draw in draws if not draw.diverged))


def test_failed_and_missing_draws_are_left_out(tmp_path: Path) -> None:
    study, results = searched(tmp_path)
    results.runs.loc[results.runs["draw"] == 3, "status"] = "failed"
    results.runs = results.runs[results.runs["draw"] != 5]
    numbers = [draw.number for draw in drawn(StudyRows.of(study, results), "digits", "wgan_gp")]
    assert numbers == [i for i in range(30) if i not in (3, 5)]


CLAIMS = """\
claims:
  - {id: gp-tuning, says: s, test: compare, metric: fid, statistic: spread, arm: wgan_gp, against: gan, direction: less}
  - {id: gp-tuning, says: s, test: compare, metric: fid, statistic: share_near_best, arm: wgan_gp, against: gan,
     direction: greater}
  - {id: gan-ok-tuned, says: s, test: compare, metric: fid, statistic: best, arm: gan, against: wgan_gp, direction: greater}
"""


def test_draws_take_the_place_of_seeds_in_claims(tmp_path: Path) -> None:
    study, results = searched(tmp_path, "search:", CLAIMS + "search:")
    assert decide(study, results)[0].n == (12, 12)
    study, results = searched(tmp_path, "search:\n  draws: 6", CLAIMS + "search:\n  draws: 30")
    headlines = [verdict for verdict in decide(study, results) if verdict.dataset == "pooled"]
    assert [verdict.verdict for verdict in headlines] == ["reproduced"] * 3
    assert headlines[0].n == (60, 60)


TPE = ("sampler: random", "sampler: tpe")


def test_the_draws_of_an_adaptive_search_are_those_of_its_tables(tmp_path: Path) -> None:
    random, _ = searched(tmp_path)
    path = tmp_path / "tpe.yaml"
    path.write_text(VALID_SEARCH.replace(*TPE).replace("draws: 6", "draws: 30"))
    study = load_study(path)
    kept = [run for run in random.runs() if run.draw not in (4, 9)]
    results = tables_of(tmp_path, rows_of(kept))
    assert [run.run_id for run in with_draws(study, results.runs).runs()] == [run.run_id for run in kept]
    rows = StudyRows.of(study, results)
    assert len(rows.table) == len(kept)
    assert rows.expected_count("ring8", "gan") == 30


def test_rows_of_another_search_space_are_not_its_draws(tmp_path: Path) -> None:
    random, results = searched(tmp_path)
    path = tmp_path / "tpe.yaml"
    path.write_text(
        VALID_SEARCH.replace(*TPE).replace("draws: 6", "draws: 10").replace("[0.0, 0.5, 0.9]", "[0.0, 0.9]")
    )
    rows = StudyRows.of(load_study(path), results)
    expected = pd.DataFrame(rows_of(random.runs(), by_rate))
    fitting = expected[(expected["draw"] < 10) & (expected["set_beta1"] != 0.5)]
    assert sorted(rows.table["run_id"]) == sorted(fitting["run_id"])
    assert len(rows.unused_rows) == len(expected) - len(fitting)
