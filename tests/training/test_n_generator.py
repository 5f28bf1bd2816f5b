"""Several generator steps for a round of critic steps, against a plain loop; rounds may be cut by segments and evaluations."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits as entropy

from ablate.config.run_config import RunConfig
from ablate.datasets import load_dataset
from ablate.training.cohort import Cohort
from ablate.training.record import CohortRecord
from ablate.training.run import run_cohort

BASE = {
    "dataset": "ring8", "width": 6, "depth": 1, "batch_size": 8, "n_critic": 2, "n_generator": 3, "generator_steps": 7,
    "precision": "fp64", "loss": "non_saturating", "optimizer": "sgd", "lr": 0.1, "schedule": "linear",
    "evaluation_samples": 100,
}  # fmt: skip


def configs_of(**settings: object) -> list[RunConfig]:
    return [RunConfig.model_validate(BASE | settings | {"seed": seed}) for seed in (0, 1)]


def cohort_of(**settings: object) -> Cohort:
    return Cohort(configs_of(**settings), load_dataset("ring8", {}), torch.device("cpu"))


def order(generator_first: bool) -> list[str]:
    """7 generator steps in rounds of 3, with 2 critic steps each; the last round is cut."""
    if generator_first:
        return [*"gggccgggccg"]
    return [*"ccgggccgggccg"]


@pytest.mark.parametrize("generator_first", [False, True])
@pytest.mark.parametrize("segments", [(7,), (1, 4, 2)])
def test_a_round_is_that_of_a_plain_loop(generator_first: bool, segments: tuple[int, ...]) -> None:
    cohort = cohort_of(generator_first=generator_first)
    critic, generator = cohort.critic.clone().requires_grad_(), cohort.generator.clone().requires_grad_()
    real, latent = cohort.batches.real.take(0, 6)[0], cohort.batches.latent.take(0, 6)
    generator_latent = cohort.batches.generator_latent.take(0, 7)
    critic_steps = generator_steps = 0
    for network in order(generator_first):
        if network == "c":
            fake = cohort.pair.generator(generator, latent[critic_steps], None)
            scores = cohort.pair.critic(critic, real[critic_steps], None), cohort.pair.critic(critic, fake, None)
            loss = entropy(scores[0], torch.ones_like(scores[0])) + entropy(scores[1], torch.zeros_like(scores[1]))
            (slope,) = torch.autograd.grad(2 * loss, critic)  # of two members' mean, so twice it is the sum of theirs
            rate = 0.1 * (1 - critic_steps // 2 * 3 / 7)  # that of the round's first generator step
            critic = (critic - rate * slope).detach().requires_grad_()
            critic_steps += 1
        else:
            scores_ = cohort.pair.critic(
                critic, cohort.pair.generator(generator, generator_latent[generator_steps], None), None
            )
            (slope,) = torch.autograd.grad(2 * entropy(scores_, torch.ones_like(scores_)), generator)
            generator = (generator - 0.1 * (1 - generator_steps / 7) * slope).detach().requires_grad_()
            generator_steps += 1
    for count in segments:
        before = cohort.critic_step
        of_critic, of_generator = cohort.advance(count)
        assert (len(of_critic), len(of_generator)) == (cohort.critic_step - before, count)
    assert cohort.critic_step == critic_steps
    torch.testing.assert_close(cohort.critic, critic.detach(), rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(cohort.generator, generator.detach(), rtol=1e-10, atol=1e-12)


def test_a_budget_in_critic_steps_is_of_whole_rounds() -> None:
    (config, _) = configs_of(generator_steps=None, critic_steps=11)
    assert config.total_generator_steps == 15
    assert [config.critic_steps_by(step) for step in (0, 1, 3, 4, 15)] == [0, 2, 2, 4, 10]


def test_evaluations_between_critic_steps_have_no_means_of_them() -> None:
    outcomes = run_cohort(configs_of(evaluations=[1, 2, 4]), torch.device("cpu"))
    for outcome in outcomes:
        assert [e["critic_step"] for e in outcome.evaluations] == [2, 2, 4, 6]
        losses = [e["metrics"]["critic_loss"] for e in outcome.evaluations]
        assert [math.isnan(loss) for loss in losses] == [False, True, False, False]
        assert all(math.isfinite(e["metrics"]["generator_loss"]) for e in outcome.evaluations)
        assert outcome.facts["done_critic_steps"] == 6


def test_a_divergence_is_noted_at_the_generator_step_whose_critic_step_it_was() -> None:
    record, critic, generator = CohortRecord(), torch.zeros(4, 3, 2), torch.zeros(4, 2, 2)
    critic[2, 0, 1] = math.nan
    record.note_divergence(10, [2, 0, 0, 2], critic, generator)
    assert record.diverged_at == {1: 13}
