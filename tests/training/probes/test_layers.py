"""Probes of layers agree with plain PyTorch networks of one member, and with numpy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from ablate.config.run_config import RunConfig
from ablate.datasets import load_dataset
from ablate.registry.measures import measure as probe_facts
from ablate.training.cohort import Cohort
from ablate.training.probes import layers as probes
from ablate.training.probes.view import CriticView, measure
from ablate.training.run import run_cohort
from tests.support.small_runs import configs

CPU = torch.device("cpu")


def view(members: int = 2, **settings: object) -> CriticView:
    base = {"dataset": "swiss_roll", "fakes": "noisy_real", "width": 16, "depth": 5, "critic_leak": 0, "batch_size": 16}
    base |= {"generator_steps": 20, "lipschitz": "clip", "clip_value": 0.1, "lr": 1e-3, "optimizer": "rmsprop"}
    runs = [RunConfig.model_validate({**base, **settings, "seed": seed}) for seed in range(members)]
    cohort = Cohort(runs, load_dataset(runs[0].dataset, dict(runs[0].dataset_options)), CPU)
    cohort.advance(2)
    return CriticView(cohort)


def plain(critics: CriticView, member: int) -> list[nn.Linear | nn.ReLU]:
    """The member's critic as a list of PyTorch's own layers."""
    parameters = {n: v[member].double() for n, v in critics.cohort.pair.critic.views(critics.critic).items()}
    layers: list[nn.Linear | nn.ReLU] = []
    for name in (n.removesuffix(".weight") for n in parameters if n.endswith(".weight")):
        weight, bias = parameters[f"{name}.weight"], parameters[f"{name}.bias"]
        linear = nn.Linear(*weight.shape, dtype=torch.float64)
        linear.weight.data, linear.bias.data = weight.T.contiguous(), bias.flatten()
        layers += [linear, nn.ReLU()]
    return layers[:-1]


@pytest.mark.parametrize("fakes", ["noisy_real", "generator"])
def test_the_gradient_at_each_layers_output_is_that_of_a_plain_network(fakes: str) -> None:
    critics = view(fakes=fakes)
    norms = list(probes.output_gradient_norm(critics).values())
    assert len(norms) == 6
    for member in (0, 1):
        outputs, scores = [], []
        for batch in (critics.batch.real, critics.fake):
            x = batch[member].double()
            for layer in plain(critics, member):
                x = layer(x)
                if isinstance(layer, nn.Linear):
                    x.retain_grad()
                    outputs.append(x)
            scores.append(x.mean())
        (scores[1] - scores[0]).backward()
        expected = [float(torch.cat([outputs[i].grad, outputs[i + 6].grad]).norm()) for i in range(6)]  # type: ignore[list-item]
        assert [float(norm[member]) for norm in norms] == pytest.approx(expected, rel=1e-9)


def test_members_of_a_cohort_of_convolutions_have_the_gradients_that_each_has_alone() -> None:
    settings = {"dataset": "digits", "architecture": "conv", "width": 4, "depth": None, "critic_leak": 0.2}
    both, alone = (probes.output_gradient_norm(view(n, **settings)) for n in (2, 1))
    assert both.keys() == alone.keys()
    for layer, norm in alone.items():
        assert float(both[layer][0]) == pytest.approx(float(norm[0]), rel=1e-4)
    first = next(iter(both.values()))
    assert float(first[0]) != pytest.approx(float(first[1]), rel=1e-3)


@pytest.mark.parametrize(
    "settings",
    [
        {"architecture": "conv", "conditional": True, "critic_norm": "layer", "lipschitz": "none", "clip_value": None},
        {"architecture": "conv", "spectral_norm": True, "lipschitz": "none", "clip_value": None},
        {"architecture": "conv", "loss": "relativistic"},
        {"architecture": "mlp", "conditional": True, "generator_norm": "batch"},
    ],
    ids=["conditional", "spectral norm", "relativistic", "mlp"],
)
def test_where_a_generator_is_trained_the_layers_of_every_critic_are_measured(settings: dict[str, object]) -> None:
    base = {"dataset": "digits", "fakes": "generator", "width": 4, "depth": None, "critic_leak": 0.2}
    measured = measure(view(**{**base, **settings}).cohort)
    assert measured["output_gradient_norm"].keys() == measured["weight_gradient_norm"].keys()
    assert all(0 < norm < 1e3 for norms in measured["output_gradient_norm"].values() for norm in norms)
    assert np.sum(list(measured["weight_histogram"].values()), axis=0) == pytest.approx(1)


def test_a_run_has_the_slope_at_every_evaluation_and_the_histogram_at_the_end_alone() -> None:
    (outcome,) = run_cohort(configs(1, generator_steps=6, evaluations=2), CPU)
    first, last = (evaluation["probes"] for evaluation in outcome.evaluations)
    assert set(last) - set(first) == {"weight_histogram"}
    assert {"output_gradient_norm", "output_slope"} <= set(first)
    assert outcome.final["output_slope"] == last["output_slope"][""]
    assert probe_facts("weight_histogram").at_end
    assert not probe_facts("weight_histogram").has_curve


def test_the_slope_is_the_line_through_the_logarithms() -> None:
    critics = view()
    norms = np.log10(np.stack([norm.numpy() for norm in probes.output_gradient_norm(critics).values()]))
    expected = np.polyfit(np.arange(6), norms, 1)[0]
    assert probes.output_slope(critics)[""].tolist() == pytest.approx(list(expected))
    assert probes.output_slope_size(critics)[""].tolist() == pytest.approx(list(abs(expected)))


def test_tiny_clip_values_make_gradients_vanish_and_large_weights_make_them_explode() -> None:
    vanishing = view(depth=12, clip_value=1e-4)
    assert (probes.output_slope(vanishing)[""] > 1).all()  # some 12 decades, below single precision's range at 1e-45
    exploding = view(depth=12, lipschitz="none", clip_value=None)
    exploding.critic = exploding.critic * 10
    assert (probes.output_slope(exploding)[""] < -0.3).all()


def test_where_all_units_are_dead_the_slope_is_a_number() -> None:
    critics = view()
    critics.critic = -critics.critic.abs()  # every unit of the hidden layers beyond the first is below 0
    assert (probes.output_slope(critics)[""] > 10).all()


def test_the_hooks_are_gone_afterwards() -> None:
    critics = view()
    probes.output_gradient_norm(critics)
    assert not any(module._forward_hooks for module in critics.cohort.pair.critic.module.modules())


def test_the_histogram_is_that_of_numpy_and_its_layers_are_the_middles_of_the_bins() -> None:
    critics = view(clip_value=0.05)
    shares = probes.weight_histogram(critics)
    for member in (0, 1):
        weights = np.concatenate([w[member].double().numpy().ravel() for w in critics.weights.values()])
        counts, edges = np.histogram(weights / abs(weights).max(), probes.BINS, (-1, 1))
        middles = (edges[1:] + edges[:-1]) / 2
        assert [float(share[member]) for share in shares.values()] == pytest.approx(
            list(counts / len(weights)), abs=2e-3
        )
        assert [float(layer) for layer in shares] == pytest.approx(list(middles), abs=1e-3)
        assert sum(float(share[member]) for share in shares.values()) == pytest.approx(1)
