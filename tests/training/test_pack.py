"""A critic of packs, PacGAN, against a plain loop that joins the samples by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from ablate.config.run_config import RunConfig
from ablate.datasets import load_dataset
from ablate.datasets.base import Dataset
from ablate.networks.pair import packed
from ablate.training.cohort import Cohort
from ablate.training.compiled import step_flops
from ablate.training.outcome import Outcome
from ablate.training.run import run_cohort

BASE = {
    "dataset": "ring8", "width": 6, "depth": 1, "batch_size": 12, "n_critic": 2, "generator_steps": 3, "precision": "fp64",
    "optimizer": "sgd", "lr": 0.02, "pack": 3, "evaluation_samples": 100, "evaluations": 1,
}  # fmt: skip
PENALTY = {"lipschitz": "gradient_penalty", "lambda_gp": 3.0}
SYSTEMS = {
    "WGAN-GP with instance noise": PENALTY | {"instance_noise": 0.5},
    "RpGAN": {"loss": "relativistic"},
    "GAN with DRAGAN's penalty": {"loss": "non_saturating", "lipschitz": "dragan", "lambda_gp": 3.0},
}


def config(**settings: object) -> RunConfig:
    return RunConfig.model_validate(BASE | settings)


def joined(samples: Tensor) -> Tensor:
    """Of points [12, 2] three after three side by side: [1, 4, 6]."""
    return torch.stack([torch.cat([samples[i], samples[i + 1], samples[i + 2]]) for i in range(0, 12, 3)])[None]


@pytest.mark.parametrize("settings", SYSTEMS.values(), ids=SYSTEMS.keys())
def test_steps_are_those_of_a_loop_that_joins_samples_by_hand(settings: dict[str, object]) -> None:
    run = config(**settings)
    cohort = Cohort([run], load_dataset("ring8", {}), torch.device("cpu"))
    critic, generator = cohort.critic.clone().requires_grad_(), cohort.generator.clone().requires_grad_()
    streams, size = cohort.batches, run.instance_noise
    real, latent, epsilon = streams.real.take(0, 6)[0], streams.latent.take(0, 6), streams.epsilon.take(0, 6)
    assert epsilon.shape == (6, 1, 4)
    noise = streams.instance_noise.take(0, 6) if streams.instance_noise else torch.zeros(6, 1, 2, 12, 2)
    own_noise = streams.generator_noise.take(0, 3) if streams.generator_noise else torch.zeros(3, 1, 12, 2)
    perturbation = streams.perturbation.take(0, 6) if streams.perturbation else None
    generator_latent = streams.generator_latent.take(0, 3)

    def score(x: Tensor) -> Tensor:
        return cohort.pair.critic(critic, x, None)

    def slopes(x: Tensor) -> Tensor:
        x = x.detach().requires_grad_()
        (slope,) = torch.autograd.grad(score(x).sum(), x, create_graph=True)
        return slope.square().sum(2).sqrt()

    for step in range(3):
        for i in (2 * step, 2 * step + 1):
            true = joined(real[i, 0] + size * noise[i, 0, 0])
            fake = joined(cohort.pair.generator(generator, latent[i], None)[0] + size * noise[i, 0, 1]).detach()
            weight = epsilon[i, :, :, None]
            if run.loss == "wasserstein":
                loss = score(fake).mean() - score(true).mean()
                loss = loss + 3 * (slopes(weight * true + (1 - weight) * fake) - 1).square().mean()
            elif run.loss == "relativistic":
                loss = -(score(true) - score(fake)).sigmoid().log().mean()
            else:
                assert perturbation is not None
                moved = true + 0.5 * true.std(correction=0) * joined(perturbation[i, 0])
                loss = -score(true).sigmoid().log().mean() - (1 - score(fake).sigmoid()).log().mean()
                loss = loss + 3 * (slopes(weight * moved + (1 - weight) * true) - 1).square().mean()
            critic = (critic - 0.02 * torch.autograd.grad(loss, critic)[0]).detach().requires_grad_()
        scores = score(
            joined(cohort.pair.generator(generator, generator_latent[step], None)[0] + size * own_noise[step, 0])
        )
        if run.loss == "wasserstein":
            loss = -scores.mean()
        else:
            loss = -(scores - (score(true) if run.loss == "relativistic" else 0)).sigmoid().log().mean()
        generator = (generator - 0.02 * torch.autograd.grad(loss, generator)[0]).detach().requires_grad_()
    cohort.advance(3)
    torch.testing.assert_close(cohort.critic, critic.detach(), rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(cohort.generator, generator.detach(), rtol=1e-9, atol=1e-12)


def test_images_are_joined_along_their_channels() -> None:
    images = torch.arange(2 * 4 * 3 * 2 * 2).reshape(2, 4, 3, 2, 2)
    by_hand = torch.stack([torch.cat([images[:, 0], images[:, 1]], 1), torch.cat([images[:, 2], images[:, 3]], 1)], 1)
    assert torch.equal(packed(images, 2), by_hand)


def test_dropout_is_of_packs_and_the_generator_is_as_without() -> None:
    settings = {"dataset": "mnist", "architecture": "wgan_mnist", "width": 2, "n_critic": 1, "precision": "fp32"}
    data = Dataset("black", (1, 28, 28), 0, "", images=torch.zeros(24, 1, 28, 28, dtype=torch.uint8))
    run = RunConfig.model_validate({k: v for k, v in BASE.items() if k != "depth"} | settings)
    cohort = Cohort([run], data, torch.device("cpu"))
    (((batch,)), *_), (turn, *_) = cohort.batches.take(0, 1)
    assert batch.dropout is not None
    assert turn.dropout is not None
    assert (batch.real.shape, batch.dropout.shape[:3], turn.dropout.shape[:2]) == ((1, 4, 3, 28, 28), (3, 1, 4), (1, 4))
    one = Cohort([run.model_copy(update={"pack": 1})], data, torch.device("cpu"))
    assert torch.equal(cohort.generator, one.generator)
    assert cohort.pair.critic.size == one.pair.critic.size + 2 * 2 * 9  # two more channels by 2 kernels of 3 × 3
    critic, generator = cohort.advance(2)
    assert critic.isfinite().all()
    assert generator.isfinite().all()


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    return run_cohort([config(**PENALTY)], torch.device("cpu"))[0]


def test_probes_are_of_packs_and_there_is_no_surface_of_points(outcome: Outcome) -> None:
    assert outcome.status == "done"
    assert outcome.surface == {}
    probes = outcome.evaluations[-1]["probes"]
    assert probes["cross_sample_slope"][""] == 0
    assert all(math.isfinite(value) for layers in probes.values() for value in layers.values())


def test_the_work_of_a_step_is_counted_of_packs() -> None:
    def flops(**settings: object) -> int:
        run = config(**PENALTY, **settings)
        cohort = Cohort([run], load_dataset("ring8", {}), torch.device("cpu"))
        return step_flops([run], cohort.pair, (2,))

    assert flops() < flops(pack=1)
