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


@contextmanager
def standing_statistics(
    network: Network, flat: Tensor, batches: Iterable[tuple[Tensor, Tensor | None]]
) -> Iterator[None]:
    """Within the context, the network's batch norms use statistics over `batches` of (latent, labels)."""
    norms = [m for m in network.module.modules() if isinstance(m, Norm) and m.kind == "batch"]
    for layer in norms:
        layer.collected = []
    try:
        with torch.no_grad():
            if norms:
                for latent, labels in batches:
                    network(flat, latent, labels)
        for layer in norms:
            assert layer.collected
            means, variances = (torch.stack(part) for part in zip(*layer.collected, strict=True))
            layer.standing = means.mean(0), variances.mean(0) + means.var(0, correction=0)
            layer.collected = None
        yield
    finally:
        for layer in norms:
            layer.collected, layer.standing = None, None
