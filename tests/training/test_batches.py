"""The batches of a segment: laid out in memory alike whatever their number, or compiled steps would be compiled for each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from ablate.config.run_config import RunConfig
from ablate.datasets import dataset_of
from ablate.training.batches import Batches

KINDS = {
    "a sampler": {"dataset": "ring8"},
    "a finite training set": {"dataset": "ring8", "dataset_options": {"samples": 100}},
    "stored images": {"dataset": "digits", "conditional": True},
    "scaled images, reused": {"dataset": "digits", "dataset_options": {"scale": 2.0}, "reuse_batch": True},
    "packs": {"dataset": "digits", "pack": 2, "lipschitz": "dragan", "lambda_gp": 1},
    "noise beside fakes": {"dataset": "ring8", "fakes": "noisy_real", "instance_noise": 0.1, "n_critic": 2},
    "pairs": {"dataset": "digits", "loss": "relativistic", "lipschitz": "r1_r2", "lambda_gp": 1},
}


def tensors(batches: Batches, count: int) -> Iterator[tuple[str, Tensor]]:
    rounds, turns = batches.take(0, count)
    for item in (*rounds[-1], turns[-1]):
        for name, value in vars(item).items():
            if isinstance(value, Tensor):
                yield f"{type(item).__name__}.{name}", value


@pytest.mark.parametrize("kind", KINDS)
def test_batches_lie_in_memory_alike_whatever_their_number(kind: str) -> None:
    settings: dict[str, Any] = {"batch_size": 6, "latent_size": 4, "generator_steps": 20, **KINDS[kind]}
    config = RunConfig.model_validate(settings)
    batches = Batches(config, dataset_of(config), [0, 1], 0, torch.float32, torch.device("cpu"))
    one, many = tensors(batches, 1), tensors(batches, 5)
    for (name, a), (same, b) in zip(one, many, strict=True):
        assert (name, a.shape, a.stride()) == (same, b.shape, b.stride())
