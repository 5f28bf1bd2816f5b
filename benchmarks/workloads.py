"""What is measured: each workload as ablate's settings and as the plain loop that trains the same thing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from pydantic import ValidationError
from torch import Tensor

from ablate import registry
from ablate.config.run_config import RunConfig, problems_of
from ablate.datasets.base import Dataset, to_unit
from ablate.errors import AblateError
from ablate.randomness.numbers import Numbers
from benchmarks.plain.d0 import d0
from benchmarks.plain.d1 import d1
from benchmarks.plain.d2 import Wgan, d2
from benchmarks.plain.toy import toy
from benchmarks.plain.wgan_gp import WganGp

Loop = WganGp | Wgan


@dataclass(frozen=True)
class Workload:
    """One training, written twice."""

    name: str
    settings: dict[str, Any]
    """of RunConfig; budget and seeds are added"""
    plain: Callable[[torch.dtype], Loop]

    def missing(self) -> str | None:
        """Which component of the settings this version of ablate does not have."""
        for kind in ("architecture", "dataset"):
            if registry.find(kind, self.settings[kind]) is None:
                return f"{kind} {self.settings[kind]} is not registered"
        return None

    def configs(self, members: int, precision: str = "fp32") -> list[RunConfig]:
        """The settings of a cohort, with seeds from 0; AblateError if they no longer fit RunConfig."""
        given = {**self.settings, "generator_steps": 10**9, "evaluations": 1, "precision": precision}
        try:
            return [RunConfig.model_validate({**given, "seed": seed}) for seed in range(members)]
        except ValidationError as error:
            problems = "; ".join(message for _, message in problems_of(error))
            raise AblateError(
                f"benchmarks/workloads.py: the settings of {self.name} are not RunConfig's: {problems}"
            ) from error


SAMPLES = 2**16
"""Of a sampler, that a plain loop trains on: fresh ones would cost it more than what it is compared with"""
ADAM = {"optimizer": "adam", "lr": 1e-4, "beta1": 0.5, "beta2": 0.9}
PENALTY = {"loss": "wasserstein", "lipschitz": "gradient_penalty"}


def _toy(width: int, batch_size: int) -> Workload:
    settings = {
        **PENALTY, **ADAM, "dataset": "ring8", "architecture": "mlp", "width": width, "depth": 3, "latent_size": 2,
        "critic_leak": 0.0, "generator_leak": 0.0, "lambda_gp": 0.1, "n_critic": 5, "batch_size": batch_size,
    }  # fmt: skip
    return Workload(f"toy_3x{width}", settings, lambda dtype: toy(width, 3, batch_size, dtype))


def _d0() -> Workload:
    settings = {
        **PENALTY, "dataset": "mnist", "architecture": "mlp", "width": 256, "depth": 1, "latent_size": 100,
        "critic_leak": 0.2, "generator_leak": 0.2, "lambda_gp": 10.0, "n_critic": 1, "batch_size": 64,
        "optimizer": "adam", "lr": 2e-4, "beta1": 0.9, "beta2": 0.999,
    }  # fmt: skip
    return Workload("d0_mlp", settings, lambda dtype: d0((256,), 1, dtype))


def _d1(width: int) -> Workload:
    settings = {
        **PENALTY, **ADAM, "dataset": "mnist32", "architecture": "dcgan", "width": width, "latent_size": 100,
        "critic_leak": 0.2, "generator_leak": 1e-4, "critic_norm": "instance", "generator_norm": "batch",
        "conditional": True, "lambda_gp": 10.0, "n_critic": 5, "batch_size": 64,
    }  # fmt: skip
    return Workload(f"d1_{width}", settings, lambda dtype: d1(width, dtype=dtype))


def _d2(width: int) -> Workload:
    settings = {
        "dataset": "mnist", "architecture": "wgan_mnist", "width": width, "latent_size": 100, "critic_leak": 0.01,
        "loss": "wasserstein", "lipschitz": "clip", "clip_value": 0.01, "n_critic": 1, "batch_size": 512,
        "optimizer": "rmsprop", "lr": 2e-4, "generator_norm": "batch", "critic_norm": "batch", "critic_dropout": 0.5,
    }  # fmt: skip
    return Workload(f"d2_{width}", settings, lambda dtype: d2(width, as_written=False, dtype=dtype))


WORKLOADS = {
    workload.name: workload
    for workload in (_toy(64, 128), _toy(128, 256), _toy(512, 256), _d0(), _d1(16), _d1(64), _d2(16), _d2(64))
}


def batches(
    dataset: Dataset, batch_size: int, dtype: torch.dtype, device: torch.device
) -> Iterator[tuple[Tensor, Tensor]]:
    """Endless batches for a plain loop: a stored set, or many samples of a sampler, in shuffled epochs on the device."""
    generator = torch.Generator(device=device).manual_seed(0)
    images, labels = dataset.images, dataset.labels
    if dataset.sampler is not None:
        images, labels = dataset.sampler(SAMPLES, Numbers.of_one(0, "plain loop"))
    assert images is not None
    images = images.to(device)
    labels = labels.to(device) if labels is not None else torch.zeros(len(images), dtype=torch.int64)
    while True:
        order = torch.randperm(len(images), generator=generator, device=device)
        for chosen in order.split(batch_size):
            if len(chosen) == batch_size:
                samples = images[chosen]
                yield samples.to(dtype) if samples.is_floating_point() else to_unit(samples, dtype), labels[chosen]
