"""The penalty and its gradient against an independent computation and against finite differences, in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ablate import registry
from ablate.config.run_config import RunConfig
from ablate.datasets import load_dataset
from ablate.networks.pair import build
from ablate.training.cohort import Cohort
from ablate.training.dragan import Dragan
from ablate.training.lipschitz import R1, Clip, GradientPenalty, OneSidedPenalty, Unconstrained, interpolate, slope
from ablate.training.probes.view import measure
from ablate.training.zero_centred import R1R2, R2, ZeroCentredPenalty

MEMBERS, BATCH = 2, 7


def critic_and_plain(norm: str = "none"):
    """A stacked critic with random weights, and its member 0 as an ordinary module."""
    config = RunConfig(dataset="ring8", width=5, depth=2, generator_steps=1, critic_norm=norm)
    critic = build(config, (2,), 0, MEMBERS).critic
    flat = critic.initial(range(MEMBERS), "critic")
    views = critic.views(flat)
    layers: list[nn.Module] = []
    for name in ("hidden.0", "hidden.3", "out"):
        weight, bias = views[f"{name}.weight"][0], views[f"{name}.bias"][0, 0]
        linear = nn.Linear(*weight.shape, dtype=torch.float64)
        linear.weight.data, linear.bias.data = weight.T.clone(), bias.clone()
        layers += [linear, nn.LeakyReLU(0.2)]
    return critic, flat, nn.Sequential(*layers[:-1])


def batch(seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    real, fake = (torch.randn(MEMBERS, BATCH, 2, generator=generator, dtype=torch.float64) for _ in range(2))
    return real, fake, torch.rand(MEMBERS, BATCH, generator=generator, dtype=torch.float64)


def plain_penalty(module: nn.Module, real: Tensor, fake: Tensor, epsilon: Tensor) -> Tensor:
    """As in the WGAN-GP papers' code: autograd.grad at interpolates, with create_graph."""
    at = (epsilon[:, None] * real + (1 - epsilon[:, None]) * fake).requires_grad_()
    (gradient,) = torch.autograd.grad(module(at).sum(), at, create_graph=True)
    return ((gradient.norm(2, dim=1) - 1) ** 2).mean()


UNIT = {"lambda_gp": torch.ones(1)}


def test_the_penalty_and_its_gradient_equal_an_independent_computation() -> None:
    critic, flat, plain = critic_and_plain()
    real, fake, epsilon = batch()

    def penalty(weights: Tensor) -> Tensor:
        return GradientPenalty(UNIT).penalty(lambda x: critic(weights, x, None), real, fake, epsilon)

    expected = plain_penalty(plain, real[0], fake[0], epsilon[0])
    torch.testing.assert_close(penalty(flat)[0], expected, rtol=1e-12, atol=0)
    expected.backward()
    gradient = critic.views(torch.func.grad(lambda w: penalty(w).sum())(flat))
    for i, name in ((0, "hidden.0"), (2, "hidden.3"), (4, "out")):
        # the last layer's bias does not enter the slope: its gradient is 0, or absent in autograd
        torch.testing.assert_close(gradient[f"{name}.weight"][0], plain[i].weight.grad.T, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("penalty", [GradientPenalty, OneSidedPenalty, R1, R2, R1R2, ZeroCentredPenalty])
def test_the_penaltys_gradient_equals_central_finite_differences(penalty) -> None:
    critic, flat, _ = critic_and_plain()
    flat = 3 * flat  # slopes on both sides of 1, so that the one-sided penalty is not 0
    real, fake, epsilon = batch()

    def total(weights: Tensor) -> Tensor:
        return penalty(UNIT).penalty(lambda x: critic(weights, x, None), real, fake, epsilon).sum()

    gradient, step = torch.func.grad(total)(flat), 1e-6
    generator = torch.Generator().manual_seed(1)
    for _ in range(5):
        direction = torch.randn(flat.shape, generator=generator, dtype=torch.float64)
        difference = (total(flat + step * direction) - total(flat - step * direction)) / (2 * step)
        # truncation ~ step² and cancellation ~ 1e-16 / step leave about 1e-8 of the value
        torch.testing.assert_close((gradient * direction).sum(), difference, rtol=1e-6, atol=1e-8)


def test_epsilon_is_one_number_for_each_sample() -> None:
    real, fake = torch.ones(2, 3, 1, 4, 4), torch.zeros(2, 3, 1, 4, 4)
    epsilon = torch.rand(2, 3)
    mixed = interpolate(real, fake, epsilon)
    assert torch.equal(mixed, epsilon[..., None, None, None].expand_as(mixed))
    assert epsilon.unique().numel() == 6


def test_the_slope_is_taken_for_each_sample_over_all_its_dimensions() -> None:
    direction = torch.randn(1, 4, 4, dtype=torch.float64)
    x = torch.randn(2, 5, 1, 4, 4, dtype=torch.float64)
    slopes = slope(lambda v: (v * direction).flatten(2).sum(2), x)
    torch.testing.assert_close(slopes, direction.norm().expand(2, 5))


def test_where_the_slope_is_zero_the_penalty_has_a_finite_gradient() -> None:
    critic, flat, _ = critic_and_plain()
    real, fake, epsilon = batch()
    zero = torch.zeros_like(flat)
    gradient = torch.func.grad(
        lambda w: GradientPenalty(UNIT).penalty(lambda x: critic(w, x, None), real, fake, epsilon).sum()
    )(zero)
    assert gradient.isfinite().all()


def test_the_one_sided_penalty_leaves_small_slopes_alone() -> None:
    x, epsilon = torch.randn(1, 5, 2), torch.rand(1, 5)
    gentle, steep = 0.1, 3.0
    assert OneSidedPenalty(UNIT).penalty(lambda v: gentle * v[..., 0], x, x, epsilon).item() == 0
    assert OneSidedPenalty(UNIT).penalty(lambda v: steep * v[..., 0], x, x, epsilon).item() == pytest.approx(4.0)
    assert GradientPenalty(UNIT).penalty(lambda v: gentle * v[..., 0], x, x, epsilon).item() == pytest.approx(0.81)


CHECKED = {"none": Unconstrained, "clip": Clip, "gradient_penalty": GradientPenalty, "one_sided_penalty": OneSidedPenalty,
           "dragan": Dragan, "r1": R1, "r2": R2, "r1_r2": R1R2, "zero_centred_penalty": ZeroCentredPenalty}  # fmt: skip


def test_every_registered_constraint_is_checked_here() -> None:
    assert {name: registry.get("lipschitz", name) for name in registry.entries("lipschitz")} == CHECKED


def test_r1_of_a_linear_critic_is_half_its_squared_slope_times_its_weight() -> None:
    """f(x) = wᵀx has the gradient w everywhere: γ/2 · ‖w‖² for each member's γ (Mescheder et al. 2018, equation 9)."""
    w = torch.tensor([3.0, -4.0], dtype=torch.float64)
    real, fake, epsilon = batch()
    penalty = R1({"lambda_gp": torch.tensor([1.0, 10.0])}).penalty(lambda x: x @ w, real, fake, epsilon)
    assert penalty.tolist() == [12.5, 125.0]


@pytest.mark.parametrize(("penalty", "expected"), [(R2, 12.5), (R1R2, 25.0), (ZeroCentredPenalty, 25.0)])
def test_a_zero_centred_penalty_of_a_linear_critic_is_its_share_of_the_squared_slope(penalty, expected: float) -> None:
    """γ/2 · ‖w‖² at one kind of samples, twice that at both (Mescheder et al. 2018); λ · ‖w‖² at interpolates."""
    w = torch.tensor([3.0, -4.0], dtype=torch.float64)
    values = penalty({"lambda_gp": torch.tensor([1.0, 10.0])}).penalty(lambda x: x @ w, *batch())
    assert values.tolist() == [expected, 10 * expected]


def test_each_zero_centred_penalty_is_taken_at_its_own_samples() -> None:
    """f(x) = ‖x‖²/2 has the gradient x, so that the penalty is a mean of ‖x‖² over where it is taken."""
    real, fake, epsilon = batch()

    def at(x: Tensor) -> Tensor:
        return x.square().sum(2).mean(1)

    def value(penalty: type) -> Tensor:
        return penalty(UNIT).penalty(lambda x: x.square().sum(2) / 2, real, fake, epsilon)

    torch.testing.assert_close(value(R2), at(fake) / 2, rtol=1e-12, atol=0)
    torch.testing.assert_close(value(R1R2), (at(real) + at(fake)) / 2, rtol=1e-12, atol=0)
    between = at(epsilon[..., None] * real + (1 - epsilon[..., None]) * fake)
    torch.testing.assert_close(value(ZeroCentredPenalty), between, rtol=1e-12, atol=0)


def test_dragans_penalty_is_taken_on_the_way_from_real_to_perturbed_samples() -> None:
    """Against their code's lines, batch + 0.5 · batch.std() · random and interpolates of the two, with autograd."""
    critic, flat, plain = critic_and_plain()
    real, _, epsilon = batch()
    noise = torch.rand(real.shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    own = {"lambda_gp": torch.full((MEMBERS,), 10.0), "perturbation": torch.full((MEMBERS,), 0.5)}
    values = Dragan(own).perturbed_penalty(lambda x: critic(flat, x, None), real, noise, epsilon)
    perturbed = real[0] + 0.5 * float(np.std(real[0].numpy())) * noise[0]
    expected = 10 * plain_penalty(plain, perturbed, real[0], epsilon[0])
    torch.testing.assert_close(values[0], expected.detach(), rtol=1e-12, atol=0)


def test_dragans_gradient_equals_central_finite_differences() -> None:
    critic, flat, _ = critic_and_plain()
    flat = 3 * flat
    real, noise, epsilon = batch()
    own = {"lambda_gp": torch.ones(1), "perturbation": torch.ones(1)}

    def total(weights: Tensor) -> Tensor:
        return Dragan(own).perturbed_penalty(lambda x: critic(weights, x, None), real, noise, epsilon).sum()

    direction = torch.randn(flat.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    difference = (total(flat + 1e-6 * direction) - total(flat - 1e-6 * direction)) / 2e-6
    torch.testing.assert_close((torch.func.grad(total)(flat) * direction).sum(), difference, rtol=1e-6, atol=1e-8)


def test_a_run_with_dragan_trains_on_noise_of_its_own_for_each_step_and_is_probed() -> None:
    settings = {"lipschitz": "dragan", "lambda_gp": 10.0, "n_critic": 2, "generator_steps": 2, "fakes": "noisy_real"}
    run = RunConfig.model_validate({"dataset": "ring8", "width": 4, "batch_size": 8, **settings})
    cohort = Cohort([run], load_dataset("ring8", {}), torch.device("cpu"))
    ((first, second),), _ = cohort.batches.take(0, 1)
    assert first.perturbation.shape == first.real.shape
    assert not torch.equal(first.perturbation, second.perturbation)
    critic, _ = cohort.advance(2)
    assert critic.isfinite().all()
    probed = [v for layers in measure(cohort).values() for of_layer in layers.values() for v in of_layer]
    assert np.isfinite(probed).all()


def test_r1_is_half_the_mean_square_of_finite_differences_at_real_samples() -> None:
    critic, flat, _ = critic_and_plain()
    real, fake, epsilon = batch()

    def score(x: Tensor) -> Tensor:
        return critic(flat, x, None)

    step, square = 1e-6, torch.zeros(MEMBERS, BATCH, dtype=torch.float64)
    for unit in torch.eye(2, dtype=torch.float64):
        square += ((score(real + step * unit) - score(real - step * unit)) / (2 * step)).square()
    # the critic is linear by parts: what is left is cancellation, 1e-16 / step
    torch.testing.assert_close(R1(UNIT).penalty(score, real, fake, epsilon), square.mean(1) / 2, rtol=1e-7, atol=1e-9)
    nothing = R1(UNIT).penalty(score, real, 100 * fake, 1 - epsilon)
    assert torch.equal(nothing, R1(UNIT).penalty(score, real, fake, epsilon)), "fakes and interpolates do not enter"


def test_the_one_sided_penalty_is_the_mean_square_of_what_is_above_1() -> None:
    _, _, plain = critic_and_plain()
    real, fake, epsilon = batch()
    scale = torch.linspace(1, 60, BATCH, dtype=torch.float64)

    def steeper(x: Tensor) -> Tensor:
        return torch.stack([plain(member)[:, 0] * scale for member in x])

    at = (epsilon[0, :, None] * real[0] + (1 - epsilon[0, :, None]) * fake[0]).requires_grad_()
    (gradient,) = torch.autograd.grad((plain(at)[:, 0] * scale).sum(), at)
    norms = gradient.norm(dim=1)
    assert 0 < (norms > 1).sum() < BATCH, "slopes on both sides of 1"
    expected = sum(max(0.0, float(norm) - 1) ** 2 for norm in norms) / BATCH
    penalty = OneSidedPenalty({"lambda_gp": torch.tensor([2.0])}).penalty(steeper, real, fake, epsilon)
    assert penalty[0].item() == pytest.approx(2 * expected, rel=1e-12)


def test_clipping_clamps_each_members_weights_to_its_own_bound() -> None:
    weights = torch.tensor([[-3.0, 0.05, 0.2], [-3.0, 0.05, 0.2]])
    clip = Clip({"clip_value": torch.tensor([0.1, 1.0]), "clip_before": True})
    assert clip.projects_before
    torch.testing.assert_close(
        clip.project(weights), torch.stack([weights[0].clamp(-0.1, 0.1), weights[1].clamp(-1, 1)])
    )


def test_without_a_constraint_nothing_is_added_and_no_weight_is_changed() -> None:
    weights = torch.randn(2, 3)
    real, fake, epsilon = batch()
    assert Unconstrained({}).penalty(lambda x: x.sum(2), real, fake, epsilon) is None
    assert Unconstrained({}).project(weights) is weights
