"""The recipes are the documents' systems: sizes and whole steps against plain transcriptions in ordinary PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ablate.config.run_config import RunConfig
from ablate.datasets.base import Dataset
from ablate.networks.flat import Network
from ablate.networks.layers import Conv2d, ConvTranspose2d, Linear
from ablate.networks.pair import build
from ablate.study import recipes
from ablate.study.load import load_study
from ablate.training.cohort import Cohort
from benchmarks.plain.d0 import d0
from benchmarks.plain.d1 import d1
from benchmarks.plain.d2 import d2

STEPS = 2
SHAPES = {"mnist": (1, 28, 28), "mnist32": (1, 32, 32)}


def settings_of(recipe: str, arm: str, *changes: str) -> RunConfig:
    study = load_study(recipes.path_of(recipe), changes)
    return study.config(study.datasets[0], arm)


def images(shape: tuple[int, ...], count: int = 64) -> Dataset:
    """Random images with labels, in the place of a real set."""
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (count, *shape), generator=generator, dtype=torch.uint8)
    return Dataset("random", shape, 10, "", images=pixels, labels=torch.arange(count) % 10)


def cohort_of(recipe: str, arm: str, *changes: str) -> Cohort:
    config = settings_of(recipe, arm, "width=4", "batch_size=6", "precision=fp64", *changes)
    configs = [config.model_copy(update={"seed": seed}) for seed in (0, 1)]
    return Cohort(configs, images(SHAPES[config.dataset]), torch.device("cpu"))


def plain_layout(module: nn.Module) -> list[tuple[bool, nn.Parameter]]:
    """A module's parameters in order, and whether each lies transposed in a stacked layer."""
    owners = dict(module.named_modules())
    return [
        (isinstance(owners[name.rpartition(".")[0]], nn.Linear) and parameter.dim() == 2, parameter)
        for name, parameter in module.named_parameters()
    ]


def copy_into(module: nn.Module, network: Network, flat: Tensor, member: int) -> None:
    """Give an ordinary module the weights of a member."""
    for (transposed, parameter), view in zip(plain_layout(module), network.views(flat).values(), strict=True):
        value = view[member].t() if transposed else view[member]
        parameter.data = value.reshape(parameter.shape).clone()


def row_of(module: nn.Module) -> Tensor:
    """An ordinary module's weights in the layout of a row of the matrix."""
    return torch.cat([(p.t() if transposed else p).detach().flatten() for transposed, p in plain_layout(module)])


def masks_of(uniform: Tensor, width: int) -> tuple[Tensor, Tensor]:
    kept = (uniform >= 0.5).double() * 2
    return kept[:, :width], kept[:, width:]


def steps_of_wgan_gp(system: Any, cohort: Cohort, member: int) -> None:
    batches, turns = cohort.batches.take(0, STEPS)
    for own, turn in zip(batches, turns, strict=True):
        system.step(
            torch.stack([b.real[member] for b in own]),
            torch.stack([b.labels[member] for b in own]) if own[0].labels is not None else None,
            torch.stack([b.latent[member] for b in own]),
            torch.stack([b.epsilon[member] for b in own]),
            None if system.reuse_fake else turn.latent[member],
        )


def steps_of_wgan(system: Any, cohort: Cohort, member: int) -> None:
    batches, turns = cohort.batches.take(0, STEPS)
    for own, turn in zip(batches, turns, strict=True):
        uniform = [b.dropout[turn_][member] for b in own for turn_ in (0, 1)] + [turn.dropout[member]]
        system.step(
            torch.stack([b.real[member] for b in own]),
            torch.stack([b.latent[member] for b in own]),
            None if system.reuse_fake else turn.latent[member],
            [masks_of(u, 4) for u in uniform],
        )


Case = tuple[str, str, tuple[str, ...], Callable[[], Any], Callable[[Any, Cohort, int], None]]
FULL = torch.float64
CASES: dict[str, Case] = {
    "D0": (
        "wgan_gp_mlp_mnist", "wgan_gp_mlp", ("generator_first=false",), lambda: d0((4,), dtype=FULL), steps_of_wgan_gp
    ),
    "D1 as written": ("cwgan_gp_mnist", "cwgan_gp", (), lambda: d1(4, as_written=True, dtype=FULL), steps_of_wgan_gp),
    "D1 mended": (
        "cwgan_gp_mnist", "cwgan_gp", ("reuse_batch=false", "reuse_latent=false"), lambda: d1(4, dtype=FULL),
        steps_of_wgan_gp,
    ),
    "D1 without labels": (
        "cwgan_gp_mnist", "cwgan_gp", ("conditional=false",),
        lambda: d1(4, conditional=False, as_written=True, dtype=FULL), steps_of_wgan_gp,
    ),
    "D2 as written": ("wgan_mnist", "as_written", (), lambda: d2(4, dtype=FULL), steps_of_wgan),
    "D2 as the paper": (
        "wgan_mnist", "as_paper", (), lambda: d2(4, n_critic=5, as_written=False, dtype=FULL), steps_of_wgan
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_recipes_steps_are_those_of_the_documents_loop(case: Case) -> None:
    recipe, arm, changes, make, train = case
    cohort = cohort_of(recipe, arm, *changes)
    systems = [make() for _ in cohort.seeds]
    for member, system in enumerate(systems):
        copy_into(system.critic, cohort.pair.critic, cohort.critic, member)
        copy_into(system.generator, cohort.pair.generator, cohort.generator, member)
        train(system, cohort, member)
    cohort.advance(STEPS)
    for member, system in enumerate(systems):
        torch.testing.assert_close(cohort.critic[member], row_of(system.critic), rtol=1e-9, atol=1e-9)
        torch.testing.assert_close(cohort.generator[member], row_of(system.generator), rtol=1e-9, atol=1e-9)


def test_with_the_generator_first_its_step_sees_the_critic_before_its_steps() -> None:
    cohort = cohort_of("wgan_gp_mlp_mnist", "wgan_gp_mlp")
    _, (turn,) = cohort.batches.take(0, 1)
    expected, _, _ = cohort.steps.generator_step(cohort.generator, cohort.generator_state, cohort.critic, turn)
    cohort.advance(1)
    torch.testing.assert_close(cohort.generator, expected)


def size(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


FULL_SIZE = {
    "wgan_gp_mlp_mnist": ("wgan_gp_mlp", d0),
    "cwgan_gp_mnist": ("cwgan_gp", d1),
    "wgan_mnist": ("as_written", d2),
}


@pytest.mark.parametrize("recipe", FULL_SIZE)
def test_a_recipe_at_full_size_has_the_documents_number_of_parameters(recipe: str) -> None:
    arm, make = FULL_SIZE[recipe]
    config, system = settings_of(recipe, arm), make()
    pair = build(config, SHAPES[config.dataset], 10, 1)
    assert (pair.generator.size, pair.critic.size) == (size(system.generator), size(system.critic))


def stacked_shapes(network: Network, flat: Tensor, *inputs: Tensor | None) -> list[tuple[int, ...]]:
    """What each linear layer and convolution gives, without member and batch dimensions, in the order of their calls."""
    seen: list[tuple[int, ...]] = []

    def note(layer: nn.Module, _: Any, y: Tensor) -> None:
        seen.append(tuple(y.shape[2:] if isinstance(layer, Linear) else y.shape[1:]))

    kinds = (Linear, Conv2d, ConvTranspose2d)
    hooks = [m.register_forward_hook(note) for m in network.module.modules() if isinstance(m, kinds)]
    network(flat, *inputs)
    for hook in hooks:
        hook.remove()
    return seen


LAYERS = {
    "cwgan_gp_mnist": (
        "cwgan_gp",
        [(512, 4, 4), (256, 8, 8), (128, 16, 16), (1, 32, 32)],
        [(64, 16, 16), (128, 8, 8), (256, 4, 4), (1, 1, 1)],
    ),
    "wgan_mnist": (
        "as_written",
        [(256 * 7 * 7,), (128, 7, 7), (64, 14, 14), (1, 28, 28)],
        [(64, 13, 13), (128, 6, 6), (1,)],
    ),
}


@pytest.mark.parametrize("recipe", LAYERS)
def test_a_recipe_at_full_size_has_the_documents_layers(recipe: str) -> None:
    arm, generator, critic = LAYERS[recipe]
    config = settings_of(recipe, arm)
    pair = build(config, SHAPES[config.dataset], 10, 1)
    labels = torch.tensor([[3, 7]]) if config.conditional else None
    flat = pair.generator.initial([0], "generator").float()
    assert stacked_shapes(pair.generator, flat, torch.randn(1, 2, 100), labels) == generator
    flat = pair.critic.initial([0], "critic").float()
    assert stacked_shapes(pair.critic, flat, torch.randn(1, 2, *SHAPES[config.dataset]), labels) == critic


@pytest.mark.parametrize("recipe", recipes.names())
def test_every_recipe_is_a_valid_study_that_says_what_it_keeps_and_mends(recipe: str) -> None:
    study = load_study(recipes.path_of(recipe))
    assert study.name == recipe
    assert study.runs()
    assert any(word in study.notes for word in ("Kept", "mended", "Mended", "exactly", "without"))


def test_d4s_dcgan_at_full_size_has_the_number_of_parameters_of_the_code_that_it_points_to() -> None:
    config = settings_of("wgan_gp_dcgan", "wgan_gp", "path=anywhere")
    pair = build(config, (3, 64, 64), 0, 1)
    kernel = 16  # of 4 × 4, without biases
    generator = kernel * (128 * 512 + 512 * 256 + 256 * 128 + 128 * 64 + 64 * 3) + 2 * (512 + 256 + 128 + 64)
    critic = kernel * (3 * 64 + 64 * 128 + 128 * 256 + 256 * 512 + 512) + 2 * (128 + 256 + 512)
    assert (pair.generator.size, pair.critic.size) == (generator, critic)


def test_d4s_dcgan_starts_from_normal_weights() -> None:
    config = settings_of("wgan_gp_dcgan", "wgan_gp", "path=anywhere", "width=8")
    network = build(config, (3, 64, 64), 0, 1).critic
    views = network.views(network.initial([0], "critic", config.init_std, config.start))
    assert views["body.1.weight"].std().item() == pytest.approx(0.02, rel=0.05)
    assert torch.equal(views["body.2.weight"], torch.ones_like(views["body.2.weight"]))


def test_steps_at_64_pixels_are_those_of_a_plain_loop() -> None:
    config = settings_of("cwgan_gp_mnist", "cwgan_gp", "width=2", "batch_size=3", "precision=fp64", "conditional=false")
    cohort = Cohort([config], images((3, 64, 64), 32), torch.device("cpu"))
    system = d1(2, image_size=64, channels=3, conditional=False, as_written=True, dtype=FULL)
    copy_into(system.critic, cohort.pair.critic, cohort.critic, 0)
    copy_into(system.generator, cohort.pair.generator, cohort.generator, 0)
    steps_of_wgan_gp(system, cohort, 0)
    cohort.advance(STEPS)
    # a bias before a norm has no gradient but rounding, which Adam divides by its ε of 1e-8: hence not 1e-9 there
    views = cohort.pair.critic.views(torch.stack([cohort.critic[0], row_of(system.critic)]))
    for name, (ours, plain) in views.items():
        torch.testing.assert_close(ours, plain, rtol=1e-9, atol=1e-7 if name.endswith("bias") else 1e-9)
    torch.testing.assert_close(cohort.generator[0], row_of(system.generator), rtol=1e-9, atol=1e-9)
