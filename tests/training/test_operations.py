"""What a training step multiplies is what the mathematics asks for: each product counted, and none for nothing."""

from __future__ import annotations

import pytest
import torch

from ablate.config.run_config import RunConfig
from ablate.datasets import load_dataset
from ablate.training.cohort import Cohort
from ablate.training.compiled import Flops

MEMBERS, BATCH, WIDTH, LATENT = 2, 16, 8, 3
CRITIC = [2 * WIDTH, WIDTH * WIDTH, WIDTH * WIDTH, WIDTH]
GENERATOR = [LATENT * WIDTH, WIDTH * WIDTH, WIDTH * WIDTH, WIDTH * 2]
"""Weights of each layer: as many multiplications a sample"""


def cohort(**settings: object) -> Cohort:
    given = {
        "dataset": "ring8", "width": WIDTH, "depth": 3, "latent_size": LATENT, "batch_size": BATCH, "n_critic": 1,
        "generator_steps": 10, "loss": "wasserstein", **settings,
    }  # fmt: skip
    configs = [RunConfig.model_validate({**given, "seed": seed}) for seed in range(MEMBERS)]
    return Cohort(configs, load_dataset("ring8", {}), torch.device("cpu"))


def operations(step: str, **settings: object) -> int:
    """Multiplications that a step makes for each sample of a batch."""
    own = cohort(**settings)
    ((batch,),), (turn,) = own.batches.take(0, 1)
    with Flops() as counter:
        if step == "critic":
            own.steps.critic_step(own.critic, own.critic_state, own.generator, batch)
        else:
            own.steps.generator_step(own.generator, own.generator_state, own.critic, turn)
    return counter.total // (2 * MEMBERS * BATCH)


def trained(weights: list[int]) -> int:
    """Forward, gradients of all weights, and of the inputs of all layers but the first."""
    return 3 * sum(weights) - weights[0]


LEAST = sum(GENERATOR) + 2 * trained(CRITIC)
"""Of a critic step without a constraint: fakes are made, and the critic is trained on them and on real samples"""
PENALTY = 4 * sum(CRITIC) - CRITIC[-1]
"""Forward and back to the input; then, from the gradient's norm, forward again but the last layer, and all weights"""


@pytest.mark.parametrize("activation", ["leaky_relu", "relu"])
def test_a_penalty_on_piecewise_linear_networks_costs_its_four_passes(activation: str) -> None:
    own = {"lipschitz": "gradient_penalty", "lambda_gp": 10.0, "critic_activation": activation}
    assert operations("critic", **own) == LEAST + PENALTY
    assert operations("critic", lipschitz="none") == LEAST


def test_a_smooth_activation_bends_the_gradient_and_costs_one_more_pass_back() -> None:
    own = {"lipschitz": "gradient_penalty", "lambda_gp": 10.0, "critic_activation": "tanh"}
    bent = 2 * sum(CRITIC[:-1]) - CRITIC[0]  # of hidden layers: gradients of weights, and of all inputs but the first
    assert operations("critic", **own) == LEAST + PENALTY + bent


def test_a_generator_step_goes_through_both_networks_and_trains_one() -> None:
    assert operations("generator") == trained(GENERATOR) + 2 * sum(CRITIC)
