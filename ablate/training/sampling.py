"""Samples from the generators of a cohort, with fixed noise for each run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from ablate.networks.standing import Statistics, collect, of_members, standing
from ablate.training.cohort import Cohort

KEPT_POINTS, KEPT_IMAGES = 500, 64
"""Samples that a run leaves behind for pictures."""
STANDING_BATCHES = 50
"""Generated batches over which the standing statistics of batch norm are taken."""
AT_ONCE = {"cpu": 2**18, "cuda": 2**26}
"""Numbers in the widest layer that are made at a time: on a CPU what its cache holds, on a GPU what keeps it busy"""
FEWEST_ROWS = 128
"""Samples of a member at a time, if there is room for them: of fewer a product is slower"""
EVALUATED = {"cpu": 2**25, "cuda": 2**29}
"""Numbers in the samples that are evaluated together"""


def sample(
    cohort: Cohort,
    n: int,
    statistics: Statistics | None = None,
    generator: Tensor | None = None,
    members: Sequence[int] | None = None,
) -> tuple[Tensor, Tensor | None]:
    """n samples of every member, [member, n, *sample] in float64 on the cohort's device, and the labels asked for, [n].

    The noise is the same at every call; labels go round the classes, so that each is asked for equally often, and are on the
    CPU. `generator` [member, parameter] takes the place of the generators as they are now; `statistics` are its own, and
    collected where they are not given. `members`: of these alone.
    """
    labels = _labels(cohort, n)
    samples = _samples(cohort, "evaluation latent", n, labels, statistics, generator, members)
    return samples, labels.cpu() if labels is not None else None


def blocks(cohort: Cohort, n: int, members: Sequence[int]) -> Iterator[Sequence[int]]:
    """The members, as many at a time as can be evaluated together on n samples each."""
    together = max(1, EVALUATED[cohort.device.type] // (n * math.prod(cohort.dataset.shape)))
    for start in range(0, len(members), together):
        yield members[start : start + together]


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
        return np.asarray(samples.float().cpu().numpy())
    return np.asarray(((samples.cpu().nan_to_num() + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).numpy())


def _samples(
    cohort: Cohort,
    purpose: str,
    n: int,
    labels: Tensor | None,
    statistics: Statistics | None,
    generator: Tensor | None = None,
    members: Sequence[int] | None = None,
) -> Tensor:
    generator = cohort.generator if generator is None else generator
    statistics = standing_statistics(cohort, generator) if statistics is None else statistics
    members = range(len(cohort.configs)) if members is None else members
    most = max(1, AT_ONCE[cohort.device.type] // widest(cohort))
    parts = -(-len(members) * FEWEST_ROWS // most)
    together = max(1, -(-len(members) // parts))
    done = []
    for start in range(0, len(members), together):
        block = members[start : start + together]
        done.append(_of_block(cohort, block, purpose, n, max(1, most // len(block)), labels, statistics, generator))
    return torch.cat(done)


def _of_block(
    cohort: Cohort,
    members: Sequence[int],
    purpose: str,
    n: int,
    rows: int,
    labels: Tensor | None,
    statistics: Statistics,
    generator: Tensor,
) -> Tensor:
    """Samples of these members, `rows` of each at a time."""
    network, own = cohort.generators_of(len(members)), torch.tensor(members, device=cohort.device)
    latent = cohort.noise(purpose, (n, cohort.configs[0].latent_size), "normal", members).take(0, 1)[0]
    samples = torch.empty(len(members), n, *cohort.dataset.shape, dtype=torch.float64, device=cohort.device)
    weights = generator[own]
    with torch.no_grad(), standing(network, of_members(statistics, own, len(cohort.configs))):
        for start in range(0, n, rows):
            asked = labels[start : start + rows].expand(len(members), -1) if labels is not None else None
            samples[:, start : start + rows] = network(weights, latent[:, start : start + rows], asked)
    return samples


def widest(cohort: Cohort) -> int:
    """Numbers in the widest layer of a generator for one sample, found on tensors without data."""
    meta, network, sizes = torch.device("meta"), cohort.generators_of(1), [math.prod(cohort.dataset.shape)]

    def note(module: nn.Module, inputs: object, output: Tensor) -> None:
        sizes.append(output.numel() // 2)

    hooks = [module.register_forward_hook(note) for module in network.module.modules()]
    latent = torch.empty(1, 2, cohort.configs[0].latent_size, device=meta)  # two, for batch norm takes no single one
    labels = torch.empty(1, 2, dtype=torch.int64, device=meta) if cohort.conditional else None
    try:
        network(torch.empty(1, network.size, device=meta), latent, labels)
    finally:
        for hook in hooks:
            hook.remove()
    return max(sizes)


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
