"""What the mode metrics say of real, collapsed and noisy samples of mixtures."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from ablate.datasets import load_dataset
from ablate.datasets.base import Dataset
from ablate.metrics.evaluation import Reference, evaluate
from ablate.metrics.modes import kl

N = 10_000


def scores(samples: Tensor, dataset: Dataset) -> dict[str, float]:
    return evaluate(samples, None, Reference.of(dataset, N))


@pytest.mark.parametrize(("name", "modes"), [("ring8", 8), ("grid25", 25)])
def test_a_real_sample_holds_every_mode_in_equal_shares(name: str, modes: int) -> None:
    dataset = load_dataset(name, {})
    values = scores(dataset.reference(N, 5)[0], dataset)
    share = 1 - math.exp(-4.5)  # of a two-dimensional normal within 3 standard deviations
    assert values["high_quality"] == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / N))
    assert values["modes@1"] == values["modes@20"] == modes
    assert values["mode_coverage"] == 1
    assert 0 <= values["reverse_kl"] < 3 * (modes - 1) / (2 * N)  # its mean under equal shares is (modes - 1) / 2n


@pytest.mark.parametrize("name", ["ring8", "grid25"])
def test_a_generator_of_one_point_holds_one_mode(name: str) -> None:
    dataset = load_dataset(name, {})
    assert dataset.modes is not None
    values = scores(dataset.modes.centers[:1].expand(N, 2), dataset)
    modes = len(dataset.modes.centers)
    assert values["modes@1"] == values["modes@20"] == values["high_quality"] == 1
    assert values["mode_coverage"] == 1 / modes
    assert values["reverse_kl"] == pytest.approx(math.log(modes))
    assert values["coverage"] < 0.02
    assert values["recall"] < 0.02


def test_noise_passes_modes_at_1_but_not_modes_at_20() -> None:
    dataset = load_dataset("ring8", {})
    noise = 3 * torch.rand(N, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64) - 1.5
    values = scores(noise, dataset)
    assert values["modes@1"] >= 7  # about 3 of 10,000 samples fall within reach of each mode
    assert values["modes@20"] == 0
    assert values["high_quality"] < 0.01


def test_a_generator_without_a_good_sample_has_the_reverse_kl_of_one_mode() -> None:
    values = scores(torch.full((N, 2), 50.0, dtype=torch.float64), load_dataset("ring8", {}))
    assert values["reverse_kl"] == pytest.approx(math.log(8))
    assert values["modes@1"] == values["high_quality"] == values["precision"] == 0


def test_a_mode_counts_from_a_fifth_of_its_fair_share() -> None:
    dataset = load_dataset("ring8", {})
    assert dataset.modes is not None
    for count, held in ((250, 2), (249, 1)):  # fair share: 10,000 / 8
        centers = dataset.modes.centers[torch.tensor([0] * (N - count) + [1] * count)]
        assert scores(centers, dataset)["modes@20"] == held


def test_data_without_modes_have_no_mode_metrics() -> None:
    dataset = load_dataset("swiss_roll", {})
    values = evaluate(dataset.reference(500, 5)[0], None, Reference.of(dataset, 500))
    assert {"modes@1", "modes@20", "mode_coverage", "reverse_kl", "high_quality"}.isdisjoint(values)
    assert {"fid", "w1", "coverage"} <= set(values)


def test_kl_takes_0_log_0_as_0_and_is_infinite_where_the_reference_has_nothing() -> None:
    half, left = torch.tensor([0.5, 0.5]).double(), torch.tensor([1.0, 0.0]).double()
    assert kl(left, half) == pytest.approx(math.log(2))
    assert kl(left, left) == 0
    assert kl(half, left) == math.inf
