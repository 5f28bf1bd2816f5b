"""Whole training steps against a plain, unstacked loop with ordinary modules, autograd and torch.optim."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from ablate.config.run_config import RunConfig
from ablate.datasets import load_dataset
from ablate.datasets.base import Dataset
from ablate.networks.flat import Network
from ablate.training.cohort import Cohort

STEPS, N_CRITIC = 3, 2
SCHEDULERS = {
    "constant": lambda theirs: torch.optim.lr_scheduler.ConstantLR(theirs, 1.0),
    "linear": lambda theirs: torch.optim.lr_scheduler.LinearLR(theirs, 1.0, 0.0, STEPS),
    "cosine": lambda theirs: torch.optim.lr_scheduler.CosineAnnealingLR(theirs, STEPS),
}
BASE = {"dataset": "ring8", "n_critic": N_CRITIC, "width": 12, "depth": 2, "batch_size": 8, "generator_steps": STEPS}
SYSTEMS = {
    "WGAN-GP": {"loss": "wasserstein", "lipschitz": "gradient_penalty", "lambda_gp": 10.0, "beta1": 0.5, "beta2": 0.9},
    "WGAN": {"loss": "wasserstein", "lipschitz": "clip", "clip_value": 0.05, "optimizer": "rmsprop"},
    "RpGAN with R1 and R2": {"loss": "relativistic", "lipschitz": "r1_r2", "lambda_gp": 0.3, "reuse_latent": True},
    "GAN, linear, decayed": {
        "loss": "minimax",
        "lipschitz": "none",
        "optimizer": "sgd",
        "schedule": "linear",
        "weight_decay": 0.1,
    },
    "WGAN-GP with instance noise": {"lipschitz": "gradient_penalty", "lambda_gp": 10.0, "instance_noise": 0.7},
    "WGAN-GP, cosine": {"lipschitz": "gradient_penalty", "lambda_gp": 10.0, "schedule": "cosine"},
    "GAN": {"loss": "minimax", "lipschitz": "none", "optimizer": "sgd", "momentum": 0.5},
}


def plain(network: Network, flat: Tensor, member: int, leak: float) -> nn.Sequential:
    """A member's network as an ordinary module."""
    views = network.views(flat)
    names = [name.removesuffix(".weight") for name in views if name.endswith(".weight")]
    layers: list[nn.Module] = []
    for name in names:
        weight, bias = views[f"{name}.weight"][member], views[f"{name}.bias"][member, 0]
        linear = nn.Linear(*weight.shape, dtype=torch.float64)
        linear.weight.data, linear.bias.data = weight.T.clone(), bias.clone()
        layers += [linear, nn.LeakyReLU(leak)]
    return nn.Sequential(*layers[:-1])


def optimizer(config: RunConfig, module: nn.Module) -> torch.optim.Optimizer:
    if config.optimizer == "adam":
        return torch.optim.Adam(module.parameters(), lr=config.lr, betas=(config.own["beta1"], config.own["beta2"]))
    if config.optimizer == "rmsprop":
        return torch.optim.RMSprop(module.parameters(), lr=config.lr)
    return torch.optim.SGD(
        module.parameters(), lr=config.lr, momentum=config.own["momentum"], weight_decay=config.own["weight_decay"]
    )


def critic_loss(config: RunConfig, critic: nn.Module, real: Tensor, fake: Tensor, epsilon: Tensor) -> Tensor:
    if config.loss == "minimax":
        entropy = nn.functional.binary_cross_entropy_with_logits
        return entropy(critic(real), torch.ones(len(real), 1).double()) + entropy(
            critic(fake), torch.zeros(len(fake), 1).double()
        )
    if config.lipschitz == "r1_r2":
        loss = -(critic(real) - critic(fake)).sigmoid().log().mean()
        for samples in (real.clone().requires_grad_(), fake.clone().requires_grad_()):
            (slope,) = torch.autograd.grad(critic(samples).sum(), samples, create_graph=True)
            loss = loss + config.own["lambda_gp"] / 2 * slope.square().sum(1).mean()
        return loss
    loss = critic(fake).mean() - critic(real).mean()
    if config.own.get("lambda_gp"):
        at = (epsilon[:, None] * real + (1 - epsilon[:, None]) * fake).requires_grad_()
        (slope,) = torch.autograd.grad(critic(at).sum(), at, create_graph=True)
        loss = loss + config.own.get("lambda_gp") * ((slope.norm(2, dim=1) - 1) ** 2).mean()
    return loss


def generator_loss(config: RunConfig, scores: Tensor, real_scores: Tensor) -> Tensor:
    if config.loss == "relativistic":
        return -(scores - real_scores).sigmoid().log().mean()
    return (1 - scores.sigmoid()).log().mean() if config.loss == "minimax" else -scores.mean()


def noise_of(cohort: Cohort) -> tuple[Tensor, Tensor]:
    """Of the critic's steps [step, member, 2, batch, 2], for real and fake samples, and the generator's [step, member, …]."""
    batches, size = cohort.batches, cohort.configs[0].instance_noise
    if batches.instance_noise is None or batches.generator_noise is None:
        zero = torch.zeros(STEPS * N_CRITIC, 2, 2, 8, 2, dtype=torch.float64)
        return zero, zero[:, :, 0]
    return size * batches.instance_noise.take(0, STEPS * N_CRITIC), size * batches.generator_noise.take(0, STEPS)


def train_plainly(config: RunConfig, cohort: Cohort, member: int) -> tuple[nn.Module, nn.Module]:
    """The papers' loops, on the weights, data and noise that the member has."""
    critic = plain(cohort.pair.critic, cohort.critic, member, config.critic_leak)
    generator = plain(cohort.pair.generator, cohort.generator, member, config.generator_leak)
    critic_optimizer, generator_optimizer = optimizer(config, critic), optimizer(config, generator)
    schedulers = [SCHEDULERS[config.schedule](theirs) for theirs in (critic_optimizer, generator_optimizer)]
    real, _ = cohort.batches.real.take(0, STEPS * N_CRITIC)
    latent, epsilon = (
        cohort.batches.latent.take(0, STEPS * N_CRITIC),
        cohort.batches.epsilon.take(0, STEPS * N_CRITIC),
    )
    generator_latent = cohort.batches.generator_latent.take(0, STEPS)
    on_critics, on_generators = noise_of(cohort)
    real = real + on_critics[:, :, 0]
    for step in range(STEPS):
        for i in range(step * N_CRITIC, (step + 1) * N_CRITIC):
            fake = generator(latent[i, member]).detach() + on_critics[i, member, 1]
            critic_optimizer.zero_grad()
            critic_loss(config, critic, real[i, member], fake, epsilon[i, member]).backward()
            critic_optimizer.step()
            if config.own.get("clip_value"):
                for parameter in critic.parameters():
                    parameter.data.clamp_(-config.own.get("clip_value"), config.own.get("clip_value"))
        generator_optimizer.zero_grad()
        noise = latent[i, member] if config.reuse_latent else generator_latent[step, member]
        generator_loss(
            config, critic(generator(noise) + on_generators[step, member]), critic(real[i, member]).detach()
        ).backward()
        generator_optimizer.step()
        for scheduler in schedulers:
            scheduler.step()
    return critic, generator


def flattened(module: nn.Module) -> Tensor:
    """Weights in the layout of a row of the matrix."""
    return torch.cat([p.detach().t().flatten() for p in module.parameters()])


@pytest.mark.parametrize("settings", SYSTEMS.values(), ids=SYSTEMS.keys())
def test_stacked_steps_are_those_of_a_plain_loop(settings: dict[str, object]) -> None:
    configs = [
        RunConfig.model_validate({**BASE, **settings, "precision": "fp64", "lr": 0.003, "seed": s}) for s in range(2)
    ]
    cohort = Cohort(configs, load_dataset("ring8", configs[0].dataset_options), torch.device("cpu"))
    expected = [train_plainly(config, cohort, m) for m, config in enumerate(configs)]
    cohort.advance(STEPS)
    for member, (critic, generator) in enumerate(expected):
        torch.testing.assert_close(cohort.critic[member], flattened(critic), rtol=1e-9, atol=1e-12)
        torch.testing.assert_close(cohort.generator[member], flattened(generator), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("generator_first", [False, True])
def test_a_loss_of_pairs_is_given_the_real_batch_of_the_critic_step_next_to_the_generators(
    generator_first: bool,
) -> None:
    settings = BASE | {"loss": "relativistic", "lipschitz": "none", "generator_first": generator_first}
    config = RunConfig.model_validate(settings)
    cohort = Cohort([config], load_dataset("ring8", config.dataset_options), torch.device("cpu"))
    batches, turns = cohort.batches.take(0, 2)
    for own, turn in zip(batches, turns, strict=True):
        assert turn.real is not None
        assert torch.equal(turn.real, own[0 if generator_first else -1].real)


def test_under_dropout_the_real_samples_of_a_pair_drop_units_of_their_own() -> None:
    settings = {"dataset": "mnist", "architecture": "wgan_mnist", "width": 2, "batch_size": 4, "generator_steps": 1}
    config = RunConfig.model_validate(settings | {"loss": "relativistic", "n_critic": 1})
    images = torch.zeros(8, 1, 28, 28, dtype=torch.uint8)
    cohort = Cohort([config], Dataset("black", (1, 28, 28), 0, "", images=images), torch.device("cpu"))
    _, (turn,) = cohort.batches.take(0, 1)
    assert turn.dropout is not None
    assert turn.real_dropout is not None
    assert turn.dropout.shape == turn.real_dropout.shape
    assert not torch.equal(turn.dropout, turn.real_dropout)
    _, generator = cohort.advance(1)
    assert generator.isfinite().all()
