"""TensorBoard's files hold what the tables hold, once, whenever they are written."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ablate.errors import UsageError
from ablate.results.event_files import EventFiles
from tests.support.small_runs import run

accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")


def scalars(path: Path) -> dict[tuple[str, int], float]:
    """(metric, step) → value."""
    events = accumulator.EventAccumulator(str(path))
    events.Reload()
    points = [(tag.split("/")[1], e.step, e.value) for tag in events.Tags()["scalars"] for e in events.Scalars(tag)]
    assert len({(tag, step) for tag, step, _ in points}) == len(points)
    return {(tag, step): value for tag, step, value in points}


def curves_of(curves: pd.DataFrame, run_id: str) -> dict[tuple[str, int], float]:
    own = curves[curves["run_id"] == run_id]
    rows = zip(own["metric"], own["generator_step"], own["value"], strict=True)
    return {(metric, step): value for metric, step, value in rows if math.isfinite(value)}


def test_each_runs_file_holds_all_its_curves_and_pictures(study_file: Path, tmp_path: Path) -> None:
    results = run(study_file, tmp_path / "out", tensorboard=tmp_path / "logs").results
    for row in results.runs.to_dict("records"):
        path = tmp_path / "logs" / "small" / "ring8" / row["arm"] / f"seed{row['seed']}"
        expected = curves_of(results.curves, row["run_id"])
        assert {"critic_loss", "generator_loss", "fid", "w1"} <= {metric for metric, _ in expected}
        written = scalars(path)
        assert written.keys() == expected.keys()
        np.testing.assert_allclose([written[k] for k in expected], list(expected.values()), rtol=1e-6)  # float32 there
        events = accumulator.EventAccumulator(str(path))
        events.Reload()
        assert [image.step for image in events.Images("samples")] == [20, 40, 60]


def test_a_finished_study_gets_its_files_at_once_and_only_once(study_file: Path, trained: Path, tmp_path: Path) -> None:
    summary = run(study_file, trained, tensorboard=tmp_path / "logs")
    assert summary.trained == 0
    files = sorted((tmp_path / "logs").rglob("events.*"))
    assert len(files) == 6
    run(study_file, trained, tensorboard=tmp_path / "logs")
    assert sorted((tmp_path / "logs").rglob("events.*")) == files


def test_a_run_of_other_settings_takes_the_place_of_the_one_before(
    study_file: Path, trained: Path, tmp_path: Path
) -> None:
    logs = tmp_path / "logs"
    run(study_file, trained, tensorboard=logs)
    old = set(logs.rglob("events.*"))
    study_file.write_text(study_file.read_text().replace("lambda_gp: 10", "lambda_gp: 5"))
    results = run(study_file, trained, tensorboard=logs).results
    assert len(set(logs.rglob("events.*")) & old) == 3
    new = results.runs[results.runs["set_lambda_gp"] == 5.0].iloc[0]
    written = scalars(logs / "small" / "ring8" / "wgan_gp" / f"seed{new['seed']}")
    expected = curves_of(results.curves, new["run_id"])
    assert written["fid", 60] == pytest.approx(expected["fid", 60], rel=1e-6)


def test_without_the_package_nothing_is_trained_and_the_error_says_what_to_install(
    study_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "tensorboard" else find_spec(name)
    )
    with pytest.raises(UsageError, match=r"pip install 'ablate\[tensorboard\]'"):
        run(study_file, tmp_path / "out", tensorboard=tmp_path / "logs")
    assert not (tmp_path / "out").exists()


def test_names_that_are_no_folder_names_are_made_ones(tmp_path: Path) -> None:
    files = EventFiles(tmp_path, "../study")
    row = {"dataset": "a/b", "arm": "lambda_gp=0.1, n_critic=5", "seed": 2}
    assert files.path(row) == tmp_path / "_.._study" / "a_b" / "lambda_gp=0.1,_n_critic=5" / "seed2"


def test_a_file_that_a_killed_process_left_half_written_is_written_anew(
    study_file: Path, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = tmp_path / "logs"

    def killed(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("ablate.results.event_files.render_frames", killed)
        with pytest.raises(KeyboardInterrupt):
            run(study_file, trained, tensorboard=logs)
    assert len(list(logs.rglob("events.*"))) == 1
    results = run(study_file, trained, tensorboard=logs).results
    assert len(list(logs.rglob("events.*"))) == 6
    first = results.runs.iloc[0]
    written = scalars(logs / "small" / "ring8" / first["arm"] / f"seed{first['seed']}")
    assert written.keys() == curves_of(results.curves, first["run_id"]).keys()
