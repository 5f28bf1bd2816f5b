"""Standing statistics: what batch norm uses when a generator is sampled, so that a sample does not depend on its batch.

Collected in one pass over many generated batches, each normalized by itself, and averaged (BigGAN, Brock et al. 2019).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from ablate.networks.flat import Network
from ablate.networks.layers import Norm

Statistics = dict[str, tuple[Tensor, Tensor]]
"""Name of a batch norm in the network → mean and variance of its input, [member·feature] each"""


def batch_norms(network: Network) -> dict[str, Norm]:
    """The network's batch norms by name."""
    modules = network.module.named_modules()
    return {name: m for name, m in modules if isinstance(m, Norm) and m.kind == "batch"}


def collect(network: Network, flat: Tensor, batches: Iterable[tuple[Tensor, Tensor | None]]) -> Statistics:
    """The standing statistics of the parameters `flat` [member, parameter] over batches of (latent, labels)."""
    norms = batch_norms(network)
    if not norms:
        return {}
    for layer in norms.values():
        layer.collected = []
    try:
        with torch.no_grad():
            for latent, labels in batches:
                network(flat, latent, labels)
        return {name: _average(layer.collected) for name, layer in norms.items()}
    finally:
        for layer in norms.values():
            layer.collected = None


def _average(collected: list[tuple[Tensor, Tensor]] | None) -> tuple[Tensor, Tensor]:
    assert collected
    means, variances = (torch.stack(part) for part in zip(*collected, strict=True))
    return means.mean(0), variances.mean(0) + means.var(0, correction=0)


def of_members(statistics: Statistics, members: Tensor, count: int) -> Statistics:
    """The part of these members, int64 [k], of the statistics of `count` members."""

    def part(values: Tensor) -> Tensor:
        return values.unflatten(0, (count, -1))[members].flatten()

    return {name: (part(mean), part(variance)) for name, (mean, variance) in statistics.items()}


@contextmanager
def standing(network: Network, statistics: Statistics) -> Iterator[None]:
    """Within the context, the network's batch norms use these statistics."""
    norms = batch_norms(network)
    for name, layer in norms.items():
        layer.standing = statistics[name]
    try:
        yield
    finally:
        for layer in norms.values():
            layer.standing = None
