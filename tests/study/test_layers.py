"""Layers of settings merge into a run's: later ones win, and what a run does not use is left out."""

from __future__ import annotations

from pathlib import Path

from tests.support.broken_studies import VALID
from tests.support.written_studies import config_of, study_of


def test_later_layers_win(tmp_path: Path) -> None:
    text = VALID.replace("lr: 1e-4", "lr: 1e-4\n  width: 10\n  latent_size: 3")
    text = text.replace("{latent_size: 16}", "{latent_size: 16, width: 20, lr: 2e-4}")
    text = text.replace("wgan_gp: {}", "wgan_gp: {lr: 3e-4}")
    assert config_of(tmp_path, text).latent_size == 3
    digits = config_of(tmp_path, text, dataset="digits")
    assert (digits.latent_size, digits.width, digits.lr) == (16, 20, 3e-4)
    assert config_of(tmp_path, text, "lr=4e-4", "lr=5e-4", dataset="digits").lr == 5e-4
    grid = study_of(tmp_path, text.replace("claims:", "grid: {lr: [6e-4]}\nclaims:").split("claims:")[0])
    assert grid.config("digits", "wgan_gp lr=0.0006").lr == 6e-4


def test_a_budget_in_a_later_layer_drops_the_other(tmp_path: Path) -> None:
    run = config_of(tmp_path, VALID.replace("wgan_gp: {}", "wgan_gp: {critic_steps: 5000}"))
    assert (run.generator_steps, run.critic_steps) == (None, 5000)
    assert config_of(tmp_path, VALID, "critic_steps=50").generator_steps is None


def test_settings_that_a_run_does_not_use_are_left_out(tmp_path: Path) -> None:
    assert config_of(tmp_path, VALID, arm="gan").own.get("lambda_gp") is None
    assert config_of(tmp_path, VALID, arm="wgan").own.get("lambda_gp") is None
    assert config_of(tmp_path, VALID, arm="wgan_gp").own.get("lambda_gp") == 10


def test_a_flag_that_makes_a_setting_of_the_file_useless_does_not_make_the_file_wrong(tmp_path: Path) -> None:
    text = VALID.split("claims:")[0].replace("  gan: {loss: non_saturating, lipschitz: none}\n", "")
    text = text.replace("wgan: {lipschitz: clip, clip_value: 0.01}", "wgan: {loss: hinge}")
    assert config_of(tmp_path, text, "lipschitz=none").own.get("lambda_gp") is None
