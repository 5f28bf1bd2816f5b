"""One new thing is one file: given with --plugin, it trains from the command line, beside studies that do not use it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch

from ablate import registry
from ablate.claims.study_rows import StudyRows
from ablate.commands.listing import listing
from ablate.errors import UsageError
from ablate.report.result_tables import meanings, result_tables
from ablate.results.rows import settings_of
from ablate.results.tables import Results
from ablate.study.load import load_study
from ablate.training.run import run_cohort
from tests.support import plugin_files

BASE = """\
study: small
question: Does it train?
seeds: 2
base:
  {width: 8, batch_size: 16, n_critic: 1, generator_steps: 6, evaluations: 2, evaluation_samples: 200, lr: 1e-2}
"""
BUILT_IN = "  plain: {lipschitz: gradient_penalty, lambda_gp: 1}\n"
OF_TRAINING = """\
datasets: [ring8]
arms:
  hinge: {loss: margin_hinge, margin: 0.01}
  default_hinge: {loss: margin_hinge}
  decayed: {optimizer: decayed, weight_decay: 5}
  not_decayed: {optimizer: decayed, weight_decay: 0}
  narrow: {width: 4}
"""
OF_STRUCTURE = """\
datasets:
  two_normals: {gap: 3}
arms:
  mlp: {lipschitz: target_penalty, lambda_gp: 1}
  one_layer: {lipschitz: target_penalty, lambda_gp: 1, architecture: one_layer, stretch: 3}
grid:
  target_slope: [0.5, 1, 2]
"""


def ablate(folder: Path, *arguments: object) -> None:
    words = [sys.executable, "-m", "ablate", *map(str, arguments)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, cwd=folder)
    assert done.returncode == 0, done.stderr


def run(folder: Path, study: str, plugin: str, workers: int) -> tuple[Path, Results]:
    """The study file, and the tables of its run from the command line."""
    study_file, plugin_file = folder / "small.yaml", folder / "plugin_of_user.py"
    study_file.write_text(study, encoding="utf-8")
    plugin_file.write_text(plugin, encoding="utf-8")
    ablate(folder, "run", study_file, "--plugin", plugin_file, "--workers", workers, "--out", folder / "out")
    registry.load_plugin(str(plugin_file))
    results = Results.read(folder / "out")
    assert set(results.runs["status"]) == {"done"}
    return study_file, results


def arm(results: Results, name: str) -> pd.DataFrame:
    return results.runs[results.runs["arm"] == name].set_index("seed")


def test_a_loss_an_optimizer_a_metric_and_a_probe_of_one_file_train_in_worker_processes(tmp_path: Path) -> None:
    parts = (plugin_files.LOSS, plugin_files.OPTIMIZER, plugin_files.METRIC, plugin_files.PROBE)
    study_file, results = run(tmp_path, BASE + OF_TRAINING + BUILT_IN, "\n".join(parts), workers=2)
    assert len(results.runs) == 12

    assert arm(results, "hinge")["set_margin"].tolist() == [0.01, 0.01]
    assert arm(results, "default_hinge")["set_margin"].tolist() == [1.0, 1.0]
    assert (arm(results, "hinge")["fid"] != arm(results, "default_hinge")["fid"]).all()
    assert arm(results, "decayed")["set_weight_decay"].tolist() == [5.0, 5.0]
    assert (arm(results, "decayed")["fid"] != arm(results, "not_decayed")["fid"]).all()

    wide = results.runs["arm"] != "narrow"
    assert results.runs.loc[wide, "mean_error"].gt(0).all()
    assert results.runs.loc[~wide, "mean_error"].isna().all(), "its need is not met there"
    (table,) = result_tables(StudyRows.of(load_study(study_file), results))
    assert ("mean_error", "lower is better") in table.columns
    assert ("mean_error", "Distance of the generated samples' mean to that of the real ones.") in meanings([table])

    assert results.runs["mean_score"].notna().all()
    assert len(results.probes[results.probes["probe"] == "mean_score"]) == 12 * 2


def test_a_dataset_an_architecture_and_a_grid_over_a_penaltys_setting_train_in_one_process(tmp_path: Path) -> None:
    parts = (plugin_files.DATASET, plugin_files.ARCHITECTURE, plugin_files.PENALTY)
    _, results = run(tmp_path, BASE + OF_STRUCTURE, "\n".join(parts), workers=1)
    assert set(results.runs["set_dataset_options"]) == {"gap=3.0"}
    assert results.runs["modes@1"].between(0, 2).all(), "its own modes are counted"
    for architecture, stretch in (("mlp", set()), ("one_layer", {3})):
        runs = results.runs[results.runs["set_architecture"] == architecture]
        assert set(runs["set_stretch"].dropna()) == stretch
        assert sorted(runs["set_target_slope"]) == [0.5, 0.5, 1.0, 1.0, 2.0, 2.0]
        assert set(runs["cohort_size"]) == {6}, "a grid over it trains as one cohort"
        assert runs["fid"].nunique() == 6


@pytest.fixture
def loaded(tmp_path: Path) -> Path:
    """A study of built-in components alone, beside a plugin with all kinds of them, which is loaded."""
    study_file, plugin = tmp_path / "small.yaml", tmp_path / "plugin_of_user.py"
    study_file.write_text(BASE + "datasets: [ring8]\narms:\n" + BUILT_IN, encoding="utf-8")
    plugin.write_text("\n".join(plugin_files.ALL.values()), encoding="utf-8")
    registry.load_plugin(str(plugin))
    return study_file


def test_a_study_that_uses_nothing_of_a_plugin_keeps_its_run_ids_and_trains(
    loaded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = load_study(loaded).runs()
    rows = [settings_of(run) for run in beside]
    assert {row["set_margin"] for row in rows} == {None}, "a column, empty where no run has the setting"
    outcomes = run_cohort([run.config for run in beside], torch.device("cpu"))
    assert [outcome.status for outcome in outcomes] == ["done", "done"]
    assert all("mean_error" in outcome.final for outcome in outcomes)
    monkeypatch.setattr(registry.registry, "_plugins", {})
    assert [run.run_id for run in load_study(loaded).runs()] == [run.run_id for run in beside]


def test_what_a_plugin_registers_is_listed(loaded: Path) -> None:
    settings = {line.split()[0]: line for line in listing("settings").splitlines()}
    assert "of loss margin_hinge" in settings["margin"]
    assert "of lipschitz target_penalty" in settings["target_slope"]
    assert "mean_error" in listing("metrics")
    assert "wide_networks" in listing("needs")


def test_a_claim_on_a_plugins_metric_is_refused_where_its_need_is_not_met(loaded: Path) -> None:
    claim = (
        "claims:\n  - {id: a, source: [D0], says: it is small, test: bound, metric: mean_error, arm: ARM, high: 1,"
        " statistic: mean}\n"
    )
    text = loaded.read_text() + "  narrow: {width: 4}\n" + claim
    loaded.write_text(text.replace("ARM", "plain"))
    assert load_study(loaded).claims[0].metric == "mean_error"
    loaded.write_text(text.replace("ARM", "narrow"))
    with pytest.raises(UsageError, match="it needs networks of at least 8 units"):
        load_study(loaded)


def test_a_setting_of_a_plugin_has_the_bounds_that_it_says(loaded: Path) -> None:
    loaded.write_text(loaded.read_text() + "  other: {loss: margin_hinge, margin: -1}\n")
    with pytest.raises(UsageError, match="margin is -1, expected a finite number above 0"):
        load_study(loaded)


@pytest.mark.parametrize("kind", plugin_files.ALL)
def test_each_of_these_files_is_whole_in_itself(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"plugin_{kind}.py"
    path.write_text(plugin_files.ALL[kind], encoding="utf-8")
    registry.load_plugin(str(path))
    assert registry.registry.plugin_entries()
