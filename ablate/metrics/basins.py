"""Collapse whatever the sharpness: which modes or classes get a fair share of the samples, by nearest mode or arg max.

A blurred sample lies in the basin of its nearest mode, or in the class that the classifier finds most likely, and is
counted there; `modes@20` and `covered_classes` count it nowhere, and so measure sharpness together with coverage.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ablate.metrics.evaluation import Evaluation
from ablate.metrics.modes import FAIR_SHARE, kl
from ablate.registry import register

ROUNDING = 1e-9
"""Relative: a basin with exactly a fifth of its fair share is held, whichever way the product rounds"""


def basin_shares(e: Evaluation) -> tuple[Tensor, Tensor]:
    """Share of the samples in each basin, and its fair share, both [basin] in float64.

    Fair is equal for the modes of a mixture, and the real share for a class. A sample as near to two modes is counted once.
    """
    modes = e.reference.dataset.modes
    if modes is None:
        basin, fair = e.judged, e.reference.class_shares
    else:
        basin = torch.cdist(e.samples, modes.centers.to(e.samples)).argmin(1)
        fair = torch.full((len(modes.centers),), 1 / len(modes.centers), dtype=torch.float64)
    return torch.bincount(basin, minlength=len(fair)).double() / len(basin), fair


@register("metric", "basins", better="greater", needs=("modes or classes",))
def basins(e: Evaluation) -> float:
    """Share of the modes (classes) that get at least 20 % of their fair share of samples, by nearest mode (arg max)."""
    shares, fair = e.once(basin_shares)
    return float((shares >= (1 - ROUNDING) * FAIR_SHARE * fair).double().mean())


@register("metric", "basin_kl", better="less", scale="ratio", needs=("modes or classes",))
def basin_kl(e: Evaluation) -> float:
    """KL in nats from the samples' shares of the modes (classes), by nearest mode (arg max), to their fair shares.

    Of classes this is class_kl; of modes reverse_kl counts high-quality samples alone, and this one all.
    """
    return kl(*e.once(basin_shares))
