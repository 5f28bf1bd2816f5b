"""The WGAN-GP paper's toy experiment (Gulrajani et al. 2017; its authors' gan_toy.py), which D4 describes by its figures.

Kept: points in the plane, noise of 2 normal numbers, ReLU, no norm, 5 critic steps, λ = 0.1, Adam 1e-4 (0.5, 0.9), the
generator's step on fresh noise. Changed: PyTorch's start weights where theirs are He's.
"""

from __future__ import annotations

import torch

from benchmarks.plain.mlp import Critic, Generator
from benchmarks.plain.wgan_gp import WganGp


def toy(width: int = 512, depth: int = 3, batch_size: int = 256, dtype: torch.dtype = torch.float32) -> WganGp:
    """`depth` hidden layers of `width` units in both networks; the paper's are 3 × 512 at batch 256."""
    hidden = (width,) * depth
    generator, critic = Generator(2, hidden, (2,), leak=0.0), Critic(hidden, (2,), leak=0.0)
    return WganGp(
        generator.to(dtype),
        critic.to(dtype),
        latent_size=2,
        batch_size=batch_size,
        n_critic=5,
        lambda_gp=0.1,
        lr=1e-4,
        betas=(0.5, 0.9),
    )
