"""The earth mover's distance against scipy's assignment."""

from __future__ import annotations

import time

import numpy as np
import ot
import pytest
import scipy.optimize
import scipy.spatial
import torch
from torch import Tensor

from ablate.datasets import load_dataset
from ablate.metrics import transport
from ablate.metrics.transport import plan, w1
from ablate.registry import DatasetFacts
from ablate.registry.needs import Subject, meets
from ablate.training.run import run_cohort
from tests.support.small_runs import CPU, configs


@pytest.fixture(params=[transport.SMALL, 10], ids=["without", "with"])
def start(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What holds for few points holds with a start from groups of them, and without."""
    monkeypatch.setattr(transport, "SMALL", request.param)


def scipys(x: Tensor, y: Tensor) -> float:
    cost = scipy.spatial.distance.cdist(x.numpy(), y.numpy())
    return float(cost[scipy.optimize.linear_sum_assignment(cost)].mean())


@pytest.mark.usefixtures("start")
def test_it_agrees_with_scipys_assignment() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(150, 2, generator=generator, dtype=torch.float64)
    y = 2 * torch.randn(150, 2, generator=generator, dtype=torch.float64) + 1
    assert w1(x, y) == pytest.approx(scipys(x, y), rel=1e-7)  # torch's cdist rounds squares of coordinates


@pytest.mark.usefixtures("start")
@pytest.mark.parametrize("spread", [0.0, 1e-6, 0.05])
def test_it_agrees_with_scipys_assignment_where_a_generator_collapsed(spread: float) -> None:
    generator = torch.Generator().manual_seed(0)
    y = load_dataset("grid25", {}).reference(300, 0)[0]
    x = y[:1] + spread * torch.randn(300, 2, generator=generator, dtype=torch.float64)
    assert w1(x, y) == pytest.approx(scipys(x, y), rel=1e-7)


@pytest.mark.usefixtures("start")
@pytest.mark.parametrize("scale", [1e-14, 1e49])
def test_it_agrees_with_scipys_assignment_on_any_scale(scale: float) -> None:
    generator = torch.Generator().manual_seed(0)
    x, y = scale * torch.randn(2, 100, 2, generator=generator, dtype=torch.float64)
    assert w1(x, y) == pytest.approx(scipys(x, y), rel=1e-7)


@pytest.mark.parametrize("count", [131, 402, 700])
def test_it_agrees_with_the_network_simplex_of_pot_where_the_start_leaves_points_out(count: int) -> None:
    x, y = load_dataset("grid25", {}).reference(2 * count, 0)[0].split(count)
    equal = np.ones(count)
    assert w1(x, y) == pytest.approx(ot.emd2(equal, equal, scipy.spatial.distance.cdist(x, y)) / count, rel=1e-7)


def test_points_on_a_line_or_in_space_are_matched_too() -> None:
    generator = torch.Generator().manual_seed(0)
    on_line = torch.randn(2, 300, 1, generator=generator, dtype=torch.float64)
    assert w1(*on_line) == pytest.approx(float((on_line[0].sort(0)[0] - on_line[1].sort(0)[0]).abs().mean()), rel=1e-7)
    in_space = torch.randn(2, 300, 3, generator=generator, dtype=torch.float64)
    assert w1(*in_space) == pytest.approx(scipys(*in_space), rel=1e-7)


def test_the_start_is_near_enough_to_be_worth_its_time() -> None:
    generator = torch.Generator().manual_seed(0)
    y = load_dataset("ring8", {}).reference(400, 0)[0]
    x = y[:1] + 0.05 * torch.randn(400, 2, generator=generator, dtype=torch.float64)
    cost, of_y = torch.cdist(x, y).numpy(), transport._start(x, y)
    bound = (cost - of_y).min(1).mean() + of_y.mean()  # of any potentials, by duality
    assert 0.99 * w1(x, y) < bound <= w1(x, y) * (1 + 1e-9)


@pytest.mark.usefixtures("start")
def test_a_plan_gives_each_sample_another_partner() -> None:
    generator = torch.Generator().manual_seed(0)
    x, y = torch.randn(2, 200, 2, generator=generator, dtype=torch.float64)
    assert sorted(plan(x, y).tolist()) == list(range(200))
    assert plan(y.flip(0), y).tolist() == list(range(199, -1, -1))


@pytest.mark.parametrize("spread", [0.0, 1e-4, 0.3])
def test_2000_samples_cost_less_than_two_seconds_wherever_they_lie(spread: float) -> None:
    y = load_dataset("ring8", {}).reference(2000, 0)[0]
    x = y[:1] + spread * torch.randn(2000, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    began = time.process_time()
    distance = w1(x, y)
    assert time.process_time() - began < 2, "5 to 9 s without a start"
    if not spread:
        assert distance == pytest.approx(float((y - y[0]).norm(dim=1).mean()), rel=1e-9)


@pytest.mark.usefixtures("start")
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
    monkeypatch.setattr(transport, "AT_END", 700)
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
