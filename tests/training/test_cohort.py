"""Stacked training: a member of a cohort is the run that it would be alone, and members do not touch each other."""

from __future__ import annotations

import pytest
import torch

from ablate import registry
from ablate.config.run_config import RunConfig
from ablate.datasets import load_dataset
from ablate.registry.components import owned_settings
from ablate.training.cohort import Cohort

CPU = torch.device("cpu")


def config(seed: int = 0, **settings: object) -> RunConfig:
    base: dict[str, object] = {
        "dataset": "ring8", "loss": "wasserstein", "lipschitz": "gradient_penalty", "n_critic": 2, "width": 16,
        "batch_size": 16, "generator_steps": 50, "precision": "fp64", "lr": 1e-3, "seed": seed,
    }  # fmt: skip
    base |= settings
    if "lambda_gp" in owned_settings("lipschitz", base["lipschitz"]):
        base.setdefault("lambda_gp", 10.0)
    if base["lipschitz"] == "clip":
        base.setdefault("clip_value", 0.1)
    return RunConfig.model_validate(base)


def cohort(*configs: RunConfig) -> Cohort:
    return Cohort(configs, load_dataset(configs[0].dataset, configs[0].dataset_options), CPU)


STRUCTURES = {
    "mlp with penalty and Adam": {},
    "mlp with clip and RMSprop": {"lipschitz": "clip", "optimizer": "rmsprop"},
    "mlp with layer norm, one-sided penalty and SGD": {
        "critic_norm": "layer", "lipschitz": "one_sided_penalty", "optimizer": "sgd", "momentum": 0.5,
    },
    "conv with instance norm and batch norm": {
        "dataset": "digits", "architecture": "conv", "width": 4, "critic_norm": "instance", "generator_norm": "batch",
    },
    "conditional conv with layer norm": {
        "dataset": "digits", "architecture": "conv", "width": 4, "critic_norm": "layer", "conditional": True,
    },
    "conditional conv with spectral norm": {
        "dataset": "digits", "architecture": "conv", "width": 4, "conditional": True, "spectral_norm": True,
        "lipschitz": "none", "loss": "hinge",
    },
    "conditional mlp with batch norm and R1": {
        "conditional": True, "critic_norm": "batch", "lipschitz": "r1", "loss": "non_saturating",
    },
}  # fmt: skip


@pytest.mark.parametrize("settings", STRUCTURES.values(), ids=STRUCTURES.keys())
def test_a_members_first_50_steps_are_those_of_the_same_run_alone(settings: dict[str, object]) -> None:
    configs = [config(seed, **settings) for seed in range(3)]
    configs[1] = configs[1].model_copy(
        update={"lr": 5e-4, "clip_value": 0.05 if configs[1].own.get("clip_value") else None}
    )
    together = cohort(*configs)
    stats, _ = together.advance(50)
    for member, own_config in enumerate(configs):
        alone = cohort(own_config)
        alone_stats, _ = alone.advance(50)
        # sums of a batched product may be ordered otherwise: rounding, grown over 150 steps, stays far below 1e-9
        torch.testing.assert_close(together.critic[member], alone.critic[0], rtol=1e-9, atol=1e-12)
        torch.testing.assert_close(together.generator[member], alone.generator[0], rtol=1e-9, atol=1e-12)
        torch.testing.assert_close(stats[..., member], alone_stats[..., 0], rtol=1e-9, atol=1e-12)


def test_training_changes_both_networks_of_every_member() -> None:
    trained = cohort(config(0), config(1))
    critic, generator = trained.critic.clone(), trained.generator.clone()
    trained.advance(1)
    assert (trained.critic != critic).any(1).all()
    assert (trained.generator != generator).any(1).all()


def test_the_way_a_training_is_cut_into_segments_changes_nothing() -> None:
    whole, cut = cohort(config(0), config(1)), cohort(config(0), config(1))
    whole.advance(12)
    for part in (1, 4, 7):
        cut.advance(part)
    assert torch.equal(whole.critic, cut.critic)
    assert torch.equal(whole.generator, cut.generator)


def test_a_member_that_goes_nan_leaves_the_others_bit_for_bit_as_they_were() -> None:
    settings = STRUCTURES["conditional conv with layer norm"]
    healthy, ill = (cohort(*[config(seed, **settings) for seed in range(3)]) for _ in range(2))
    healthy.advance(3)
    ill.advance(3)
    ill.critic[1] = float("nan")
    healthy.advance(5)
    stats, _ = ill.advance(5)
    for member in (0, 2):
        assert torch.equal(ill.critic[member], healthy.critic[member])
        assert torch.equal(ill.generator[member], healthy.generator[member])
    assert ill.generator[1].isnan().all()
    assert not stats[:, 0, 1].isfinite().any()


@pytest.mark.parametrize("architecture", ["mlp", "conv"])
def test_after_every_clipped_step_all_critic_weights_are_within_the_bound(architecture: str) -> None:
    data = {"dataset": "digits", "width": 4, "critic_norm": "layer"}
    settings = {"lipschitz": "clip", "optimizer": "rmsprop", "architecture": architecture, "lr": 0.05, **data}
    clipped = cohort(config(0, clip_value=0.01, **settings), config(1, clip_value=0.1, **settings))
    for _ in range(5):
        clipped.advance(1)
        assert clipped.critic[0].abs().max() <= 0.01
        assert clipped.critic[1].abs().max() <= 0.1
        assert clipped.critic[1].abs().max() > 0.01


def test_equal_seeds_give_arms_the_same_start_data_and_noise_whatever_their_n_critic() -> None:
    one, three = cohort(config(5, n_critic=1)), cohort(config(5, n_critic=3))
    assert torch.equal(one.critic, three.critic)
    assert torch.equal(one.generator, three.generator)
    assert torch.equal(one.batches.real.take(2, 3)[0], three.batches.real.take(2, 3)[0])
    assert torch.equal(one.batches.latent.take(2, 3), three.batches.latent.take(2, 3))
    assert torch.equal(one.batches.epsilon.take(2, 3), three.batches.epsilon.take(2, 3))


def test_different_seeds_start_and_draw_differently() -> None:
    both = cohort(config(0), config(1))
    assert not torch.equal(both.critic[0], both.critic[1])
    of_data = both.batches.real.take(0, 1)[0]
    noise = [stream.take(0, 1) for stream in (both.batches.latent, both.batches.epsilon, both.batches.generator_latent)]
    for numbers in (of_data, *noise):
        assert not torch.equal(numbers[0, 0], numbers[0, 1])


@pytest.mark.parametrize("loss", registry.entries("loss"))
@pytest.mark.parametrize("lipschitz", registry.entries("lipschitz"))
def test_every_loss_trains_with_every_constraint(loss: str, lipschitz: str) -> None:
    trained = cohort(config(0, loss=loss, lipschitz=lipschitz, width=8))
    critic, generator = trained.advance(3)
    assert critic.isfinite().all()
    assert generator.isfinite().all()
    assert (critic[:, 2] > 0).all()
