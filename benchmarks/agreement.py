"""Whether plain and stacked train the same thing: their losses over some steps from the same weights, data and noise."""

from __future__ import annotations

import torch
from torch import Tensor

from ablate.datasets.base import Dataset
from ablate.training.cohort import Cohort
from benchmarks.plain.wgan_gp import WganGp
from benchmarks.weights import copy_member
from benchmarks.workloads import Workload

MEMBERS, STEPS = 2, 2
TOLERANCE = 1e-6
"""Both train in float64; what rounding leaves after two steps is far less, what another algorithm leaves far more"""


def train_plainly(workload: Workload, cohort: Cohort, member: int, steps: int) -> tuple[WganGp, Tensor]:
    """A member of an untrained cohort trained by the plain loop: the loop, and its losses [steps, n_critic + 1]."""
    loop = workload.plain(cohort.dtype)
    assert isinstance(loop, WganGp)
    for module in (loop.generator, loop.critic):
        module.to(cohort.device)
    copy_member(cohort.pair.generator, cohort.generator, member, loop.generator)
    copy_member(cohort.pair.critic, cohort.critic, member, loop.critic)
    found = []
    for batches, turn in zip(*cohort.draws.take(0, steps), strict=True):
        labels = [batch.labels[member] for batch in batches if batch.labels is not None]
        losses = loop.step(
            torch.stack([batch.real[member] for batch in batches]),
            torch.stack(labels) if labels else None,
            torch.stack([batch.latent[member] for batch in batches]),
            torch.stack([batch.epsilon[member] for batch in batches]),
            turn.latent[member],
        )
        found.append(torch.cat([losses.critic, losses.generator[None]]))
    return loop, torch.stack(found).cpu()


def loss_difference(workload: Workload, dataset: Dataset, device: torch.device) -> float:
    """Largest difference of a loss between the two, relative to the largest loss, over members and steps in float64."""
    cohort = Cohort(workload.configs(MEMBERS, "fp64"), dataset, device)
    plain = torch.stack([train_plainly(workload, cohort, member, STEPS)[1] for member in range(MEMBERS)])
    critic, generator = cohort.advance(STEPS)
    critic_losses = critic[:, 0].reshape(STEPS, -1, MEMBERS).permute(2, 0, 1)
    stacked = torch.cat([critic_losses, generator[:, 0].T[..., None]], dim=2)
    return float((plain - stacked).abs().max() / stacked.abs().max())
