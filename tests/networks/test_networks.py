"""Stacked layers are the ordinary layers of each member, and norms mix neither members nor real with fake."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from ablate.config.run_config import RunConfig
from ablate.networks.layers import Conv2d, ConvTranspose2d, Linear, Norm, join, part
from ablate.networks.pair import LABEL_SIZE, Labelled, LabelledConv2d, Shapes, build

M, B = 3, 5


def values_of(layer: nn.Module) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {n: torch.randn(p.shape, generator=generator, dtype=torch.float64) for n, p in layer.named_parameters()}


def randn(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def test_a_stacked_linear_layer_is_each_members_own() -> None:
    layer, x = Linear(M, 4, 6), randn(M, B, 4)
    values = values_of(layer)
    outputs = functional_call(layer, values, (x,))
    for m in range(M):
        torch.testing.assert_close(outputs[m], x[m] @ values["weight"][m] + values["bias"][m])


@pytest.mark.parametrize(
    ("stacked", "plain"), [(Conv2d, nn.functional.conv2d), (ConvTranspose2d, nn.functional.conv_transpose2d)]
)
def test_a_stacked_convolution_is_each_members_own(stacked, plain) -> None:
    layer, x = stacked(M, 2, 3, 4, 2, 1), randn(M, B, 2, 8, 8)
    values = values_of(layer)
    outputs = part(functional_call(layer, values, (join(x),)), M)
    for m in range(M):
        torch.testing.assert_close(outputs[m], plain(x[m], values["weight"][m], values["bias"][m], stride=2, padding=1))


def test_a_labelled_convolution_is_that_of_the_images_joined_with_the_labels_constant_channels() -> None:
    shapes = Shapes(M, (2, 9, 9), 10)
    layer = LabelledConv2d(shapes, Labelled(shapes), 3, 4, 2, 1)
    x, embedded = randn(M, B, 2, 9, 9), randn(M, B, LABEL_SIZE)
    values = values_of(layer)
    outputs = part(functional_call(layer, values, (join(x), embedded)), M)
    for m in range(M):
        joined = torch.cat([x[m], embedded[m][..., None, None].expand(-1, -1, 9, 9)], dim=1)
        plain = nn.functional.conv2d(joined, values["weight"][m], values["bias"][m], stride=2, padding=1)
        torch.testing.assert_close(outputs[m], plain)


NORMS = {
    "batch": lambda x, w, b: nn.functional.batch_norm(x, None, None, w, b, training=True),
    "instance": lambda x, w, b: nn.functional.instance_norm(x, weight=w, bias=b),
    "layer": lambda x, w, b: nn.functional.group_norm(x, 1, w, b),
}


@pytest.mark.parametrize("kind", NORMS)
def test_a_norm_of_images_is_each_members_own(kind: str) -> None:
    layer, x = Norm(kind, M, 2), randn(M, B, 2, 4, 4)
    values = values_of(layer)
    outputs = part(functional_call(layer, values, (join(x),)), M)
    for m in range(M):
        torch.testing.assert_close(outputs[m], NORMS[kind](x[m], values["weight"][m], values["bias"][m]))


@pytest.mark.parametrize("kind", ["batch", "layer"])
def test_a_norm_of_vectors_is_each_members_own(kind: str) -> None:
    layer, x = Norm(kind, M, 6), randn(M, B, 6)
    values = values_of(layer)
    outputs = functional_call(layer, values, (x,))
    over = 0 if kind == "batch" else 1
    for m in range(M):
        normal = (x[m] - x[m].mean(over, keepdim=True)) / (x[m].var(over, correction=0, keepdim=True) + 1e-5).sqrt()
        torch.testing.assert_close(outputs[m], normal * values["weight"][m] + values["bias"][m])


@pytest.mark.parametrize(("norm", "mixes"), [("none", False), ("instance", False), ("layer", False), ("batch", True)])
def test_only_batch_norm_lets_a_sample_of_the_same_batch_change_a_score(norm: str, mixes: bool) -> None:
    config = RunConfig(dataset="digits", architecture="conv", width=4, critic_norm=norm, generator_steps=1)
    critic = build(config, (1, 8, 8), 10, M).critic
    flat, x = critic.initial(range(M), "critic"), randn(M, B, 1, 8, 8)
    other_sample, other_member = x.clone(), x.clone()
    other_sample[0, 1] += 1
    other_member[1] += 1
    before = critic(flat, x, None)
    assert (critic(flat, other_sample, None)[0, 0] != before[0, 0]) == mixes
    assert torch.equal(critic(flat, other_member, None)[0], before[0])


def test_real_and_fake_pass_the_critic_separately() -> None:
    """With batch norm, the score of real samples does not depend on which fake samples there are."""
    from ablate.training.step import Batch, Steps

    config = RunConfig(dataset="ring8", width=8, critic_norm="batch", generator_steps=1, loss="wasserstein")
    pair = build(config, (2,), 8, 1)
    steps = Steps([config], pair, torch.float64, torch.device("cpu"))
    flat = pair.critic.initial([0], "critic")
    batch = Batch(randn(1, B, 2), None, randn(1, B, 2), torch.rand(1, B))
    near, far = randn(1, B, 2), randn(1, B, 2) + 100
    alone = pair.critic(flat, batch.real, None).mean(1)
    for fake in (near, far):
        _, (_, gap) = steps.critic_loss(flat, fake, batch)
        torch.testing.assert_close(gap, alone - pair.critic(flat, fake, None).mean(1))


def test_start_values_are_pytorchs_default_distribution() -> None:
    config = RunConfig(dataset="digits", architecture="conv", width=32, generator_steps=1)
    pair = build(config, (1, 8, 8), 10, 1)
    views = pair.critic.views(pair.critic.initial([0], "critic"))
    for name, module in (("first", nn.Conv2d(1, 32, 4)), ("body.1", nn.Conv2d(32, 64, 4)), ("out", nn.Linear(256, 1))):
        bound = module.weight.abs().max().item()
        assert views[f"{name}.weight"].abs().max().item() == pytest.approx(bound, rel=0.05)


def test_a_generators_sample_does_not_depend_on_its_batch_under_standing_statistics() -> None:
    from ablate.networks.standing import collect, standing

    config = RunConfig(dataset="ring8", width=8, generator_norm="batch", generator_steps=1)
    generator = build(config, (2,), 8, 1).generator
    flat, latent = generator.initial([0], "generator"), randn(1, 6, 2)
    in_batch = generator(flat, latent, None)[0, 0]
    statistics = collect(generator, flat, [(randn(1, 512, 2), None)] * 4)
    with standing(generator, statistics):
        together, alone = generator(flat, latent, None)[0, 0], generator(flat, latent[:, :1], None)[0, 0]
    torch.testing.assert_close(together, alone)
    assert not torch.allclose(together, in_batch)
    assert torch.equal(generator(flat, latent, None)[0, 0], in_batch)


def test_standing_statistics_are_the_mean_and_variance_of_all_batches_together() -> None:
    """Of equal batches the variance of all is the mean of theirs, and the variance of their means beside it."""
    from ablate.networks.standing import batch_norms, collect

    config = RunConfig(dataset="digits", architecture="conv", width=4, generator_norm="batch", generator_steps=1)
    generator = build(config, (1, 8, 8), 10, M).generator
    flat, latents = generator.initial(range(M), "generator"), [randn(M, B, 2) + i for i in range(4)]
    inputs: dict[str, list[Tensor]] = {name: [] for name in batch_norms(generator)}
    hooks = [
        layer.register_forward_hook(lambda layer, given, output, name=name: inputs[name].append(given[0]))
        for name, layer in batch_norms(generator).items()
    ]
    statistics = collect(generator, flat, [(latent, None) for latent in latents])
    for hook in hooks:
        hook.remove()
    assert len(statistics) == 2
    for name, (mean, variance) in statistics.items():
        seen = np.concatenate([part.numpy() for part in inputs[name]])  # [sample, member·channel, height, width]
        torch.testing.assert_close(mean, torch.from_numpy(seen.mean((0, 2, 3))), rtol=1e-10, atol=1e-12)
        torch.testing.assert_close(variance, torch.from_numpy(seen.var((0, 2, 3))), rtol=1e-10, atol=1e-12)


def test_under_standing_statistics_batch_norm_subtracts_the_mean_and_divides_by_the_root_of_the_variance() -> None:
    layer, x = Norm("batch", M, 2), randn(M, B, 2)
    values = values_of(layer)
    mean, variance = randn(M * 2), randn(M * 2).abs()
    layer.standing = mean, variance
    outputs = functional_call(layer, values, (x,))
    own_mean, own_variance = mean.view(M, 1, 2), variance.view(M, 1, 2)
    expected = (x - own_mean) / (own_variance + 1e-5).sqrt() * values["weight"][:, None] + values["bias"][:, None]
    torch.testing.assert_close(outputs, expected)
