"""The plain modules have the shapes and parameter counts of the documents' code, counted by hand from it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from benchmarks.plain.d0 import d0
from benchmarks.plain.d1 import Discriminator, Generator, d1
from benchmarks.plain.d2 import d2
from benchmarks.plain.toy import toy

LABELS = torch.tensor([3, 7])


def size(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def outputs(module: nn.Module, x: Tensor, labels: Tensor | None = None) -> list[tuple[int, ...]]:
    """Output shapes of the convolutions and linear layers in the order in which they run."""
    shapes: list[tuple[int, ...]] = []
    kinds = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)
    hooks = [
        layer.register_forward_hook(lambda _, __, y: shapes.append(tuple(y.shape[1:])))
        for layer in module.modules()
        if isinstance(layer, kinds)
    ]
    module(x, labels)
    for hook in hooks:
        hook.remove()
    return shapes


def test_d0_has_one_hidden_layer_each_way() -> None:
    system = d0()
    assert size(system.generator) == (100 + 1) * 256 + (256 + 1) * 784
    assert size(system.critic) == (784 + 1) * 256 + (256 + 1) * 1
    image = system.generator(torch.randn(2, 100))
    assert image.shape == (2, 1, 28, 28)
    assert image.abs().max() < 1
    assert system.critic(image).shape == (2, 1)


def test_d1_has_the_layers_that_the_document_writes_beside_its_code() -> None:
    system = d1()
    stages = [(512, 4, 4), (256, 8, 8), (128, 16, 16), (1, 32, 32)]
    assert outputs(system.generator, torch.randn(2, 100), LABELS) == stages
    image = system.generator(torch.randn(2, 100, 1, 1), LABELS)
    assert outputs(system.critic, image, LABELS) == [(64, 16, 16), (128, 8, 8), (256, 4, 4), (1, 1, 1)]
    assert system.critic(image, LABELS).shape == (2, 1)


def test_d1_has_the_parameters_of_the_document() -> None:
    convolution = 16  # a kernel of 4 × 4
    generator = 10 * 10  # the labels' embedding
    generator += 110 * 512 * convolution + 512 + 2 * 512  # weights, biases, BatchNorm's scale and shift
    generator += 512 * 256 * convolution + 256 + 2 * 256
    generator += 256 * 128 * convolution + 128 + 2 * 128
    generator += 128 * 1 * convolution + 1
    critic = 10 * 10
    critic += 11 * 64 * convolution + 64
    critic += 64 * 128 * convolution + 128  # InstanceNorm has no parameters
    critic += 128 * 256 * convolution + 256
    critic += 256 * 1 * convolution + 1
    system = d1()
    assert (size(system.generator), size(system.critic)) == (generator, critic)


def test_d1_at_64_has_one_stage_more_and_without_labels_no_embedding() -> None:
    generator = Generator(features=4, image_size=64, channels=3, conditional=False)
    critic = Discriminator(features=4, image_size=64, channels=3, conditional=False)
    image = generator(torch.randn(2, 100))
    assert outputs(generator, torch.randn(2, 100)) == [(32, 4, 4), (16, 8, 8), (8, 16, 16), (4, 32, 32), (3, 64, 64)]
    assert outputs(critic, image) == [(4, 32, 32), (8, 16, 16), (16, 8, 8), (32, 4, 4), (1, 1, 1)]
    with pytest.raises(ValueError, match="expected 32 or 64"):
        Generator(image_size=28)


def test_d2_has_the_layers_and_parameters_of_the_document() -> None:
    system = d2()
    x = torch.randn(2, 100)
    shapes: list[tuple[int, ...]] = []
    for layer in (system.generator.deconv1, system.generator.deconv2, system.generator.deconv3):
        layer.register_forward_hook(lambda _, __, y: shapes.append(tuple(y.shape[1:])))
    system.critic.conv2.register_forward_hook(lambda _, __, y: shapes.append(tuple(y.shape[1:])))
    assert system.critic(system.generator(x)).shape == (2, 1)
    assert shapes == [(128, 7, 7), (64, 14, 14), (1, 28, 28), (128, 6, 6)]
    inner = 256 * 7 * 7
    generator = 101 * inner + 2 * inner
    generator += 256 * 128 * 9 + 128 + 2 * 128
    generator += 128 * 64 * 16 + 64 + 2 * 64
    generator += 64 * 1 * 16 + 1
    critic = 1 * 64 * 9 + 64 + 64 * 128 * 9 + 128 + 2 * 128 + 128 * 6 * 6 + 1
    assert (size(system.generator), size(system.critic)) == (generator, critic)


def test_d2s_dropout_stays_on_in_evaluation_as_the_document_calls_it_and_takes_given_masks() -> None:
    critic = d2(width=4).critic.eval()
    image = torch.randn(2, 1, 28, 28)
    assert not torch.equal(critic(image), critic(image))
    masks = (2.0 * (torch.rand(2, 4) < 0.5), 2.0 * (torch.rand(2, 8) < 0.5))
    assert torch.equal(critic(image, masks), critic(image, masks))


def test_the_toy_networks_have_three_hidden_layers() -> None:
    system = toy()
    assert size(system.generator) == 3 * 512 + 2 * 513 * 512 + 513 * 2
    assert size(system.critic) == 3 * 512 + 2 * 513 * 512 + 513 * 1


def test_d1_as_written_learns_from_one_real_batch_and_one_fake_batch() -> None:
    """The same random inputs give the same losses whatever the unused real batches hold."""
    losses = []
    for other in (0.0, 1.0):
        torch.manual_seed(0)
        system = d1(features=2, n_critic=2, as_written=True)
        real = torch.stack([torch.rand(3, 1, 32, 32), torch.full((3, 1, 32, 32), other)])
        losses.append(system.step(real, torch.tensor([[1, 2, 3]] * 2), torch.randn(2, 3, 100), torch.rand(2, 3)))
    assert torch.equal(losses[0].critic, losses[1].critic)
    assert torch.equal(losses[0].generator, losses[1].generator)


def test_d2_as_written_clips_before_the_step_so_that_the_critic_ends_outside_the_bound() -> None:
    torch.manual_seed(0)
    real, latents = torch.rand(1, 8, 1, 28, 28), torch.randn(2, 8, 100)
    written, paper = d2(width=2), d2(width=2, as_written=False)
    written.step(real, latents[:1])
    paper.step(real, latents[:1], latents[1])
    largest = [max(float(p.detach().abs().max()) for p in system.critic.parameters()) for system in (written, paper)]
    assert largest[0] > 0.01
    assert largest[1] == pytest.approx(0.01)
