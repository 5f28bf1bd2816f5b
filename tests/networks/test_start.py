"""Start schemes against torch.nn.init: fans, spread, shape of the distribution, and exact orthogonality, in every layer."""

from __future__ import annotations

import math

import pytest
import torch
from scipy.stats import ks_2samp, kstest
from torch import Tensor, nn

from ablate.config.run_config import RunConfig
from ablate.datasets import load_dataset
from ablate.networks.flat import Network
from ablate.networks.layers import Conv2d, ConvTranspose2d, Embedding, Linear, Norm
from ablate.training.cohort import Cohort

LAYERS = {
    "linear": (lambda: Linear(1, 40, 90), lambda: nn.Linear(40, 90)),
    "convolution": (lambda: Conv2d(1, 12, 20, 4, 2, 1), lambda: nn.Conv2d(12, 20, 4, 2, 1)),
    "transposed convolution": (lambda: ConvTranspose2d(1, 20, 12, 4, 2, 1), lambda: nn.ConvTranspose2d(20, 12, 4, 2, 1)),
}  # fmt: skip
THEIRS = {
    "he": lambda weight: nn.init.kaiming_normal_(weight, nonlinearity="relu"),
    "glorot": nn.init.xavier_uniform_,
}


def started(layer: nn.Module, scheme: str, seed: int = 0) -> dict[str, Tensor]:
    network = Network(layer)
    return {name: value[0] for name, value in network.views(network.initial([seed], "critic", None, scheme)).items()}


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("scheme", THEIRS)
def test_a_scheme_has_the_distribution_of_torch_nn_init_and_biases_of_0(scheme: str, kind: str) -> None:
    ours, plain = (make() for make in LAYERS[kind])
    values = started(ours, scheme)
    assert torch.equal(values["bias"], torch.zeros_like(values["bias"]))
    torch.manual_seed(0)
    theirs = THEIRS[scheme](plain.weight.detach().double())
    weight = values["weight"]
    assert weight.numel() == theirs.numel() > 3000
    # the standard error of a standard deviation of 3,600 numbers is at most 1.2 %
    assert weight.std().item() == pytest.approx(theirs.std().item(), rel=0.06)
    assert ks_2samp(weight.flatten().numpy(), theirs.flatten().numpy()).pvalue > 0.001


def test_he_is_normal_and_glorot_uniform_by_their_formulas() -> None:
    he, glorot = (started(Linear(1, 40, 90), scheme)["weight"].flatten().numpy() for scheme in ("he", "glorot"))
    bound = math.sqrt(6 / 130)
    assert kstest(he, "norm", (0, math.sqrt(2 / 40))).pvalue > 0.001
    assert kstest(glorot, "uniform", (-bound, 2 * bound)).pvalue > 0.001
    assert abs(glorot).max() <= bound


@pytest.mark.parametrize(
    "layer", [Linear(1, 5, 9), Linear(1, 9, 5), Conv2d(1, 3, 4, 4, 2, 1), ConvTranspose2d(1, 4, 3, 4, 2, 1)]
)
def test_an_orthogonal_start_has_orthonormal_rows_or_columns(layer: nn.Module) -> None:
    matrix = started(layer, "orthogonal")["weight"].flatten(1)
    short = matrix if len(matrix) <= matrix.shape[1] else matrix.T
    torch.testing.assert_close(short @ short.T, torch.eye(len(short), dtype=torch.float64), rtol=0, atol=1e-12)


def test_orthogonal_starts_are_uniform_among_orthogonal_matrices() -> None:
    """A first entry of a rotation in three dimensions, drawn uniformly, is uniform within ±1 (Archimedes)."""
    entries = [started(Linear(1, 3, 3), "orthogonal", seed)["weight"][0, 0].item() for seed in range(400)]
    assert kstest(entries, "uniform", (-1, 2)).pvalue > 0.001


@pytest.mark.parametrize("layer", [Norm("layer", 1, 50), Embedding(1, 50, 10)])
@pytest.mark.parametrize("scheme", ["he", "glorot", "orthogonal"])
def test_norms_and_embeddings_start_as_they_always_do(layer: nn.Module, scheme: str) -> None:
    ours, usual = started(layer, scheme), started(layer, "pytorch")
    assert all(torch.equal(ours[name], usual[name]) for name in usual)


def config(**settings: object) -> RunConfig:
    base = {"dataset": "ring8", "width": 32, "depth": 2, "batch_size": 8, "generator_steps": 1, "precision": "fp64"}
    return RunConfig.model_validate(base | settings)


def test_a_run_starts_from_the_chosen_scheme_in_both_networks() -> None:
    cohort = Cohort([config(start="orthogonal")], load_dataset("ring8", {}), torch.device("cpu"))
    for network, flat in ((cohort.pair.critic, cohort.critic), (cohort.pair.generator, cohort.generator)):
        inner = network.views(flat)["hidden.3.weight"][0]
        torch.testing.assert_close(inner @ inner.T, torch.eye(32, dtype=torch.float64), rtol=0, atol=1e-12)


def test_a_normal_start_is_what_init_std_alone_has_always_given() -> None:
    said, alone = config(start="normal", init_std=0.02), config(init_std=0.02)
    assert said == alone
    assert said.run_id == alone.run_id
    assert config().start == "pytorch"
