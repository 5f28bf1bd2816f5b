"""The earth mover's distance against POT's linear program."""

from __future__ import annotations

import time

import numpy as np
import ot
import pytest
import torch

from ablate.datasets import load_dataset
from ablate.metrics import transport
from ablate.metrics.transport import w1
from ablate.registry import DatasetFacts
from ablate.registry.needs import Subject, meets
from ablate.training.run import run_cohort
from tests.support.small_runs import CPU, configs


def test_it_agrees_with_pots_exact_solver() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(150, 2, generator=generator, dtype=torch.float64)
    y = 2 * torch.randn(150, 2, generator=generator, dtype=torch.float64) + 1
    equal = np.full(150, 1 / 150)
    theirs = ot.emd2(equal, equal, ot.dist(x.numpy(), y.numpy(), metric="euclidean"))
    assert w1(x, y) == pytest.approx(float(theirs), rel=1e-7)  # cdist rounds squares of coordinates


@pytest.mark.parametrize("spread", [0.0, 1e-6, 0.05])
def test_it_agrees_with_pots_exact_solver_where_a_generator_collapsed(spread: float) -> None:
    generator = torch.Generator().manual_seed(0)
    y = load_dataset("grid25", {}).reference(300, 0)[0]
    x = y[:1] + spread * torch.randn(300, 2, generator=generator, dtype=torch.float64)
    equal = np.full(300, 1 / 300)
    theirs = ot.emd2(equal, equal, ot.dist(x.numpy(), y.numpy(), metric="euclidean"))
    assert w1(x, y) == pytest.approx(float(theirs), rel=1e-7)


def test_2000_samples_at_one_point_cost_less_than_a_second() -> None:
    y = load_dataset("ring8", {}).reference(2000, 0)[0]
    began = time.process_time()
    distance = w1(y[:1].expand(2000, 2), y)
    assert time.process_time() - began < 1, "9 s by scipy alone"
    assert distance == pytest.approx(float((y - y[0]).norm(dim=1).mean()), rel=1e-9)


def test_a_shift_costs_its_length_whatever_the_order() -> None:
    x = torch.randn(60, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    shift = torch.tensor([3.0, 4.0], dtype=torch.float64)
    assert w1(x, (x + shift).flip(0)) == pytest.approx(5, rel=1e-9)


def test_samples_of_different_size_are_refused() -> None:
    with pytest.raises(ValueError, match="equal sample sizes are needed, got 2 and 3"):
        w1(torch.zeros(2, 2), torch.zeros(3, 2))


def test_a_run_of_points_has_w1_in_its_curve_and_w1_2k_with_both_floors_at_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transport, "AT_END", 700)  # an untrained generator's 2,000 points are near each other: 12 s
    settings = {"dataset": "ring8", "architecture": "mlp", "conditional": False, "generator_norm": "none"}
    small = {"generator_steps": 4, "evaluations": 2, "evaluation_samples": 2003}  # no other test's reference
    (outcome,) = run_cohort(configs(1, **settings, **small), CPU)
    first, last = (evaluation["metrics"] for evaluation in outcome.evaluations)
    assert {"w1"} == {"w1", "w1_2k"} & set(first)
    assert outcome.final["w1_2k"] == last["w1_2k"] != last["w1"]
    assert 0 < outcome.facts["w1_2k_floor"] < outcome.facts["w1_floor"] < outcome.final["w1"]


@pytest.mark.parametrize(
    ("shape", "samples", "met"),
    [((2,), 2000, True), ((2,), 1999, False), ((2,), None, True), ((1, 8, 8), 2000, False)],
)
def test_w1_2k_needs_points_and_as_many_samples(shape: tuple[int, ...], samples: int | None, met: bool) -> None:
    settings = {} if samples is None else {"evaluation_samples": samples}
    assert meets("points_2k", Subject(DatasetFacts(shape=shape), settings)) == met
