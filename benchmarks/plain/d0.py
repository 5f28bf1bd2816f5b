"""D0: a fully connected WGAN-GP for MNIST.

Kept: Linear, LeakyReLU, Linear, Tanh; 28 × 28 images, latent 100, batch 64, Adam at 2e-4 with PyTorch's betas, one critic
step for each generator step. Its code lost all brackets, so these are assumptions: 256 hidden units, slope 0.2, λ = 10, a
critic that mirrors the generator. Mended: the generator's fake samples are detached from it and the sign of the critic's
loss is reversed in the text; neither would train. The critic's step comes first here, in the text the generator's.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from benchmarks.plain.mlp import Critic, Generator
from benchmarks.plain.wgan_gp import WganGp

IMAGE = (1, 28, 28)
LEAK = 0.2


def d0(hidden: Sequence[int] = (256,), n_critic: int = 1, dtype: torch.dtype = torch.float32) -> WganGp:
    """The system of D0 with these hidden layers in both networks."""
    return WganGp(
        Generator(100, hidden, IMAGE, LEAK).to(dtype),
        Critic(hidden, IMAGE, LEAK).to(dtype),
        latent_size=100,
        batch_size=64,
        n_critic=n_critic,
        lambda_gp=10.0,
        lr=2e-4,
        betas=(0.9, 0.999),
    )
