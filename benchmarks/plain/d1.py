"""D1: the conditional CWGAN-GP for MNIST at 32 × 32, its two networks as the document's code has them.

Kept: an embedding of 10 for the label in each network, transposed convolutions with BatchNorm and LeakyReLU 1e-4, a
critic with InstanceNorm (no scale, no shift) and LeakyReLU 0.2, biases before the norms, 5 critic steps, λ = 10, Adam 1e-4
(0.5, 0.9), batch 64. The document's loop uses one real batch for all critic steps, and the last critic step's fake batch
for the generator's step: `as_written`. At 64 × 64 there is one stage more, as in gan-zoo's DCGAN to which D4 points.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from benchmarks.plain.wgan_gp import WganGp

CLASSES, LABEL_EMBED_DIM = 10, 10


def _stages(image_size: int) -> int:
    stages = {32: 3, 64: 4}.get(image_size)
    if stages is None:
        raise ValueError(f"image_size is {image_size}, expected 32 or 64")
    return stages


class Generator(nn.Module):
    """z [batch, z_dim] or [batch, z_dim, 1, 1] and labels [batch] to [batch, channels, size, size] in (−1, 1)."""

    def __init__(
        self, features: int = 64, image_size: int = 32, channels: int = 1, z_dim: int = 100, conditional: bool = True
    ):
        super().__init__()
        self.label_embed = nn.Embedding(CLASSES, LABEL_EMBED_DIM) if conditional else None
        widths = [features * 8 // 2**i for i in range(_stages(image_size))]
        inputs = z_dim + (LABEL_EMBED_DIM if conditional else 0)
        layers: list[nn.Module] = []
        for i, outputs in enumerate(widths):
            stride, padding = (1, 0) if i == 0 else (2, 1)
            layers += [
                nn.ConvTranspose2d(inputs, outputs, 4, stride, padding),
                nn.BatchNorm2d(outputs),
                nn.LeakyReLU(negative_slope=0.0001, inplace=True),
            ]
            inputs = outputs
        self.model = nn.Sequential(*layers, nn.ConvTranspose2d(inputs, channels, 4, 2, 1), nn.Tanh())

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        x = z.view(len(z), -1, 1, 1)
        if self.label_embed is not None:
            x = torch.cat([x, self.label_embed(labels).unsqueeze(2).unsqueeze(3)], dim=1)
        return self.model(x)


class Discriminator(nn.Module):
    """Images [batch, channels, size, size] and labels [batch] to a score [batch, 1]; a label is constant channels."""

    def __init__(self, features: int = 64, image_size: int = 32, channels: int = 1, conditional: bool = True):
        super().__init__()
        self.label_embed = nn.Embedding(CLASSES, LABEL_EMBED_DIM) if conditional else None
        layers: list[nn.Module] = []
        inputs = channels + (LABEL_EMBED_DIM if conditional else 0)
        for i in range(_stages(image_size)):
            outputs = features * 2**i
            layers.append(nn.Conv2d(inputs, outputs, 4, 2, 1))
            if i > 0:
                layers.append(nn.InstanceNorm2d(outputs))
            layers.append(nn.LeakyReLU(negative_slope=0.2, inplace=True))
            inputs = outputs
        self.model = nn.Sequential(*layers, nn.Conv2d(inputs, 1, 4, 1, 0), nn.Flatten())

    def forward(self, img: Tensor, labels: Tensor | None = None) -> Tensor:
        if self.label_embed is not None:
            label_embed = self.label_embed(labels).unsqueeze(2).unsqueeze(3)
            img = torch.cat([img, label_embed.repeat(1, 1, img.shape[2], img.shape[3])], dim=1)
        return self.model(img)


def d1(
    features: int = 64,
    image_size: int = 32,
    channels: int = 1,
    conditional: bool = True,
    n_critic: int = 5,
    as_written: bool = False,
    dtype: torch.dtype = torch.float32,
) -> WganGp:
    """The system of D1; as_written: the document's loop, with its one real batch and its reused fake batch."""
    return WganGp(
        Generator(features, image_size, channels, conditional=conditional).to(dtype),
        Discriminator(features, image_size, channels, conditional).to(dtype),
        latent_size=100,
        batch_size=64,
        n_critic=n_critic,
        lambda_gp=10.0,
        lr=1e-4,
        betas=(0.5, 0.9),
        reuse_batch=as_written,
        reuse_fake=as_written,
    )
