"""Squared Euclidean distances between many points, by one matrix product."""

from __future__ import annotations

import torch
from torch import Tensor


def squared_distances(x: Tensor, y: Tensor) -> Tensor:
    """‖x − y‖² of [..., n, d] and [..., m, d]: [..., n, m], 0 at least; rounded as torch.cdist rounds, and without its roots."""
    one_x, one_y = torch.ones_like(x[..., :1]), torch.ones_like(y[..., :1])
    left = torch.cat([-2 * x, x.square().sum(-1, keepdim=True), one_x], dim=-1)
    right = torch.cat([y, one_y, y.square().sum(-1, keepdim=True)], dim=-1)
    return (left @ right.mT).clamp_(min=0)
