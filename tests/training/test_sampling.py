"""Samples of a cohort's generators: of some members or of all, in parts of any size, they are the same."""

from __future__ import annotations

import pytest
import torch

from ablate.datasets import dataset_of
from ablate.training import sampling
from ablate.training.cohort import Cohort
from ablate.training.sampling import blocks, sample, standing_statistics, widest
from tests.support.small_runs import CPU, configs

POINTS = {"dataset": "ring8", "architecture": "mlp", "conditional": False, "generator_norm": "none", "width": 16}


def cohort(**settings: object) -> Cohort:
    runs = configs(3, **settings)
    return Cohort(runs, dataset_of(runs[0]), CPU)


@pytest.mark.parametrize("settings", [POINTS, {}], ids=["points", "images with batch norm and labels"])
def test_members_alone_and_small_parts_give_what_all_together_give(
    settings: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = cohort(**settings)
    statistics = standing_statistics(trained, trained.generator)
    whole, _ = sample(trained, 70, statistics)
    monkeypatch.setattr(sampling, "AT_ONCE", {"cpu": 16 * widest(trained)})
    for members in ([0, 1, 2], [2], [2, 0]):
        samples, _ = sample(trained, 70, statistics, members=members)
        torch.testing.assert_close(samples, whole[members], rtol=1e-5, atol=1e-6)


def test_the_widest_layer_of_a_plain_network_is_its_hidden_one() -> None:
    assert widest(cohort(**POINTS)) == 16


def test_blocks_hold_every_member_once_and_no_more_numbers_than_may_be_evaluated_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trained = cohort(**POINTS)
    monkeypatch.setattr(sampling, "EVALUATED", {"cpu": 2 * 100 * 2})
    assert [list(block) for block in blocks(trained, 100, [0, 1, 2])] == [[0, 1], [2]]
    assert [list(block) for block in blocks(trained, 1000, [0, 2])] == [[0], [2]]
