"""Stacked MNIST's metrics: which of the 1000 triples of digits are found in 26,000 samples, and in what shares.

As VEEGAN (Srivastava et al. 2017) and PacGAN (Lin et al. 2018) count: a classifier of digits judges every channel.
Only with exactly 26,000 samples, since both depend on their number; fewer or more are another protocol, and not reported.
"""

from __future__ import annotations

import torch

from ablate.metrics.evaluation import Evaluation
from ablate.metrics.modes import kl
from ablate.registry import register


@register("metric", "stacked_modes", better="greater", needs=("stacked",))
def stacked_modes(e: Evaluation) -> float:
    """Distinct triples of digits among 26,000 samples, of 1000."""
    return float(len(e.judged.unique()))


@register("metric", "stacked_kl", better="less", needs=("stacked",))
def stacked_kl(e: Evaluation) -> float:
    """KL in nats from the shares of the triples among 26,000 samples to equal ones; 0.019 for a perfect sampler.

    That is the mean of the estimate under equal shares, (1000 - 1) / (2 · 26,000).
    """
    share = torch.bincount(e.judged, minlength=e.reference.dataset.n_classes).double() / len(e.judged)
    return kl(share, torch.full_like(share, 1 / len(share)))
