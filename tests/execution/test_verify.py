"""ablate verify tells good tables from edited, inconsistent and irreproducible ones."""

from __future__ import annotations

from pathlib import Path
from subprocess import CompletedProcess

import numpy as np
import pytest

from ablate.execution.display import Quiet
from ablate.execution.options import Options
from ablate.execution.train_again import Again, share_of_spread, train_again
from ablate.execution.verify import faults_in, read
from ablate.results.tables import Results
from ablate.search.batches import run_study
from ablate.study.load import load_study
from tests.support.commands import ablate


@pytest.fixture
def folder(study_file: Path, tmp_path: Path) -> Path:
    """Tables of the small study, with one member that diverges."""
    text = study_file.read_text().replace("generator_steps: 60", "generator_steps: 20")
    study_file.write_text(text + "  wild: {loss: least_squares, lipschitz: none, optimizer: sgd, lr: 10}\n")
    run_study(load_study(study_file), Options(tmp_path / "out", workers=1), Quiet())
    return tmp_path / "out"


def verify(*arguments: object) -> CompletedProcess[str]:
    return ablate("verify", *arguments)


def test_good_tables_are_good_and_an_edited_line_is_named(folder: Path) -> None:
    done = verify(folder.parent, "--rerun", 3, "--seed", 1)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "9 rows, as its study and settings say" in done.stdout
    assert "trained again: 3 of 3 agree" in done.stdout
    table = folder / "runs.csv"
    table.write_text(table.read_text().replace(",done,", ",diverged,", 1))
    done = verify(folder)
    assert done.returncode == 3
    assert "runs.csv:2: edited by hand" in done.stdout
    (folder / "checksums.json").unlink()
    done = verify(folder)
    assert done.returncode == 3
    assert "no checksums.json" in done.stdout
    assert "runs.csv:2: status is diverged, but diverged_at is empty" in done.stdout


def test_what_rounding_explains_is_told_by_factors_where_the_metric_is_compared_by_ratio() -> None:
    kid = np.array([0.1, 0.2, 0.3, 0.4, 1.7])
    assert 3.28 - 0.355 > 2 * (1.7 - 0.1) * 0.9
    assert share_of_spread("kid", 0.355, 3.28, kid) == pytest.approx(np.log(3.28 / 0.355) / (2 * np.log(17)))
    assert share_of_spread("kid", -0.1, 0.1, kid) == pytest.approx(0.2 / 3.2)  # below 0 there are no factors
    assert share_of_spread("mode_coverage", 0.5, 1.0, np.array([0.4, 0.5, 0.6])) == pytest.approx(0.5 / 0.4)
    assert share_of_spread("kid", 0.1, 0.2, np.array([0.1, 0.2])) == np.inf  # two seeds have no spread to speak of
    assert share_of_spread("kid", 0.1, np.inf, kid) == np.inf


def test_a_folder_without_tables_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    done = verify(tmp_path)
    assert done.returncode == 2
    assert "no runs.csv there" in done.stderr


def test_each_inconsistency_is_named(folder: Path) -> None:
    def faults(change) -> list[str]:
        results, study = read(folder)
        change(results)
        return faults_in(results, study)

    def put(line: int, column: str, value: object):
        def change(results: Results) -> None:
            results.runs[column] = results.runs[column].astype(object)
            results.runs.loc[line - 2, column] = value

        return change

    assert faults(lambda results: None) == []
    for change, said in [
        (put(2, "run_id", "0123"), ":2: run_id 0123 follows from no settings of study.yaml"),
        (put(3, "set_lambda_gp", 5.0), ":3: set_lambda_gp is 5, but the run of this run_id has 10"),
        (put(4, "seed", 0), ":4: seed is 0, but the run of this run_id has 2"),
        (put(5, "images_seen", np.nan), ":5: images_seen is empty"),
        (put(5, "error", "oh"), ":5: done, but there is an error"),
        (put(5, "done_generator_steps", 19), ":5: done after 19 generator steps, expected 20"),
        (put(5, "fid", 1e-3), ":5: fid is 0.001, but "),
        (put(5, "status", "failed"), ":5: failed, but error is empty"),
    ]:
        named = faults(change)
        assert any(said in fault for fault in named), (said, named)

    def lose_curves(results: Results) -> None:
        results.curves = results.curves[results.curves["run_id"] != results.runs["run_id"][0]]

    assert "holds no evaluation of it at generator step 20" in faults(lose_curves)[0]

    def spoil(results: Results) -> None:
        results.curves.loc[results.curves["metric"] == "fid", "value"] = np.nan

    assert "fid is nan in curves.parquet" in faults(spoil)[0]


def test_a_value_that_training_does_not_give_is_found(folder: Path) -> None:
    results, study = read(folder)
    results.runs.loc[results.runs["arm"] == "wgan", "fid"] += 100.0  # equally, so that the seeds' range stays
    heard: list[Again] = []
    again = train_again(results, study, 9, 0, "cpu", heard.append)
    assert heard == again
    assert {outcome.run.arm for outcome in again if not outcome.agrees} == {"wgan"}
    assert "the farthest is fid" in next(outcome.line() for outcome in again if not outcome.agrees)

    results, study = read(folder)
    results.runs["dataset_fingerprint"] = "other"
    assert "the data are others" in train_again(results, study, 1, 0, "cpu", heard.append)[0].line()
