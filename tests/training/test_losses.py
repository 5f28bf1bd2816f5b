"""Losses against their papers' formulas, and optimizers against torch.optim."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from ablate import registry

REAL = torch.tensor([[1.5, -0.3, 0.2], [4.0, 0.0, -2.0]], dtype=torch.float64)
FAKE = torch.tensor([[-1.0, 0.5, 0.1], [0.3, -0.2, 3.0]], dtype=torch.float64)


def bce(scores: torch.Tensor, target: float) -> torch.Tensor:
    wanted = torch.full_like(scores, target)
    return F.binary_cross_entropy(scores.sigmoid(), wanted, reduction="none").mean(1)


EXPECTED = {
    "minimax": (bce(REAL, 1) + bce(FAKE, 0), (1 - FAKE.sigmoid()).log().mean(1)),
    "non_saturating": (bce(REAL, 1) + bce(FAKE, 0), -FAKE.sigmoid().log().mean(1)),
    "least_squares": (((REAL - 1) ** 2).mean(1) / 2 + (FAKE**2).mean(1) / 2, ((FAKE - 1) ** 2).mean(1) / 2),
    "wasserstein": (FAKE.mean(1) - REAL.mean(1), -FAKE.mean(1)),
    "probability": (FAKE.sigmoid().mean(1) - REAL.sigmoid().mean(1), -FAKE.sigmoid().mean(1)),
    "hinge": ((1 - REAL).clamp(min=0).mean(1) + (1 + FAKE).clamp(min=0).mean(1), -FAKE.mean(1)),
    "relativistic": (bce(REAL - FAKE, 1), bce(FAKE - REAL, 1)),
    "relativistic_average": (
        bce(REAL - FAKE.mean(1, keepdim=True), 1) + bce(FAKE - REAL.mean(1, keepdim=True), 0),
        bce(FAKE - REAL.mean(1, keepdim=True), 1) + bce(REAL - FAKE.mean(1, keepdim=True), 0),
    ),
    "relativistic_average_hinge": (
        (1 - REAL + FAKE.mean(1, keepdim=True)).clamp(min=0).mean(1)
        + (1 + FAKE - REAL.mean(1, keepdim=True)).clamp(min=0).mean(1),
        (1 - FAKE + REAL.mean(1, keepdim=True)).clamp(min=0).mean(1)
        + (1 + REAL - FAKE.mean(1, keepdim=True)).clamp(min=0).mean(1),
    ),
}


def test_every_registered_loss_has_its_formula_here() -> None:
    assert set(EXPECTED) == set(registry.entries("loss"))


@pytest.mark.parametrize("name", EXPECTED)
def test_a_loss_is_its_papers_formula_for_each_member(name: str) -> None:
    loss = registry.get("loss", name)({})
    critic, generator = EXPECTED[name]
    torch.testing.assert_close(loss.critic(REAL, FAKE), critic)
    ours = loss.paired_generator(REAL, FAKE) if loss.pairs else loss.generator(FAKE)
    torch.testing.assert_close(ours, generator)


OPTIMIZERS = [
    ("adam", {"beta1": 0.5, "beta2": 0.9}, lambda p: torch.optim.Adam([p], lr=0.01, betas=(0.5, 0.9))),
    ("adam", {"beta1": 0.0, "beta2": 0.999}, lambda p: torch.optim.Adam([p], lr=0.01, betas=(0.0, 0.999))),
    ("rmsprop", {"momentum": 0.0}, lambda p: torch.optim.RMSprop([p], lr=0.01)),
    ("rmsprop", {"momentum": 0.9}, lambda p: torch.optim.RMSprop([p], lr=0.01, momentum=0.9)),
    (
        "adam", {"beta1": 0.5, "beta2": 0.9, "weight_decay": 0.3},
        lambda p: torch.optim.Adam([p], lr=0.01, betas=(0.5, 0.9), weight_decay=0.3),
    ),
    (
        "rmsprop", {"momentum": 0.9, "weight_decay": 0.3},
        lambda p: torch.optim.RMSprop([p], lr=0.01, momentum=0.9, weight_decay=0.3),
    ),
    (
        "sgd", {"momentum": 0.9, "weight_decay": 0.3},
        lambda p: torch.optim.SGD([p], lr=0.01, momentum=0.9, weight_decay=0.3),
    ),
    ("sgd", {"momentum": 0.0}, lambda p: torch.optim.SGD([p], lr=0.01)),
    ("sgd", {"momentum": 0.9}, lambda p: torch.optim.SGD([p], lr=0.01, momentum=0.9)),
]  # fmt: skip


def test_every_registered_optimizer_has_its_reference_here() -> None:
    assert {name for name, _, _ in OPTIMIZERS} == set(registry.entries("optimizer"))


@pytest.mark.parametrize(("name", "rates", "reference"), OPTIMIZERS)
def test_an_optimizer_is_pytorchs_own_rule(name, rates, reference) -> None:
    optimizer = registry.get("optimizer", name)
    column = {k: torch.tensor([[v]], dtype=torch.float64) for k, v in {"lr": 0.01, **rates}.items()}
    generator = torch.Generator().manual_seed(0)
    weights = torch.randn(1, 6, generator=generator, dtype=torch.float64)
    parameter = weights[0].clone().requires_grad_()
    theirs, state = reference(parameter), optimizer.start(weights)
    for _ in range(30):
        gradient = torch.randn(1, 6, generator=generator, dtype=torch.float64)
        weights, state = optimizer.update(weights, gradient, state, column)
        parameter.grad = gradient[0].clone()
        theirs.step()
    torch.testing.assert_close(weights[0], parameter.detach(), rtol=1e-12, atol=1e-14)


def test_members_of_one_update_may_have_different_rates() -> None:
    adam = registry.get("optimizer", "adam")
    rates = {k: torch.tensor(v, dtype=torch.float64)[:, None] for k, v in
             {"lr": [0.1, 0.01], "beta1": [0.0, 0.9], "beta2": [0.9, 0.999]}.items()}  # fmt: skip
    weights, gradient = torch.ones(2, 3, dtype=torch.float64), torch.full((2, 3), 0.5, dtype=torch.float64)
    together, _ = adam.update(weights, gradient, adam.start(weights), rates)
    for m in range(2):
        one = {k: v[m : m + 1] for k, v in rates.items()}
        alone, _ = adam.update(weights[m : m + 1], gradient[m : m + 1], adam.start(weights[m : m + 1]), one)
        assert torch.equal(together[m], alone[0])
