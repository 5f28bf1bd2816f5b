"""D2: the WGAN for MNIST, its networks and its loop as the document's code has them.

Kept: Linear to 7 × 7, BatchNorm after ReLU, two convolutions with LeakyReLU 0.01 and dropout of whole channels at 0.5 in
the critic (F.dropout2d's default: on always), BatchNorm before its last layer, RMSprop 2e-4, batch 512, weights clipped to
± 0.01 before the critic's step and not after it, the critic's fake batch used again for the generator's step. The document
makes one critic step for each generator step; the paper it follows makes 5, and clips after the step.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.plain.wgan_gp import Batches, Losses

FULL_WIDTH = 64
Masks = tuple[Tensor, Tensor]
"""What the channels after each convolution are multiplied by: [batch, width] and [batch, 2·width], of 0 and 2"""


class Generator(nn.Module):
    """x [batch, 100] to images [batch, 1, 28, 28] in (−1, 1)."""

    def __init__(self, width: int = FULL_WIDTH):
        super().__init__()
        self.width = width
        self.linear1 = nn.Linear(100, 4 * width * 7 * 7)
        self.bn1 = nn.BatchNorm1d(4 * width * 7 * 7)
        self.deconv1 = nn.ConvTranspose2d(4 * width, 2 * width, kernel_size=3, stride=1, padding=1)
        self.bn2 = nn.BatchNorm2d(2 * width)
        self.deconv2 = nn.ConvTranspose2d(2 * width, width, kernel_size=4, stride=2, padding=1)
        self.bn3 = nn.BatchNorm2d(width)
        self.deconv3 = nn.ConvTranspose2d(width, 1, kernel_size=4, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.bn1(F.relu(self.linear1(x)))
        x = x.view(-1, 4 * self.width, 7, 7)
        x = self.bn2(F.relu(self.deconv1(x)))
        x = self.bn3(F.relu(self.deconv2(x)))
        return torch.tanh(self.deconv3(x))


class Discriminator(nn.Module):
    """Images [batch, 1, 28, 28] to a score [batch, 1]; without given masks, dropout draws its own."""

    def __init__(self, width: int = FULL_WIDTH):
        super().__init__()
        self.width = width
        self.conv1 = nn.Conv2d(1, width, kernel_size=3, stride=2)
        self.conv2 = nn.Conv2d(width, 2 * width, kernel_size=3, stride=2)
        self.bn = nn.BatchNorm2d(2 * width)
        self.fc = nn.Linear(2 * width * 6 * 6, 1)

    def forward(self, x: Tensor, masks: Masks | None = None) -> Tensor:
        first, second = masks or (None, None)
        x = _dropout(F.leaky_relu(self.conv1(x)), first)
        x = _dropout(F.leaky_relu(self.conv2(x)), second)
        x = self.bn(x)
        return self.fc(x.view(-1, 2 * self.width * 6 * 6))


def _dropout(x: Tensor, mask: Tensor | None) -> Tensor:
    return F.dropout2d(x) if mask is None else x * mask[:, :, None, None]


class Wgan:
    """D2's two networks and the loop that trains them."""

    latent_size = 100

    def __init__(
        self, generator: Generator, critic: Discriminator, *, batch_size: int, n_critic: int, clip_first: bool,
        reuse_fake: bool, lr: float = 2e-4, clip_value: float = 0.01,
    ):  # fmt: skip
        """clip_first, reuse_fake: as the document has it; else the weights are clipped after the critic's step and the
        generator's step is on fresh noise, as in the WGAN paper's algorithm."""
        self.generator, self.critic = generator, critic
        self.batch_size, self.n_critic, self.clip_value = batch_size, n_critic, clip_value
        self.clip_first, self.reuse_fake = clip_first, reuse_fake
        self.critic_optimizer = torch.optim.RMSprop(critic.parameters(), lr=lr)
        self.generator_optimizer = torch.optim.RMSprop(generator.parameters(), lr=lr)

    def _clip(self) -> None:
        for p in self.critic.parameters():
            p.data.clamp_(-self.clip_value, self.clip_value)

    def step(
        self,
        real: Tensor,
        latents: Tensor,
        generator_latent: Tensor | None = None,
        masks: Sequence[Masks] | None = None,
    ) -> Losses:
        """n_critic critic steps and one generator step.

        real [n_critic, batch, 1, 28, 28], latents [n_critic, batch, 100], generator_latent [batch, 100] unless
        reuse_fake; masks: for each pass through the critic in turn, that is real and fake of every critic step, and at
        last the generator's fake: 2·n_critic + 1.
        """
        given = iter(masks if masks is not None else [None] * (2 * self.n_critic + 1))
        critic_losses = []
        for i in range(self.n_critic):
            if self.clip_first:
                self._clip()
            self.critic_optimizer.zero_grad()
            real_output = self.critic(real[i], next(given)).mean()
            with torch.set_grad_enabled(self.reuse_fake):
                fake = self.generator(latents[i])
            fake_output = self.critic(fake.detach(), next(given)).mean()
            loss = -real_output + fake_output
            loss.backward()
            self.critic_optimizer.step()
            if not self.clip_first:
                self._clip()
            critic_losses.append(loss.detach())
        self.generator_optimizer.zero_grad()
        if not self.reuse_fake:
            assert generator_latent is not None
            fake = self.generator(generator_latent)
        generator_loss = -self.critic(fake, next(given)).mean()
        generator_loss.backward()
        self.generator_optimizer.step()
        return Losses(torch.stack(critic_losses), generator_loss.detach())

    def train(self, steps: int, batches: Batches) -> Losses:
        """`steps` generator steps on given data and random noise; the last one's losses."""
        assert steps > 0
        like = self.generator.linear1.weight
        for _ in range(steps):
            real = torch.stack([next(batches)[0] for _ in range(self.n_critic)])
            shape = (self.n_critic + 1, self.batch_size, self.latent_size)
            latents = torch.randn(shape, dtype=like.dtype, device=like.device)
            losses = self.step(real, latents[:-1], None if self.reuse_fake else latents[-1])
        return losses


def d2(
    width: int = FULL_WIDTH,
    batch_size: int = 512,
    n_critic: int = 1,
    as_written: bool = True,
    dtype: torch.dtype = torch.float32,
) -> Wgan:
    """The system of D2; `width` scales all channels; as_written: its order of clipping, and its reused fake batch."""
    return Wgan(
        Generator(width).to(dtype), Discriminator(width).to(dtype), batch_size=batch_size, n_critic=n_critic,
        clip_first=as_written, reuse_fake=as_written,
    )  # fmt: skip
