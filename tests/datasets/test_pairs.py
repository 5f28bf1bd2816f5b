"""Pairs of distributions: what is said to be exact agrees with quadrature and with samples, by other libraries."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from ablate.datasets import load_dataset
from ablate.randomness.numbers import Numbers
from ablate.registry.components import wrong_options

PAIRS = [("parallel_lines", d, 1.0) for d in (0.0, 0.25, 4.0)]
PAIRS += [("normals", d, s) for d, s in ((0.0, 1.0), (2.0, 1.0), (1.0, 2.0), (0.5, 0.25), (0.0, 3.0))]
SIZE = 4000


def pair(name: str, distance: float, spread: float):
    options = {"distance": distance} | ({"spread": spread} if name == "normals" else {})
    dataset = load_dataset(name, options)
    assert dataset.counterpart is not None
    assert dataset.sampler is not None
    numbers = Numbers.of_one(3, "test")
    return (
        dataset.counterpart,
        dataset.sampler(SIZE, numbers)[0].numpy(),
        dataset.counterpart.sampler(SIZE, numbers)[0].numpy(),
    )


@pytest.mark.parametrize(("name", "distance", "spread"), PAIRS)
def test_samples_have_the_laws_that_the_pair_is_said_to_have(name: str, distance: float, spread: float) -> None:
    _, real, fake = pair(name, distance, spread)
    if name == "parallel_lines":
        assert (real[:, 0] == 0).all()
        assert (fake[:, 0] == distance).all()
        laws = [(real[:, 1], stats.uniform()), (fake[:, 1], stats.uniform())]
    else:
        laws = [(real[:, 0], stats.norm()), (fake[:, 0], stats.norm(distance, spread))]
        laws += [(real[:, 1], stats.norm()), (fake[:, 1], stats.norm())]
    for sample, law in laws:
        assert stats.kstest(sample, law.cdf).pvalue > 1e-3
    assert abs(np.corrcoef(real[:, 1], fake[:, 1])[0, 1]) < 0.1


@pytest.mark.parametrize(("distance", "spread"), [(d, s) for name, d, s in PAIRS if name == "normals"])
def test_the_distance_of_normals_is_that_of_their_quantiles(distance: float, spread: float) -> None:
    truth, *_ = pair("normals", distance, spread)
    gap = lambda q: abs(stats.norm.ppf(q) - stats.norm.ppf(q, distance, spread))  # noqa: E731
    assert truth.w1 == pytest.approx(integrate.quad(gap, 0, 1, limit=200)[0], abs=1e-6)


@pytest.mark.parametrize(("name", "distance", "spread"), PAIRS)
def test_the_distance_of_first_coordinates_is_that_of_samples(name: str, distance: float, spread: float) -> None:
    truth, real, fake = pair(name, distance, spread)
    assert truth.w1 == pytest.approx(stats.wasserstein_distance(real[:, 0], fake[:, 0]), abs=0.1)


@pytest.mark.parametrize(("distance", "spread"), [(d, s) for name, d, s in PAIRS if name == "normals"])
def test_the_discriminator_of_normals_is_the_ratio_of_densities(distance: float, spread: float) -> None:
    truth, real, fake = pair("normals", distance, spread)
    points = np.concatenate([real[:200], fake[:200]])
    p, q = stats.norm.pdf(points[:, 0]), stats.norm.pdf(points[:, 0], distance, spread)
    probability = truth.discriminator(torch.from_numpy(points).reshape(2, 200, 2)).flatten().numpy()
    np.testing.assert_allclose(probability, p / (p + q), rtol=1e-9, atol=1e-12)


def test_the_discriminator_of_lines_is_sure_where_they_are_apart_and_torn_where_they_are_one() -> None:
    truth, real, fake = pair("parallel_lines", 0.25, 1.0)
    assert (truth.discriminator(torch.from_numpy(real)) == 1).all()
    assert (truth.discriminator(torch.from_numpy(fake)) == 0).all()
    truth, real, _ = pair("parallel_lines", 0.0, 1.0)
    assert (truth.discriminator(torch.from_numpy(real)) == 0.5).all()


def test_a_distance_may_be_0_but_not_less_and_a_spread_is_above_0() -> None:
    assert list(wrong_options("normals", {"distance": 0.0, "spread": 2.0})) == []
    assert list(wrong_options("normals", {"distance": -1.0})) == [
        ("distance", "distance is -1.0, expected a finite number of at least 0")
    ]
    assert list(wrong_options("normals", {"spread": 0.0})) == [
        ("spread", "spread is 0.0, expected a finite number above 0")
    ]


def test_pairs_that_differ_in_an_option_have_different_fingerprints() -> None:
    prints = [load_dataset("normals", {"distance": d, "spread": s}).fingerprint for d, s in ((0, 1), (1, 1), (1, 2))]
    assert len(set(prints)) == 3
