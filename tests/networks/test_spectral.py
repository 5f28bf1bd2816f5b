"""Spectral normalization against PyTorch's own parametrization, singular values and finite differences, in float64."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from ablate.config.run_config import RunConfig
from ablate.datasets import load_dataset
from ablate.networks.flat import Network
from ablate.networks.pair import build
from ablate.networks.spectral import SpectralNetwork
from ablate.training.cohort import Cohort
from ablate.training.probes.view import measure

SHAPES = {"ring8": (2,), "digits": (1, 8, 8)}


def config(**settings: Any) -> RunConfig:
    base = {"dataset": "ring8", "width": 6, "generator_steps": 3, "batch_size": 8, "n_critic": 2, "precision": "fp64"}
    return RunConfig.model_validate(base | {"spectral_norm": True} | settings)


CONV = {"dataset": "digits", "architecture": "conv", "width": 3}


def critic_of(run: RunConfig, members: int = 2) -> tuple[SpectralNetwork, Tensor]:
    critic = build(run, SHAPES[run.dataset], 10, members).critic
    assert isinstance(critic, SpectralNetwork)
    return critic, critic.initial(range(members), "critic")


@pytest.mark.parametrize("settings", [{}, CONV], ids=["mlp", "conv"])
def test_after_many_iterations_every_weight_has_a_largest_singular_value_of_1(settings: dict[str, Any]) -> None:
    critic, flat = critic_of(config(**settings))
    for _ in range(2000):
        flat = critic.after_step(flat)
    views = critic.normal(flat)
    weights = [view for name, view in views.items() if name.endswith("weight")]
    assert len(weights) == len(critic.normalized) > 2
    for weight in weights:
        largest = torch.linalg.matrix_norm(weight.flatten(2), ord=2)
        torch.testing.assert_close(largest, torch.ones(2, dtype=torch.float64), rtol=1e-6, atol=0)


def test_weights_start_as_without_normalization() -> None:
    _, flat = critic_of(config())
    plain = build(config(spectral_norm=False), (2,), 0, 2).critic
    assert type(plain) is Network
    assert torch.equal(flat[:, : plain.size], plain.initial(range(2), "critic"))


def test_scores_and_gradients_are_those_of_pytorchs_parametrization() -> None:
    critic, flat = critic_of(config(depth=1), members=1)
    raw, vectors = critic.parts(flat)
    layers = []
    for name in ("hidden.0", "out"):
        weight, u = raw[f"{name}.weight"][0], vectors[f"{name}.weight"][0]
        linear = nn.Linear(*weight.shape, dtype=torch.float64)
        linear.weight.data, linear.bias.data = weight.T.clone(), raw[f"{name}.bias"][0, 0].clone()
        normed = spectral_norm(linear).eval()  # in eval mode it makes no iteration of its own
        state = normed.parametrizations.weight[0]
        state._v.data, state._u.data = u.clone(), nn.functional.normalize(weight.T @ u, dim=0)
        layers.append(normed)
    plain = nn.Sequential(layers[0], nn.LeakyReLU(0.2), layers[1])
    x = torch.randn(1, 5, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = plain(x[0])[:, 0]
    torch.testing.assert_close(critic(flat, x, None)[0], expected, rtol=1e-12, atol=1e-14)
    expected.sum().backward()
    gradient, of_vectors = critic.parts(torch.func.grad(lambda w: critic(w, x, None).sum())(flat))
    for name, layer in (("hidden.0", layers[0]), ("out", layers[1])):
        theirs = layer.parametrizations.weight.original.grad.T
        torch.testing.assert_close(gradient[f"{name}.weight"][0], theirs, rtol=1e-10, atol=1e-14)
    assert all(not part.any() for part in of_vectors.values()), "u is a constant of the gradient"


def test_a_step_trains_the_weights_and_then_turns_u_once() -> None:
    run = config(loss="hinge", optimizer="sgd", lr=0.1, n_critic=1)
    cohort = Cohort([run], load_dataset("ring8", {}), torch.device("cpu"))
    critic, before = cohort.pair.critic, cohort.critic.clone()
    ((batch,),), _ = cohort.batches.take(0, 1)
    fake = cohort.pair.generator(cohort.generator, batch.latent, None)
    gradient = torch.func.grad(lambda w: cohort.steps.critic_loss(w, fake, batch)[0])(before)
    stepped = before - 0.1 * gradient
    cohort.advance(1)
    raw, vectors = critic.parts(stepped)
    trained, turned = critic.parts(cohort.critic)
    for name, u in vectors.items():
        weight = raw[name][0]
        torch.testing.assert_close(trained[name][0], weight, rtol=1e-12, atol=1e-14)
        v = weight.T @ u[0]
        expected = weight @ (v / v.norm())
        torch.testing.assert_close(turned[name][0], expected / expected.norm(), rtol=1e-12, atol=1e-14)


def test_a_checkpoint_keeps_the_vectors() -> None:
    configs, data = [config(), config(seed=1)], load_dataset("ring8", {})
    whole, cut, resumed = (Cohort(configs, data, torch.device("cpu")) for _ in range(3))
    whole.advance(3)
    cut.advance(1)
    resumed.restore(cut.tensors(), 1)
    resumed.advance(2)
    assert torch.equal(resumed.critic, whole.critic)


def test_probes_measure_a_normalized_critic() -> None:
    cohort = Cohort([config(fakes="noisy_real")], load_dataset("ring8", {}), torch.device("cpu"))
    cohort.advance(2)
    values = [v for layers in measure(cohort).values() for of_layer in layers.values() for v in of_layer]
    assert values
    assert all(math.isfinite(v) for v in values)


def test_it_is_refused_beside_weight_clipping_and_ends_the_doubt_about_wasserstein() -> None:
    with pytest.raises(ValidationError, match="spectral_norm undoes lipschitz clip"):
        config(lipschitz="clip", clip_value=0.1)
    assert not config(loss="wasserstein").flags
    assert config(loss="wasserstein", spectral_norm=False).flags
