"""Whether plain and stacked train the same thing: their losses over some steps from the same weights, data and noise."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ablate.datasets.base import Dataset
from ablate.training.batches import GeneratorTurn
from ablate.training.cohort import Cohort
from ablate.training.step import Batch
from benchmarks.plain.d2 import Masks, Wgan
from benchmarks.plain.wgan_gp import Losses, WganGp
from benchmarks.weights import copy_member
from benchmarks.workloads import Loop, Workload

MEMBERS, STEPS = 2, 2
REAL, FAKE = 0, 1
"""Passes of a critic step that drop channels of their own"""
DROPPED = 0.5
"""Share of the channels that D2 drops"""
TOLERANCE = 1e-6
"""Both train in float64; what rounding leaves after two steps is far less, what another algorithm leaves far more"""


def train_plainly(workload: Workload, cohort: Cohort, member: int, steps: int) -> tuple[Loop, Tensor]:
    """A member of an untrained cohort trained by the plain loop: the loop, and its losses [steps, n_critic + 1]."""
    loop = workload.plain(cohort.dtype)
    for module in (loop.generator, loop.critic):
        module.to(cohort.device)
    copy_member(cohort.pair.generator, cohort.generator, member, loop.generator)
    copy_member(cohort.pair.critic, cohort.critic, member, loop.critic)
    rows = []
    for batches, turn in zip(*cohort.batches.take(0, steps), strict=True):
        losses = _step(loop, batches, turn, member)
        rows.append(torch.cat([losses.critic, losses.generator[None]]))
    return loop, torch.stack(rows).cpu()


def _step(loop: Loop, batches: Sequence[Batch], turn: GeneratorTurn, member: int) -> Losses:
    """One generator step of the plain loop, on what a member of the cohort consumes."""
    real = torch.stack([batch.real[member] for batch in batches])
    latents = torch.stack([batch.latent[member] for batch in batches])
    if isinstance(loop, WganGp):
        labels = [batch.labels[member] for batch in batches if batch.labels is not None]
        epsilons = torch.stack([batch.epsilon[member] for batch in batches])
        return loop.step(real, torch.stack(labels) if labels else None, latents, epsilons, turn.latent[member])
    assert isinstance(loop, Wgan)
    uniform = [batch.dropout[turn][member] for batch in batches if batch.dropout is not None for turn in (REAL, FAKE)]
    assert turn.dropout is not None
    return loop.step(real, latents, turn.latent[member], [_masks(u, loop) for u in (*uniform, turn.dropout[member])])


def _masks(uniform: Tensor, loop: Wgan) -> Masks:
    """D2's masks of a pass through its critic, of uniform numbers [batch, channel of both convolutions]."""
    kept = (uniform >= DROPPED).to(uniform.dtype) / (1 - DROPPED)
    return kept[:, : loop.critic.width], kept[:, loop.critic.width :]


def loss_difference(workload: Workload, dataset: Dataset, device: torch.device) -> float:
    """Largest difference of a loss between the two, relative to the largest loss, over members and steps in float64."""
    cohort = Cohort(workload.configs(MEMBERS, "fp64"), dataset, device)
    plain = torch.stack([train_plainly(workload, cohort, member, STEPS)[1] for member in range(MEMBERS)])
    critic, generator = cohort.advance(STEPS)
    critic_losses = critic[:, 0].reshape(STEPS, -1, MEMBERS).permute(2, 0, 1)
    stacked = torch.cat([critic_losses, generator[:, 0].T[..., None]], dim=2)
    return float((plain - stacked).abs().max() / stacked.abs().max())
