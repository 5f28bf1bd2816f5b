"""Networks of other sizes and activations against plain torch.nn modules with the same weights."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

from ablate import register, registry
from ablate.config.run_config import RunConfig
from ablate.networks.flat import Network
from ablate.networks.pair import build

MODULES = {
    "leaky_relu": lambda: nn.LeakyReLU(0.2), "relu": nn.ReLU, "tanh": nn.Tanh, "softplus": nn.Softplus, "elu": nn.ELU
}  # fmt: skip
DATA = {"mlp": "ring8", "conv": "digits", "dcgan": "mnist32", "wgan_mnist": "mnist"}
SHAPES = {"ring8": (2,), "digits": (1, 8, 8), "mnist32": (1, 32, 32), "mnist": (1, 28, 28)}


def config(architecture: str = "mlp", **settings: Any) -> RunConfig:
    base = {"dataset": DATA[architecture], "architecture": architecture, "width": 3, "generator_steps": 1}
    return RunConfig.model_validate(base | settings)


def networks(run: RunConfig) -> tuple[Network, Network]:
    pair = build(run, SHAPES[run.dataset], 10, 1)
    return pair.generator, pair.critic


def load(module: nn.Sequential, network: Network, flat: Tensor) -> nn.Sequential:
    """Give a plain module, of which the parameters come in the same order, the weights of the only member."""
    module = module.double()
    views = list(network.views(flat).values())
    owners = [(layer, p) for layer in module for p in layer.parameters(recurse=False)]
    for view, (layer, parameter) in zip(views, owners, strict=True):
        value = view[0].T if isinstance(layer, nn.Linear) and parameter.dim() == 2 else view[0]
        parameter.data = value.reshape(parameter.shape).clone()
    return module


def fully_connected(sizes: list[int], activation: str, *last: nn.Module) -> nn.Sequential:
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), MODULES[activation]()]
    return nn.Sequential(*layers[:-1], *last)


def critic_of(architecture: str, w: int, activation: str) -> nn.Sequential:
    act = MODULES[activation]
    if architecture == "mlp":
        return fully_connected([2, w, w, w, 1], activation)
    if architecture == "conv":
        convolutions = (nn.Conv2d(1, w, 4, 2, 1), act(), nn.Conv2d(w, 2 * w, 4, 2, 1), act())
        return nn.Sequential(*convolutions, nn.Flatten(), nn.Linear(2 * w * 4, 1))
    if architecture == "dcgan":
        first = (nn.Conv2d(1, w, 4, 2, 1), act(), nn.Conv2d(w, 2 * w, 4, 2, 1), act())
        return nn.Sequential(*first, nn.Conv2d(2 * w, 4 * w, 4, 2, 1), act(), nn.Conv2d(4 * w, 1, 4), nn.Flatten())
    convolutions = (nn.Conv2d(1, w, 3, 2), act(), nn.Conv2d(w, 2 * w, 3, 2), act())
    return nn.Sequential(*convolutions, nn.Flatten(), nn.Linear(2 * w * 36, 1))


def randn(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.mark.parametrize("activation", MODULES)
@pytest.mark.parametrize("architecture", DATA)
def test_a_critic_of_its_own_width_and_activation_is_the_plain_module(architecture: str, activation: str) -> None:
    _, critic = networks(config(architecture, critic_width=5, critic_activation=activation))
    flat, x = critic.initial([0], "critic"), randn(1, 4, *SHAPES[DATA[architecture]])
    plain = load(critic_of(architecture, 5, activation), critic, flat)
    torch.testing.assert_close(critic(flat, x, None)[0], plain(x[0])[:, 0], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("activation", MODULES)
@pytest.mark.parametrize("output", ["linear", "tanh"])
def test_a_generator_of_points_is_the_plain_module(activation: str, output: str) -> None:
    settings = {"generator_leak": 0.2} if activation == "leaky_relu" else {}
    generator, _ = networks(config(generator_activation=activation, points_output=output, **settings))
    flat, z = generator.initial([0], "generator"), randn(1, 6, 2)
    last = [nn.Tanh()] if output == "tanh" else []
    plain = load(fully_connected([2, 3, 3, 3, 2], activation, *last), generator, flat)
    torch.testing.assert_close(generator(flat, z, None)[0], plain(z[0]), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("architecture", DATA)
def test_relu_is_leaky_relu_with_a_slope_of_0(architecture: str) -> None:
    leaky = networks(config(architecture, critic_leak=0.0, generator_leak=0.0))
    relu = networks(config(architecture, critic_activation="relu", generator_activation="relu"))
    for inputs, role, one, other in zip(
        (randn(1, 4, 2), randn(1, 4, *SHAPES[DATA[architecture]])), ("generator", "critic"), leaky, relu, strict=True
    ):
        flat = one.initial([0], role)
        assert torch.equal(one(flat, inputs, None), other(flat, inputs, None))


def test_the_critics_size_leaves_the_generator_as_it_is() -> None:
    usual, other = networks(config()), networks(config(critic_width=7, critic_depth=1))
    assert other[0].shapes == usual[0].shapes
    assert [shape[1:] for shape in other[1].shapes] == [(2, 7), (1, 7), (7, 1), (1, 1)]


@pytest.mark.parametrize(
    ("architecture", "settings", "phrase"),
    [
        ("mlp", {"critic_activation": "tanh", "critic_leak": 0.1}, "critic_leak has no effect with critic_activation tanh"),
        ("mlp", {"generator_activation": "elu", "generator_leak": 0.1}, "generator_leak has no effect"),
        ("conv", {"critic_depth": 2}, "used only by architecture mlp"),
        ("conv", {"points_output": "tanh"}, "used only by architecture mlp"),
        ("mlp", {"dataset": "digits", "points_output": "tanh"}, "images end in tanh in any case"),
        ("mlp", {"start": "normal"}, "start normal needs init_std"),
        ("mlp", {"start": "he", "init_std": 0.02}, "init_std has no effect with start he"),
        ("mlp", {"critic_activation": "gelu"}, "leaky_relu"),
    ],
)  # fmt: skip
def test_what_has_no_effect_is_refused(architecture: str, settings: dict[str, Any], phrase: str) -> None:
    with pytest.raises(ValidationError) as caught:
        config(architecture, **settings)
    assert phrase in str(caught.value)


def test_an_architecture_that_does_not_read_activations_and_sizes_refuses_them() -> None:
    before = registry.registry.plugin_entries()

    @register("architecture", "of_a_plugin")
    def of_a_plugin(config: Any, shapes: Any) -> None:
        """Networks that have ReLU whatever the settings say."""

    try:
        for settings in ({"critic_activation": "tanh"}, {"critic_width": 4}):
            with pytest.raises(ValidationError, match=r"of_a_plugin has no critic_activation|has no effect here"):
                RunConfig(dataset="ring8", architecture="of_a_plugin", generator_steps=1, **settings)
    finally:
        registry.registry.keep_only(before)
