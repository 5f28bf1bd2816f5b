"""Simultaneous steps against one plain gradient step of both networks."""

from __future__ import annotations

import torch
from torch.nn.functional import binary_cross_entropy_with_logits as entropy

from ablate.config.run_config import RunConfig
from ablate.datasets import load_dataset
from ablate.training.cohort import Cohort

BASE = {
    "dataset": "ring8", "width": 6, "depth": 1, "batch_size": 8, "n_critic": 1, "generator_steps": 4, "precision": "fp64",
    "loss": "non_saturating", "optimizer": "sgd", "lr": 0.1,
}  # fmt: skip


def cohort_of(**settings: object) -> Cohort:
    configs = [RunConfig.model_validate(BASE | settings | {"seed": seed}) for seed in (0, 1)]
    return Cohort(configs, load_dataset("ring8", {}), torch.device("cpu"))


def test_both_networks_descend_from_the_same_weights_on_the_same_noise() -> None:
    cohort = cohort_of(simultaneous=True)
    critic, generator = cohort.critic.clone().requires_grad_(), cohort.generator.clone().requires_grad_()
    for step in range(3):
        ((batch,),), _ = cohort.batches.take(step, 1)
        real, fake = (
            cohort.pair.critic(critic, x, None)
            for x in (batch.real, cohort.pair.generator(generator, batch.latent, None))
        )
        ones, zeros = torch.ones_like(real), torch.zeros_like(real)
        # a mean over both members' batches together is half of the sum of their means
        (of_critic,) = torch.autograd.grad(2 * (entropy(real, ones) + entropy(fake, zeros)), critic, retain_graph=True)
        (of_generator,) = torch.autograd.grad(2 * entropy(fake, ones), generator)
        critic = (critic - 0.1 * of_critic).detach().requires_grad_()
        generator = (generator - 0.1 * of_generator).detach().requires_grad_()
    cohort.advance(3)
    torch.testing.assert_close(cohort.critic, critic.detach(), rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(cohort.generator, generator.detach(), rtol=1e-10, atol=1e-12)


def test_alternating_steps_on_the_same_noise_are_others() -> None:
    at_once, in_turn = cohort_of(simultaneous=True), cohort_of(reuse_latent=True)
    for cohort in (at_once, in_turn):
        cohort.advance(1)
    assert torch.equal(at_once.critic, in_turn.critic)
    assert not torch.allclose(at_once.generator, in_turn.generator)
