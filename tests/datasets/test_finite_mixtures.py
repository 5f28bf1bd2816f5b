"""Mixtures with a finite training set: what is trained on, what they are held against, and what their names are."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ablate.config.run_config import RunConfig
from ablate.datasets import load_dataset
from ablate.training.streams import RealBatches
from tests.support.small_runs import CPU

NAMES = ("ring8", "grid25", "swiss_roll")


def batches(name: str, seeds: tuple[int, ...] = (0,), steps: int = 25, **options: int) -> tuple[Tensor, Tensor]:
    """25 batches of 16: with 40 samples, ten epochs."""
    return RealBatches(load_dataset(name, options), seeds, "real", 16, torch.float64, CPU).take(0, steps)


@pytest.mark.parametrize("name", NAMES)
def test_batches_hold_the_training_set_alone_each_sample_once_an_epoch(name: str) -> None:
    samples, labels = batches(name, samples=40)
    own = load_dataset(name, {"samples": 40}).training_set
    assert own is not None
    points = samples[:, 0].flatten(0, 1)
    for epoch, given in zip(points.split(40), labels[:, 0].flatten().split(40), strict=True):
        index = (epoch[:, None] == own[0]).all(2).nonzero()
        assert index[:, 1].sort().values.tolist() == list(range(40))
        assert torch.equal(own[1][index[:, 1]], given)


@pytest.mark.parametrize("name", NAMES)
def test_all_runs_share_the_training_set_in_an_order_of_their_own(name: str) -> None:
    samples, _ = batches(name, (0, 1), 5, samples=80)
    first, second = samples[:, 0].flatten(0, 1), samples[:, 1].flatten(0, 1)
    assert not torch.equal(first, second)
    assert {tuple(p) for p in first.tolist()} == {tuple(p) for p in second.tolist()}


@pytest.mark.parametrize("name", NAMES)
def test_the_reference_is_fresh_and_the_same_as_without_a_training_set(name: str) -> None:
    plain, finite = load_dataset(name, {}), load_dataset(name, {"samples": 500})
    assert torch.equal(plain.reference(2000, 3)[0], finite.reference(2000, 3)[0])
    assert finite.training_set is not None
    assert float(torch.cdist(finite.training_set[0], finite.reference(2000, 2**20)[0]).min()) > 0


@pytest.mark.parametrize("name", NAMES)
def test_the_seed_of_the_data_gives_another_set_and_another_fingerprint(name: str) -> None:
    sets = [load_dataset(name, {"samples": 40, "data_seed": seed}) for seed in (0, 0, 1)]
    same, again, other = (dataset.training_set[0] for dataset in sets if dataset.training_set is not None)
    assert torch.equal(same, again)
    assert not torch.equal(same, other)
    fingerprints = [dataset.fingerprint for dataset in sets]
    assert fingerprints[0] == fingerprints[1] != fingerprints[2]
    assert load_dataset(name, {}).fingerprint not in fingerprints


def test_without_a_size_everything_is_as_it_was() -> None:
    assert [load_dataset(name, {}).fingerprint for name in NAMES] == PLAIN
    assert load_dataset("ring8", {}).training_set is None
    settings = {"dataset": "ring8", "generator_steps": 100}
    given = RunConfig.model_validate({**settings, "dataset_options": {"samples": 0, "data_seed": 0}})
    assert given.run_id == RunConfig.model_validate(settings).run_id
    assert RunConfig.model_validate({**settings, "dataset_options": {"samples": 500}}).run_id != given.run_id


PLAIN = ["d0918028d9a096d3", "6db960540ffa38d8", "72b5dd3fbf50b92a"]
"""Fingerprints in committed tables"""
