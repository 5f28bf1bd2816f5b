"""A study's tables: only what is missing is trained, and a stop at any moment changes nothing in the end."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from ablate.errors import AblateError
from ablate.results.tables import Results
from ablate.training import checkpoint
from ablate.training.checkpoint_files import previous
from tests.support.commands import ablate
from tests.support.small_runs import run
from tests.support.timing import processor_seconds
from tests.support.whole_tables import assert_same, command, content


def test_every_run_has_a_row_with_metrics_counters_and_provenance(trained: Path) -> None:
    results = Results.read(trained)
    runs = results.runs
    assert list(runs["arm"]) == ["wgan_gp"] * 3 + ["wgan"] * 3
    assert list(runs["seed"]) == [0, 1, 2] * 2
    assert (runs["status"] == "done").all()
    assert (runs["done_critic_steps"] == 120).all()
    assert (runs["images_seen"] == 120 * 16).all()
    for name in ("fid", "w1", "modes@20", "grad_norm_ratio", "late_regression", "critic_slope_mean", "fid_floor"):
        assert runs[name].notna().all(), name
    for name in ("torch", "device", "dataset_fingerprint", "finished_at"):
        assert (runs[name] != "").all(), name
    assert set(results.curves["generator_step"]) == {20, 40, 60}
    assert (runs.loc[runs["arm"] == "wgan", "share_at_bound"] > 0).all()


def test_running_again_does_nothing(study_file: Path, trained: Path) -> None:
    before = {p: p.stat().st_mtime_ns for p in trained.iterdir() if p.name != ".lock"}
    summary = run(study_file, trained)
    assert summary.trained == 0
    assert {p: p.stat().st_mtime_ns for p in trained.iterdir() if p.name != ".lock"} == before


def test_more_seeds_and_another_arm_train_only_what_is_new(study_file: Path, trained: Path) -> None:
    first = Results.read(trained).runs.set_index("run_id")
    text = study_file.read_text().replace("seeds: 3", "seeds: 4")
    study_file.write_text(text + "  gan: {loss: non_saturating, lipschitz: none}\n")
    summary = run(study_file, trained)
    assert summary.trained == 2 + 4
    after = summary.results.runs.set_index("run_id")
    pd.testing.assert_frame_equal(
        after.loc[first.index, first.columns], first, check_dtype=False, check_index_type=False
    )


def test_the_cohorts_and_workers_that_train_a_run_do_not_change_it(study_file: Path, tmp_path: Path) -> None:
    precise = ("precision=fp64",)
    run(study_file, tmp_path / "together", precise)
    run(study_file, tmp_path / "apart", precise, cohort_size=1, workers=2)
    together, apart = (content(tmp_path / name)[1] for name in ("together", "apart"))
    pd.testing.assert_frame_equal(together, apart, rtol=1e-6)  # rounding, grown over 180 steps


def test_rows_of_settings_that_the_study_no_longer_has_are_kept_and_named(study_file: Path, trained: Path) -> None:
    old = set(Results.read(trained).runs["run_id"])
    study_file.write_text(study_file.read_text().replace("lambda_gp: 10", "lambda_gp: 5"))
    summary = run(study_file, trained)
    assert summary.trained == 3
    assert len(summary.unused_rows) == 3
    assert set(summary.unused_rows) < old
    assert len(summary.results.runs) == 9


def test_a_diverged_run_has_a_row_with_its_step(study_file: Path, tmp_path: Path) -> None:
    text = study_file.read_text() + "  wild: {loss: least_squares, lipschitz: none, optimizer: sgd, lr: 10}\n"
    study_file.write_text(text)
    runs = run(study_file, tmp_path / "out").results.runs
    wild = runs[runs["arm"] == "wild"]
    assert (wild["status"] == "diverged").all()
    assert (wild["diverged_at"] < 60).all()
    assert (wild["done_generator_steps"] == wild["diverged_at"]).all()
    assert (runs.loc[runs["arm"] != "wild", "status"] == "done").all()


def test_a_component_that_raises_fails_its_runs_and_no_others(study_file: Path, tmp_path: Path) -> None:
    plugin = tmp_path / "broken_loss.py"
    plugin.write_text(
        "from ablate.registry import register\nfrom ablate.training.losses import Wasserstein\n\n"
        "@register('loss', 'broken')\nclass Broken(Wasserstein):\n    'Fails.'\n"
        "    def critic(self, real, fake):\n        raise ArithmeticError('no such sum')\n"
    )
    study_file.write_text(study_file.read_text() + "  bad: {loss: broken, lipschitz: none}\n")
    done = command("run", study_file, "--out", tmp_path / "out", "--workers", 2, "--plugin", plugin, "--json")
    assert done.returncode == 3, done.stderr
    runs = Results.read(tmp_path / "out").runs
    assert runs.groupby("arm")["status"].first().to_dict() == {"bad": "failed", "wgan": "done", "wgan_gp": "done"}
    assert "ArithmeticError: no such sum" in runs.loc[runs["arm"] == "bad", "error"].iloc[0]

    again = ablate("run", study_file, "--out", tmp_path / "out", "--plugin", plugin)
    assert again.returncode == 3
    assert "--retry-failed" in again.stdout
    plugin.write_text(
        plugin.read_text().replace("raise ArithmeticError('no such sum')", "return (fake - real).mean(1)")
    )
    mended = ablate("run", study_file, "--out", tmp_path / "out", "--workers", 1, "--plugin", plugin, "--retry-failed")
    assert mended.returncode == 0, mended.stderr
    assert (Results.read(tmp_path / "out").runs["status"] == "done").all()


def test_nothing_to_do_is_said_in_under_3_seconds(study_file: Path, trained: Path) -> None:
    def nothing() -> None:
        done = command("run", study_file, "--out", trained)
        assert done.returncode == 0
        assert "nothing to do" in done.stdout

    assert min(processor_seconds(nothing) for _ in range(3)) < 3


DAMAGES = [
    (lambda text: text[:-40], ":7: the table is cut short", ":7: the table is cut short"),
    (lambda text: text.replace(",done,", ",dnoe,", 1), ":2: edited by hand", ":2: status is not one of"),
    (
        lambda text: text + text.splitlines()[1] + "\n",
        ":8: edited by hand",
        ":8: this run_id stands in an earlier line",
    ),
    (lambda text: text.replace("run_id", "runid", 1), ":1: edited by hand", ":1: column 'run_id' is missing"),
    (lambda text: "", ":1: the table is cut short", "not a readable table"),
]


@pytest.mark.parametrize("hashed", [True, False])
def test_a_damaged_table_is_named_and_not_overwritten(hashed: bool, study_file: Path, trained: Path) -> None:
    table = trained / "runs.csv"
    whole = table.read_text()
    if not hashed:
        (trained / "checksums.json").unlink()
    for damage, told_by_hash, told_without in DAMAGES:
        table.write_text(damage(whole))
        with pytest.raises(AblateError) as raised:
            run(study_file, trained)
        assert f"{table}" in str(raised.value)
        assert (told_by_hash if hashed else told_without) in str(raised.value)
        assert table.read_text() == damage(whole)


def test_kept_checkpoints_stay_and_do_not_confuse_later_runs(study_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = run(study_file, out, keep_checkpoints=True).results
    kept = {p.name: p.read_bytes() for p in (out / "checkpoints").iterdir()}
    assert len(kept) == 2
    assert run(study_file, out).trained == 0
    study_file.write_text(study_file.read_text().replace("seeds: 3", "seeds: 4"))
    assert run(study_file, out).trained == 2
    lost = first.runs.iloc[0]
    table = Results.read(out)
    table.runs = table.runs[table.runs["run_id"] != lost["run_id"]]
    table.write([])
    summary = run(study_file, out)
    assert summary.trained == 1, "one run of a kept cohort is missing: it trains alone"
    again = summary.results.runs.set_index("run_id").loc[lost["run_id"]]
    assert again["fid"] == pytest.approx(lost["fid"], rel=0.05)  # rounding of another number of members
    assert {p.name: p.read_bytes() for p in (out / "checkpoints").iterdir()} == kept


def test_what_a_driver_left_that_was_killed_after_its_last_table_is_cleared_away(
    study_file: Path, trained: Path, tmp_path: Path
) -> None:
    run(study_file, tmp_path / "kept", keep_checkpoints=True)
    left = trained / "checkpoints"
    left.mkdir()
    assert run(study_file, trained).trained == 0
    assert not left.exists(), "an empty folder"
    shutil.copytree(tmp_path / "kept" / "checkpoints", left)
    for path in left.iterdir():
        tensors, record = checkpoint.load(path)
        checkpoint.save(path, tensors, {**record, "keep": False})  # as after a segment
        assert previous(path).exists()
    assert run(study_file, trained).trained == 0
    assert not left.exists()


def test_an_unreadable_checkpoint_is_said_and_its_runs_train_anew(study_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(study_file, tmp_path / "straight", cohort_size=32)
    run(study_file, out, keep_checkpoints=True)
    for path in (out / "checkpoints").iterdir():
        path.write_bytes(path.read_bytes()[:-10])
    (out / "runs.csv").unlink()
    done = ablate("run", study_file, "--out", out, "--workers", 1)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("trained anew") == 2
    assert_same(tmp_path / "straight", out)
    assert not (out / "checkpoints").exists()


def test_promote_leaves_generators_and_pictures_behind(study_file: Path, trained: Path, tmp_path: Path) -> None:
    from ablate.execution.promote import promote
    from ablate.study.load import load_study

    table = Results.read(trained)
    table.runs = table.runs.assign(commit="c0ffee", dirty=False)
    table.write(load_study(study_file).runs())
    promote(load_study(study_file), trained, tmp_path / "reference")
    assert (trained / "generators").is_dir()
    assert (trained / "frames").is_dir()
    held = {p.name for p in (tmp_path / "reference").iterdir()}
    assert held == {
        "runs.csv",
        "curves.parquet",
        "probes.parquet",
        "samples",
        "study.yaml",
        "environment.json",
        "checksums.json",
    }
