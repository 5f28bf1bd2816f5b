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
    n = loop.n_critic
    real, labels = cohort._real.take(0, steps * n)
    (latent,), (epsilon,) = cohort._latent.take(0, steps * n), cohort._epsilon.take(0, steps * n)
    (generator_latent,) = cohort._generator_latent.take(0, steps)
    found = []
    for step in range(steps):
        part = slice(step * n, (step + 1) * n)
        losses = loop.step(
            real[part, member],
            labels[part, member] if cohort.conditional else None,
            latent[part, member],
            epsilon[part, member],
            generator_latent[step, member],
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
