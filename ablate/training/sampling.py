"""Samples from the generators of a cohort, with fixed noise for each run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from ablate.networks.standing import Statistics, collect, standing
from ablate.training.cohort import Cohort

KEPT_POINTS, KEPT_IMAGES = 500, 64
"""Samples that a run leaves behind for pictures."""
STANDING_BATCHES = 50
"""Generated batches over which the standing statistics of batch norm are taken."""
CHUNK_NUMBERS = 2**22


def sample(
    cohort: Cohort, n: int, statistics: Statistics | None = None, generator: Tensor | None = None
) -> tuple[Tensor, Tensor | None]:
    """n samples of every member, [member, n, *sample] in float64 on the CPU, and the labels asked for, [n].

    The noise is the same at every call; labels go round the classes, so that each is asked for equally often.
    `generator` [member, parameter] takes the place of the generators as they are now; `statistics` are its own, and
    collected where they are not given.
    """
    labels = _labels(cohort, n)
    samples = _samples(cohort, "evaluation latent", n, labels, statistics, generator)
    return samples, labels.cpu() if labels is not None else None


def picture_samples(cohort: Cohort, n: int, labels: Sequence[int] | None, statistics: Statistics) -> Tensor:
    """n samples of every member with these labels, [member, n, *sample], for pictures over time: own, fixed noise."""
    asked = torch.tensor(labels, device=cohort.device) if cohort.conditional else None
    return _samples(cohort, "picture latent", n, asked, statistics)


def standing_statistics(cohort: Cohort, generator: Tensor) -> Statistics:
    """The standing statistics of generators [member, parameter] of the cohort, over fixed noise."""
    return collect(cohort.pair.generator, generator, _standing_batches(cohort))


def as_pictures(samples: Tensor) -> np.ndarray:
    """Samples [n, *sample] as they are kept: points as float32, images in [-1, 1] as uint8."""
    if samples.dim() == 2:
        return np.asarray(samples.float().numpy())
    return np.asarray(((samples.nan_to_num() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).numpy())


def _samples(
    cohort: Cohort,
    purpose: str,
    n: int,
    labels: Tensor | None,
    statistics: Statistics | None,
    generator: Tensor | None = None,
) -> Tensor:
    generator = cohort.generator if generator is None else generator
    latent = cohort.noise(purpose, (n, cohort.configs[0].latent_size), "normal").take(0, 1)
    members = len(cohort.configs)
    chunk = max(1, CHUNK_NUMBERS // (members * max(64, *cohort.dataset.shape) * cohort.configs[0].width))
    statistics = standing_statistics(cohort, generator) if statistics is None else statistics
    parts = []
    with torch.no_grad(), standing(cohort.pair.generator, statistics):
        for start in range(0, n, chunk):
            stop = min(n, start + chunk)
            asked = labels[start:stop].expand(members, -1) if labels is not None else None
            parts.append(cohort.pair.generator(generator, latent[0, :, start:stop], asked).cpu().double())
    return torch.cat(parts, dim=1)


def _labels(cohort: Cohort, n: int) -> Tensor | None:
    if not cohort.conditional:
        return None
    return cohort.dataset.asked_labels(n).to(cohort.device)


def _standing_batches(cohort: Cohort) -> Iterator[tuple[Tensor, Tensor | None]]:
    config = cohort.configs[0]
    stream = cohort.noise("standing latent", (config.batch_size, config.latent_size), "normal")
    labels = _labels(cohort, config.batch_size)
    asked = labels.expand(len(cohort.configs), -1) if labels is not None else None
    for i in range(STANDING_BATCHES):
        yield stream.take(i, 1)[0], asked
