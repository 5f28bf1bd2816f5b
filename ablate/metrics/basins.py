"""Collapse whatever the sharpness: which modes or classes get a fair share of the samples, by nearest mode or arg max.

A blurred sample lies in the basin of its nearest mode, or in the class that the classifier finds most likely, and is
counted there; `modes@20` and `covered_classes` count it nowhere, and so measure sharpness together with coverage.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ablate.metrics.evaluation import Evaluation, Evaluations
from ablate.metrics.modes import FAIR_SHARE, counted, kl, nearest_modes
from ablate.registry import register

ROUNDING = 1e-9
"""Relative: a basin with exactly a fifth of its fair share is held, whichever way the product rounds"""


def basin_shares(e: Evaluation) -> tuple[Tensor, Tensor]:
    """Share of the samples in each basin, and its fair share, both [basin] in float64.

    Fair is equal for the modes of a mixture, and the real share for a class. A sample as near to two modes is counted once.
    """
    if e.reference.dataset.modes is None:
        held, fair = e.together(class_counts), e.reference.class_shares
    else:
        held = e.together(nearest_modes)[0]
        fair = torch.full((len(held),), 1 / len(held), dtype=torch.float64)
    return held.double() / held.sum(), fair


def class_counts(runs: Evaluations) -> Tensor:
    """How many samples the classifier takes for each class: [member, class], on the CPU."""
    return counted(runs.judged, len(runs.reference.class_shares))


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
