"""Samples from the generators of a cohort, with fixed noise for each run."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from ablate.networks.standing import standing_statistics
from ablate.training.cohort import Cohort

STANDING_BATCHES = 50
"""Generated batches over which the standing statistics of batch norm are taken."""
CHUNK_NUMBERS = 2**22


def sample(cohort: Cohort, n: int) -> tuple[Tensor, Tensor | None]:
    """n samples of every member, [member, n, *sample] in float64 on the CPU, and the labels asked for, [n].

    The noise is the same at every call; labels go round the classes, so that each is asked for equally often.
    """
    latent_size = cohort.configs[0].latent_size
    labels = _labels(cohort, n)
    (latent,) = cohort.noise("evaluation latent", (n, latent_size), "normal").take(0, 1)
    members = len(cohort.configs)
    chunk = max(1, CHUNK_NUMBERS // (members * max(64, *cohort.dataset.shape) * cohort.configs[0].width))
    parts = []
    with torch.no_grad(), standing_statistics(cohort.pair.generator, cohort.generator, _standing_batches(cohort)):
        for start in range(0, n, chunk):
            stop = min(n, start + chunk)
            asked = labels[start:stop].expand(members, -1) if labels is not None else None
            parts.append(cohort.pair.generator(cohort.generator, latent[0, :, start:stop], asked).cpu().double())
    return torch.cat(parts, dim=1), labels.cpu() if labels is not None else None


def _labels(cohort: Cohort, n: int) -> Tensor | None:
    if not cohort.conditional:
        return None
    return torch.arange(n, device=cohort.device) % cohort.dataset.n_classes


def _standing_batches(cohort: Cohort) -> Iterator[tuple[Tensor, Tensor | None]]:
    config = cohort.configs[0]
    stream = cohort.noise("standing latent", (config.batch_size, config.latent_size), "normal")
    labels = _labels(cohort, config.batch_size)
    asked = labels.expand(len(cohort.configs), -1) if labels is not None else None
    for i in range(STANDING_BATCHES):
        (latent,) = stream.take(i, 1)
        yield latent[0], asked
