"""The plain loops train what ablate's cohorts train, from the same weights, data and noise."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch
from torch import nn

from ablate.datasets import load_dataset
from ablate.errors import AblateError
from ablate.networks.flat import Network
from ablate.networks.mlp import Critic
from ablate.networks.pair import Shapes
from ablate.training.cohort import Cohort
from benchmarks.agreement import TOLERANCE, loss_difference, train_plainly
from benchmarks.plain import mlp
from benchmarks.throughput import check
from benchmarks.weights import copy_member
from benchmarks.workloads import WORKLOADS, batches

TOY, CPU, STEPS = WORKLOADS["toy_3x64"], torch.device("cpu"), 3
RING = load_dataset("ring8", {})


def test_plain_toy_training_gives_the_weights_of_the_stacked_cohort() -> None:
    cohort = Cohort(TOY.configs(2, "fp64"), RING, CPU)
    plain = [train_plainly(TOY, cohort, member, STEPS)[0] for member in range(2)]
    cohort.advance(STEPS)
    for member, loop in enumerate(plain):
        for network, flat, module in (
            (cohort.pair.critic, cohort.critic, loop.critic),
            (cohort.pair.generator, cohort.generator, loop.generator),
        ):
            stacked = copy.deepcopy(module)
            copy_member(network, flat, member, stacked)
            for found, expected in zip(module.parameters(), stacked.parameters(), strict=True):
                torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    "workload", [each for each in WORKLOADS.values() if each.settings["dataset"] == "ring8"], ids=lambda each: each.name
)
def test_every_toy_workload_has_the_losses_of_its_plain_loop(workload) -> None:
    assert loss_difference(workload, RING, CPU) < 1e-12


@pytest.mark.mnist
@pytest.mark.parametrize("name", ["d0_mlp", "d1_16", "d2_16"])
def test_the_image_workloads_have_the_losses_of_their_plain_loops(name: str) -> None:
    workload = WORKLOADS[name]
    smaller = replace(workload, settings={**workload.settings, "batch_size": 16})
    assert loss_difference(smaller, load_dataset(workload.settings["dataset"], {}), CPU) < 1e-9


@pytest.mark.parametrize("change", [{"lambda_gp": 0.11}, {"beta1": 0.4}, {"critic_leak": 0.01}, {"lr": 1.01e-4}])
def test_a_small_difference_between_the_two_is_found_and_stops_the_measurement(change: dict[str, float]) -> None:
    other = replace(TOY, settings={**TOY.settings, **change})
    assert loss_difference(other, RING, CPU) > 10 * TOLERANCE
    with pytest.raises(AblateError, match="do not train the same thing"):
        check(other, RING, CPU)


def test_networks_with_other_layers_take_no_weights() -> None:
    config = TOY.configs(1)[0]
    network = Network(Critic(config, Shapes(1, (2,), 0)))
    flat = network.initial([0], "critic")
    with pytest.raises(AblateError, match="3 Linear in the plain module, 4 in the stacked one"):
        copy_member(network, flat, 0, mlp.Critic((64, 64), (2,), 0.0))
    with pytest.raises(AblateError, match=r"hidden\.0\.weight"):
        copy_member(network, flat, 0, mlp.Critic((32, 64, 64), (2,), 0.0))


def test_settings_that_ablate_no_longer_takes_are_one_error() -> None:
    broken = replace(TOY, settings={**TOY.settings, "depht": 3})
    with pytest.raises(
        AblateError, match=r"settings of toy_3x64 are not RunConfig's: unknown setting 'depht'.*'depth'"
    ):
        broken.configs(1)


@pytest.mark.parametrize("workload", WORKLOADS.values(), ids=lambda each: each.name)
def test_the_plain_loop_has_the_sizes_of_the_settings(workload) -> None:
    loop, settings = workload.plain(torch.float64), workload.settings
    assert (loop.batch_size, loop.n_critic, loop.latent_size) == (
        settings["batch_size"], settings["n_critic"], settings["latent_size"],
    )  # fmt: skip
    assert next(loop.critic.parameters()).dtype == torch.float64
    assert isinstance(loop.generator, nn.Module)


def test_batches_go_through_a_stored_set_without_repeating_an_image() -> None:
    digits = load_dataset("digits", {})
    drawn = batches(digits, 100, torch.float32, CPU)
    epoch = torch.cat([next(drawn)[0] for _ in range(17)])
    assert epoch.shape == (1700, 1, 8, 8)
    assert epoch.min() == -1
    assert epoch.max() == 1
    assert len(epoch.unique(dim=0)) == 1700  # no two of the 1797 images are equal
