"""Random numbers: their laws, what they depend on and what not, and the same ones on every device."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from ablate.randomness import numbers as module
from ablate.randomness.numbers import Numbers
from ablate.training.compiled import compiled_kernels
from tests.support.plain_philox import plain_words

CPU = torch.device("cpu")


def given(purpose: str = "test", seeds: tuple[int, ...] = (3, 4), first: int = 0, count: int = 2) -> Numbers:
    return Numbers(seeds, purpose, CPU, first, count)


def test_uniforms_normals_and_integers_are_those_of_the_plain_words() -> None:
    numbers = given(seeds=(12, 2**40), first=70_000)
    uniform, normal, whole = numbers.uniform(5), numbers.normal(3, 2), numbers.integers(10, 7)
    for m, seed in enumerate((12, 2**40)):
        words = plain_words(seed, "test", 70_001, 0, 5)
        assert uniform[1, m].tolist() == [(word // 2**9 + 0.5) / 2**23 for word in words]
        a, b, c, d, e, f, *_ = plain_words(seed, "test", 70_001, 1, 8)
        expected = []
        for first, second in ((a, b), (c, d), (e, f)):
            radius, angle = math.sqrt(-2 * math.log((first + 1) / 2**32)), 2 * math.pi * second / 2**32
            expected += [radius * math.cos(angle), radius * math.sin(angle)]
        assert normal[1, m].flatten().tolist() == pytest.approx(expected, rel=1e-12, abs=1e-14)
        words = plain_words(seed, "test", 70_001, 2, 7)
        assert whole[1, m].tolist() == [word * 10 // 2**32 for word in words]


def test_the_laws_hold_in_bulk_and_in_the_tails() -> None:
    n = 400_000
    normal, uniform = given(count=1).normal(n)[0], given("other", count=1).uniform(n)[0]
    for row in normal.numpy():
        assert stats.kstest(row, "norm").pvalue > 1e-3
        for beyond in (3.0, 4.0):
            expected = 2 * stats.norm.sf(beyond) * n
            assert abs((np.abs(row) > beyond).sum() - expected) < 5 * math.sqrt(expected)
        assert abs(stats.skew(row)) < 5 * math.sqrt(6 / n)
        assert abs(stats.kurtosis(row)) < 5 * math.sqrt(24 / n)
    for row in uniform.numpy():
        assert stats.kstest(row, "uniform").pvalue > 1e-3
    whole = given("third", count=1).integers(7, n)[0, 0]
    assert stats.chisquare(torch.bincount(whole, minlength=7).numpy()).pvalue > 1e-3


def test_no_two_members_purposes_steps_calls_or_places_are_correlated() -> None:
    n = 40_000
    numbers = Numbers(range(6), "test", CPU, 0, 3)
    rows = [*numbers.normal(n).flatten(0, 1), *numbers.normal(n).flatten(0, 1)]
    rows += [*Numbers(range(6), "another test", CPU, 0, 3).normal(n).flatten(0, 1)]
    correlation = np.corrcoef(torch.stack([*rows, rows[0].roll(1), rows[0].roll(2)]).numpy())
    off = correlation[~np.eye(len(correlation), dtype=bool)]
    assert np.abs(off).max() < 5.5 / math.sqrt(n)
    assert abs(float(np.mean(off**2)) * n - 1) < 0.15


@pytest.mark.parametrize("kind", ["uniform", "normal"])
def test_a_member_step_and_place_has_its_numbers_whatever_is_asked_for_beside_it(kind: str) -> None:
    def of(numbers: Numbers, *shape: int) -> Tensor:
        made: Tensor = getattr(numbers, kind)(*shape)
        return made

    whole = of(Numbers(range(5), "test", CPU, 0, 40), 50, 3)
    assert torch.equal(of(Numbers([3], "test", CPU, 17, 2), 50, 3), whole[17:19, 3:4])
    assert torch.equal(of(Numbers([3], "test", CPU, 17, 2), 20, 3), whole[17:19, 3:4, :20])
    assert torch.equal(of(Numbers.of_one(3, "test"), 50, 3), whole[0, 3])


@pytest.mark.parametrize("chunk", [1, 7, 4096])
def test_the_size_of_the_chunks_changes_nothing(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = given(count=3).normal(11, 3)
    monkeypatch.setattr(module, "CHUNK", {"cpu": chunk})
    assert torch.equal(given(count=3).normal(11, 3), expected)


def test_single_precision_gives_the_rounded_numbers_of_double_precision() -> None:
    for kind in ("uniform", "normal"):
        single = getattr(given(), kind)(1000, dtype=torch.float32)
        assert torch.equal(single, getattr(given(), kind)(1000).float())
    assert float(given().uniform(100_000, dtype=torch.float32).min()) > 0
    assert float(given().uniform(100_000, dtype=torch.float32).max()) < 1


def test_an_order_is_a_permutation_and_all_are_equally_likely() -> None:
    orders = Numbers(range(100), "order", CPU, 0, 60).order(3).flatten(0, 1)
    assert orders.sort(dim=1).values.unique(dim=0).tolist() == [[0, 1, 2]]
    count = torch.bincount(orders @ torch.tensor([9, 3, 1])).double()
    assert stats.chisquare(count[count > 0].numpy()).pvalue > 1e-3
    assert int((count > 0).sum()) == 6


def test_compiled_code_gives_the_same_numbers_for_any_size(capfd: pytest.CaptureFixture[str]) -> None:
    for count, shape in ((2, (16, 2)), (9, (5, 3)), (1, (40,))):
        fast = Numbers((3, 4), "test", CPU, 0, count, compiled_kernels(CPU)).normal(*shape, dtype=torch.float32)
        assert torch.equal(fast, given(count=count).normal(*shape, dtype=torch.float32))


@pytest.mark.gpu
def test_a_gpu_gives_the_same_numbers() -> None:
    for kind in ("uniform", "normal"):
        there = getattr(Numbers(range(8), "test", torch.device("cuda"), 5, 9), kind)(1001, dtype=torch.float32)
        here = getattr(Numbers(range(8), "test", CPU, 5, 9), kind)(1001, dtype=torch.float32)
        assert torch.equal(there.cpu(), here)
