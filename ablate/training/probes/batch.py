"""A probe of what a critic makes of a batch: whether one sample's score depends on the other samples."""

from __future__ import annotations

import torch
from torch import Tensor

from ablate.registry import register
from ablate.training.probes.view import CriticView

SAMPLES = 8
"""One gradient each"""


@register("probe", "cross_sample_slope")
def cross_sample_slope(view: CriticView) -> dict[str, Tensor]:
    """Largest absolute derivative of one sample's score with respect to another sample, over 8 real samples.

    0 where the critic maps samples to scores one by one; not 0 where it maps a batch to a batch, as with batch norm (WGAN-GP,
    section 4).
    """
    real = view.batch.real[:, :SAMPLES]
    labels = None if view.batch.labels is None else view.batch.labels[:, :SAMPLES]
    largest = real.new_zeros(len(real))
    for i in range(real.shape[1]):

        def score(x: Tensor, i: int = i) -> Tensor:
            return view.cohort.pair.critic(view.critic, x, labels)[:, i].sum()

        slopes = torch.func.grad(score)(real)  # of every member's score i, with respect to all its samples
        others = torch.cat([slopes[:, :i], slopes[:, i + 1 :]], dim=1)
        largest = torch.maximum(largest, others.flatten(1).abs().amax(1))
    return {"": largest}
