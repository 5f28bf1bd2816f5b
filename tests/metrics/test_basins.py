"""Basins against a count by numpy: blurred samples that no mode counts, collapsed ones, classes of unequal shares, ties."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from ablate.datasets import load_dataset
from ablate.datasets.base import Dataset
from ablate.datasets.digits import stored
from ablate.metrics.basins import basin_kl, basins
from ablate.metrics.evaluation import Evaluation, Reference, evaluate

N = 10_000
DIGITS = load_dataset("digits", {})


def scores(samples: Tensor, dataset: Dataset) -> dict[str, float]:
    return evaluate(samples, None, Reference.of(dataset, len(samples)), only=("basins", "basin_kl", "modes@20"))


def counted(samples: Tensor, centers: Tensor) -> tuple[float, float]:
    """The share of modes with a fifth of their fair share, and the KL to equal shares, sample by sample with numpy."""
    x, at = samples.numpy(), centers.numpy()
    shares = np.zeros(len(at))
    for point in x:
        shares[np.argmin(np.hypot(*(at - point).T))] += 1 / len(x)
    there = shares[shares > 0]
    return float(np.mean(shares >= 0.2 / len(at) - 1e-9)), float(np.sum(there * np.log(there * len(at))))


@pytest.mark.parametrize("name", ["ring8", "grid25"])
def test_a_blurred_sampler_holds_all_basins_of_which_modes_at_20_counts_none(name: str) -> None:
    dataset = load_dataset(name, {})
    assert dataset.modes is not None
    samples, labels = dataset.reference(N, 5)
    noise = torch.randn(N, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    blurred = dataset.modes.centers[labels] + 15 * dataset.modes.std * noise
    values = scores(blurred, dataset)
    assert values["modes@20"] == 0
    assert values["basins"] == 1
    assert (values["basins"], pytest.approx(values["basin_kl"], rel=1e-9)) == counted(blurred, dataset.modes.centers)
    assert scores(samples, dataset)["basin_kl"] < 3 * (len(dataset.modes.centers) - 1) / (2 * N)  # as equal shares


def test_a_collapsed_sampler_holds_the_basins_that_it_is_in_however_far_from_their_modes() -> None:
    dataset = load_dataset("ring8", {})
    assert dataset.modes is not None
    collapsed = 3 * dataset.modes.centers[torch.tensor([0, 0, 0, 5]).repeat(N // 4)]
    values = scores(collapsed, dataset)
    assert values["basins"] == 2 / 8
    assert values["basin_kl"] == pytest.approx(0.75 * math.log(0.75 * 8) + 0.25 * math.log(0.25 * 8))
    assert (values["basins"], pytest.approx(values["basin_kl"])) == counted(collapsed, dataset.modes.centers)


@pytest.mark.parametrize(("name", "fifth"), [("ring8", 250), ("grid25", 80)])  # of 10,000 / 8 and 10,000 / 25
def test_a_basin_is_held_from_exactly_a_fifth_of_its_fair_share(name: str, fifth: int) -> None:
    dataset = load_dataset(name, {})
    assert dataset.modes is not None
    modes = len(dataset.modes.centers)
    for count, held in ((fifth, 2), (fifth - 1, 1)):
        samples = dataset.modes.centers[torch.tensor([0] * (N - count) + [1] * count)]
        assert scores(samples, dataset)["basins"] == held / modes


def test_a_sample_between_modes_is_counted_once() -> None:
    dataset = load_dataset("ring8", {})
    values = scores(torch.zeros(N, 2, dtype=torch.float64), dataset)  # as near to all eight
    assert values["basins"] in (0, 1 / 8)  # rounding may prefer some mode, but all samples go there
    assert values["basin_kl"] == pytest.approx(math.log(8))


def unequal(shares: list[float]) -> Dataset:
    """Digits with these shares of the classes 0 to 9."""
    assert DIGITS.images is not None
    assert DIGITS.labels is not None
    chosen = [(DIGITS.labels == k).nonzero().flatten()[: round(share * 174)] for k, share in enumerate(shares)]
    index = torch.cat(chosen)
    return stored("digits", DIGITS.images[index], DIGITS.labels[index], 10)


def test_a_class_is_held_from_a_fifth_of_its_real_share_with_unequal_classes() -> None:
    dataset = unequal([1.0] * 5 + [0.05] * 5)
    reference = Reference(dataset, 500, Reference.of(DIGITS, 500).extractor)
    assert dataset.labels is not None
    real = np.bincount(dataset.labels.numpy(), minlength=10) / len(dataset.labels)
    judged = np.array([0] * 700 + [1] * 286 + [5] * 6 + [6] * 1 + [7] * 7)
    evaluation = Evaluation(torch.zeros(len(judged), 1, 8, 8), None, reference)
    evaluation.runs.judged = torch.from_numpy(judged)[None]  # in place of the classifier's judgement
    shares = np.bincount(judged, minlength=10) / len(judged)
    assert [k for k in range(10) if shares[k] >= 0.2 * real[k]] == [0, 1, 5, 7]  # 0.6 % of 1 % is held, 0.1 % is not
    assert basins(evaluation) == 4 / 10
    there = shares > 0
    assert basin_kl(evaluation) == pytest.approx(float(np.sum(shares[there] * np.log(shares[there] / real[there]))))


def test_digits_too_blurred_to_be_judged_with_confidence_hold_their_basins() -> None:
    images, _ = DIGITS.reference(1797, 5)
    faint = 0.55 * images - 0.45  # a lower contrast: most are still recognized, few with confidence
    values = evaluate(faint, None, Reference.of(DIGITS, 1797))
    assert values["basins"] == 1 > values["covered_classes"] / 10
    assert values["basin_kl"] == pytest.approx(values["class_kl"])


def test_data_without_modes_or_classes_have_no_basins() -> None:
    dataset = load_dataset("swiss_roll", {})
    values = evaluate(dataset.reference(500, 5)[0], None, Reference.of(dataset, 500))
    assert {"basins", "basin_kl"}.isdisjoint(values)
