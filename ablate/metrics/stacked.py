"""Stacked MNIST's metrics: which of the 1000 triples of digits are found in 26,000 samples, and in what shares.

As VEEGAN (Srivastava et al. 2017) and PacGAN (Lin et al. 2018) count: a classifier of digits judges every channel. Both
metrics depend on the number of samples, so that with another number they are another protocol with another name: the
literature's names are of exactly 26,000, and those that end in a number are of so many, the first ones of an evaluation.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ablate.metrics.evaluation import Evaluation
from ablate.metrics.modes import kl
from ablate.registry import register


def modes_in(judged: Tensor) -> float:
    """Distinct triples among samples that are judged to be these: int64 [n]."""
    return float(len(judged.unique()))


def kl_of(judged: Tensor, classes: int) -> float:
    """KL in nats from the shares of the triples among samples that are judged to be these, int64 [n], to equal ones."""
    share = torch.bincount(judged, minlength=classes).double() / len(judged)
    return kl(share, torch.full_like(share, 1 / len(share)))


@register("metric", "stacked_modes", better="greater", needs=("stacked",))
def stacked_modes(e: Evaluation) -> float:
    """Distinct triples of digits among 26,000 samples, of 1000."""
    return modes_in(e.judged)


@register("metric", "stacked_kl", better="less", needs=("stacked",))
def stacked_kl(e: Evaluation) -> float:
    """KL in nats from the shares of the triples among 26,000 samples to equal ones; 0.019 for a perfect sampler.

    That is the mean of the estimate under equal shares, (1000 - 1) / (2 · 26,000).
    """
    return kl_of(e.judged, e.reference.dataset.n_classes)


@register("metric", "stacked_modes_10k", better="greater", needs=("stacked_10k",))
def stacked_modes_10k(e: Evaluation) -> float:
    """Distinct triples of digits among 10,000 samples, of 1000; 999.95 on average for a perfect sampler."""
    return modes_in(e.judged[:10_000])


@register("metric", "stacked_kl_10k", better="less", needs=("stacked_10k",))
def stacked_kl_10k(e: Evaluation) -> float:
    """KL in nats from the shares of the triples among 10,000 samples to equal ones; about 0.051 for a perfect sampler."""
    return kl_of(e.judged[:10_000], e.reference.dataset.n_classes)


@register("metric", "stacked_modes_5k", better="greater", needs=("stacked_5k",))
def stacked_modes_5k(e: Evaluation) -> float:
    """Distinct triples of digits among 5,000 samples, of 1000; 993.3 on average for a perfect sampler."""
    return modes_in(e.judged[:5000])


@register("metric", "stacked_kl_5k", better="less", needs=("stacked_5k",))
def stacked_kl_5k(e: Evaluation) -> float:
    """KL in nats from the shares of the triples among 5,000 samples to equal ones; about 0.104 for a perfect sampler."""
    return kl_of(e.judged[:5000], e.reference.dataset.n_classes)


@register("metric", "stacked_modes_1k", better="greater", needs=("stacked_1k",))
def stacked_modes_1k(e: Evaluation) -> float:
    """Distinct triples of digits among 1,000 samples, of 1000; 632.3 on average for a perfect sampler."""
    return modes_in(e.judged[:1000])
