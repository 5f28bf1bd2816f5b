"""Fakes that no generator makes: which distribution they are of, and that training really sees them."""

from __future__ import annotations

import pytest
import torch

from ablate.config.run_config import RunConfig
from ablate.datasets import load_dataset
from ablate.training.cohort import Cohort
from ablate.training.fakes import Fakes
from ablate.training.streams import Noise, RealBatches

CPU = torch.device("cpu")
SEEDS = (4, 5)


def config(**settings: object) -> RunConfig:
    base = {"dataset": "parallel_lines", "dataset_options": {"distance": 3}, "fakes": "counterpart", "width": 8}
    base |= {"depth": 2, "batch_size": 16, "generator_steps": 40, "loss": "minimax", "lr": 1e-2}
    return RunConfig.model_validate({**base, **settings})


def fakes(settings: RunConfig) -> Fakes:
    dataset = load_dataset(settings.dataset, settings.dataset_options)
    return Fakes(settings, dataset, SEEDS, "fake real", "fake noise", 16, torch.float64, CPU)


def test_a_counterpart_is_drawn_afresh_for_each_member_and_step() -> None:
    samples = fakes(config()).take(0, 3)
    assert samples.shape == (3, 2, 16, 2)
    assert (samples[..., 0] == 3).all()
    assert len(samples[..., 1].unique()) == 3 * 2 * 16


def test_noisy_real_samples_are_real_ones_of_their_own_stream_and_unit_noise() -> None:
    settings = config(dataset="ring8", dataset_options={}, fakes="noisy_real")
    samples = fakes(settings).take(7, 2)
    ring = load_dataset("ring8", {})
    real = RealBatches(ring, SEEDS, "fake real", 16, torch.float64, CPU).take(7, 2)[0]
    spread = Noise(SEEDS, "fake noise", (16, 2), "normal", torch.float64, CPU).take(7, 2)
    assert torch.equal(samples, real + spread)


def test_a_discriminator_learns_which_side_the_counterpart_lies_on() -> None:
    settings = config()
    cohort = Cohort([settings], load_dataset("parallel_lines", {"distance": 3.0}), CPU)
    cohort.advance(40)
    points = torch.tensor([[[0.0, 0.5], [3.0, 0.5]]])
    real, fake = cohort.pair.critic(cohort.critic, points, None)[0].tolist()
    assert real > 0 > fake


def test_a_dataset_without_a_counterpart_is_refused_and_those_with_one_are_named() -> None:
    with pytest.raises(ValueError, match=r"dataset ring8 has no counterpart, expected one that has: .*parallel_lines"):
        config(dataset="ring8", dataset_options={})


def test_settings_of_a_generator_are_refused_where_none_is_trained() -> None:
    with pytest.raises(ValueError, match="hold_generator_at has no effect with fakes counterpart"):
        config(hold_generator_at=3)
