"""Value surfaces: the critic's scores on a square around two-dimensional data, as WGAN-GP's figure 1b shows them."""

from __future__ import annotations

import numpy as np
import torch

from ablate.training.cohort import Cohort

SIDE = 64
MARGIN = 1.25
"""The square reaches this much further out than the real data."""
REAL = 2000


def extent(cohort: Cohort) -> float:
    """Half the side of the square, which is centred at 0."""
    real, _ = cohort.dataset.reference(REAL, 0)
    return MARGIN * float(real.abs().max())


def value_surfaces(cohort: Cohort) -> list[dict[str, np.ndarray]]:
    """Each member's `surface`, float32 [SIDE, SIDE], row i at y = half·(2i + 1)/SIDE − half, so upward, and `half`.

    Labels, where the critic is given them, are class 0.
    """
    half, members = extent(cohort), len(cohort.configs)
    line = (torch.arange(SIDE, dtype=torch.float64) + 0.5) * (2 * half / SIDE) - half
    y, x = torch.meshgrid(line, line, indexing="ij")
    points = torch.stack([x, y], dim=2).flatten(0, 1).to(cohort.device, cohort.dtype).expand(members, -1, -1)
    labels = torch.zeros(members, SIDE * SIDE, dtype=torch.int64, device=cohort.device) if cohort.conditional else None
    with torch.no_grad():
        scores = cohort.pair.critic(cohort.critic, points, labels).unflatten(1, (SIDE, SIDE)).float().cpu().numpy()
    return [{"surface": own, "half": np.asarray(half)} for own in scores]
