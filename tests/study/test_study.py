"""A study gives its runs: in order, with identities of their own, paired by seeds, only when they are asked for."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from ablate.config.run_config import RunConfig
from ablate.errors import StudyErrors
from tests.support.broken_studies import VALID
from tests.support.written_studies import GRID, config_of, study_of


def test_runs_are_sorted_by_dataset_arm_and_seed(tmp_path: Path) -> None:
    runs = study_of(tmp_path, VALID.replace("seeds: 3", "seeds: [7, 0]")).runs()
    assert [(run.dataset, run.arm, run.seed) for run in runs] == [
        (dataset, arm, seed) for dataset in ("ring8", "digits") for arm in ("gan", "wgan", "wgan_gp") for seed in (0, 7)
    ]


def test_run_ids_are_all_different_and_seeds_pair_the_arms(tmp_path: Path) -> None:
    runs = study_of(tmp_path, VALID).runs()
    assert len({run.run_id for run in runs}) == len(runs) == 18
    by_arm = {arm: [run.seed for run in runs if run.arm == arm] for arm in ("gan", "wgan")}
    assert by_arm["gan"] == by_arm["wgan"]


def test_a_run_equals_one_that_is_built_and_validated_whole(tmp_path: Path) -> None:
    for run in study_of(tmp_path, VALID).runs():
        assert RunConfig(**run.config.model_dump()) == run.config
        assert RunConfig(**run.config.model_dump()).run_id == run.run_id


def test_run_id_does_not_depend_on_order_or_place(tmp_path: Path) -> None:
    one = config_of(tmp_path, VALID).run_id
    moved = VALID.replace("  lr: 1e-4\n", "").replace("wgan_gp: {}", "wgan_gp: {lr: 0.0001}")
    assert config_of(tmp_path, moved).run_id == one
    assert config_of(tmp_path, VALID, "lr=1.0e-4").run_id == one
    reordered = VALID.replace("  loss: wasserstein\n", "").replace(
        "generator_steps: 1000", "generator_steps: 1000\n  loss: wasserstein"
    )
    assert config_of(tmp_path, reordered).run_id == one


def test_run_id_does_not_depend_on_settings_that_the_run_does_not_use(tmp_path: Path) -> None:
    other = VALID.replace("lambda_gp: 10", "lambda_gp: 20")
    assert config_of(tmp_path, VALID, arm="wgan").run_id == config_of(tmp_path, other, arm="wgan").run_id
    assert config_of(tmp_path, VALID).run_id != config_of(tmp_path, other).run_id


def test_run_id_does_not_depend_on_names(tmp_path: Path) -> None:
    renamed = VALID.replace("wgan_gp", "penalised").replace("ring8: {std", "toy: {dataset: ring8, std")
    assert config_of(tmp_path, VALID).run_id == config_of(tmp_path, renamed, dataset="toy", arm="penalised").run_id


def test_a_study_of_a_million_runs_is_read_without_making_them(tmp_path: Path) -> None:
    levels = ", ".join(str(i) for i in range(1, 101))
    large = study_of(
        tmp_path, GRID.replace("[0.1, 10.0], lr: [1e-5, 1e-3]", f"[{levels}], n_critic: [{levels}]"), seeds="50"
    )
    assert large.size == 2 * 100 * 100 * 50
    assert "_runs" not in vars(large)
    with pytest.raises(StudyErrors, match="expected at most 100000"):
        study_of(
            tmp_path,
            GRID.replace("[0.1, 10.0], lr: [1e-5, 1e-3]", f"[{levels}], n_critic: [{levels}], width: [{levels}]"),
        )


def test_a_study_can_be_sent_to_another_process(tmp_path: Path) -> None:
    whole = study_of(tmp_path, VALID)
    assert pickle.loads(pickle.dumps(whole)).runs() == whole.runs()
