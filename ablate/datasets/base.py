"""A real distribution as training and metrics see it: a sampler, or a stored set of images."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ablate.randomness.numbers import Numbers

GOLDEN = (5**0.5 - 1) / 2
"""Its multiples modulo 1 fill the unit interval most evenly"""


@dataclass(frozen=True)
class Modes:
    """The modes of a mixture of isotropic normals with equal weights."""

    centers: Tensor
    """[mode, dimension]"""
    std: float


Sampler = Callable[[int, Numbers], tuple[Tensor, Tensor]]
"""(n, numbers) → samples [*lead, n, *shape] in float64 and int64 labels [*lead, n], where what numbers gives is
[*lead, …], on its device: nothing for a single sample, [step, member] in training"""


@dataclass(frozen=True)
class Counterpart:
    """Another distribution that a critic can be trained against, of which theory says what the critic should find."""

    sampler: Sampler
    w1: float
    """the exact 1-Wasserstein distance of the two"""
    discriminator: Callable[[Tensor], Tensor]
    """points [..., dimension] → p_r / (p_r + p_g), the optimal discriminator (Goodfellow et al. 2014, proposition 1)"""


@dataclass(frozen=True)
class Dataset:
    """A real distribution: either a sampler, which gives fresh samples for every batch, or a stored set of images.

    `shape` is a sample's shape: (2,) or (channels, height, width); images hold values in [-1, 1].
    """

    name: str
    shape: tuple[int, ...]
    n_classes: int
    """0 where there are no labels"""
    fingerprint: str
    """hash of the stored images and labels, or of the sampler's geometry"""
    modes: Modes | None = None
    sampler: Sampler | None = None
    """of a set that is not stored"""
    training_set: tuple[Tensor, Tensor] | None = None
    """of a sampler: the only samples that are trained on, float64 [N, *shape], and their labels, int64 [N]; the reference
    stays fresh"""
    images: Tensor | None = None
    """uint8 [N, channels, height, width], where the set is stored"""
    labels: Tensor | None = None
    """int64 [N], where the set is stored and has labels"""
    own: bool = False
    """a user's own images: without a classifier for them, training goes on without the metrics of features"""
    channel_set: Dataset | None = None
    """the stored set whose images are the channels of a sample, where they are stacked"""
    classifier: str = ""
    """of which dataset the package's classifier judges these images, where not their own: they are of the same kind"""
    equal_classes: bool = True
    """labels are asked for equally often; else in the shares that the images have"""
    scale: float = 1.0
    """what the critic sees, real and generated samples alike, is multiplied by; the reference, metrics and pictures are not"""
    counterpart: Counterpart | None = None
    """what the critic is trained against with fakes: counterpart"""

    def reference(self, n: int, seed: int) -> tuple[Tensor, Tensor]:
        """A fixed real sample for the metrics: at most n samples [m, *shape] in float64 and labels [m].

        A sampler gives n fresh ones. A stored set gives its samples in an order shuffled by the seed; samples with
        different seeds overlap, so split one sample in two where they must not.
        """
        numbers = Numbers.of_one(seed, "reference")
        if self.sampler is not None:
            return self.sampler(n, numbers)
        assert self.images is not None
        chosen = numbers.order(len(self.images))[:n]
        labels = self.labels[chosen] if self.labels is not None else torch.zeros(len(chosen), dtype=torch.int64)
        return to_unit(self.images[chosen], torch.float64), labels

    def asked_labels(self, n: int) -> Tensor:
        """Labels of n samples to be generated, int64 [n]: those of any first part are in about the same shares.

        Equal shares go round the classes. Unequal ones are the quantiles of the golden ratio's multiples modulo 1.
        """
        if self.equal_classes:
            return torch.arange(n) % self.n_classes
        assert self.labels is not None
        uniform = (torch.arange(1, n + 1, dtype=torch.float64) * GOLDEN) % 1
        ordered: Tensor = self.labels.sort().values
        return ordered[(uniform * len(ordered)).long()]


def to_unit(images: Tensor, dtype: torch.dtype) -> Tensor:
    """uint8 in 0..255 → values in [-1, 1]."""
    return images.to(dtype) / 127.5 - 1.0


def fingerprint_of(*parts: Tensor | str) -> str:
    """Hash of tensors and texts: 16 hexadecimal digits."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode() if isinstance(part, str) else part.contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def fingerprint_of_tensors(tensors: dict[str, Tensor]) -> str:
    """Hash of named tensors, in the order of their names."""
    return fingerprint_of(*(part for name in sorted(tensors) for part in (name, tensors[name])))


def stored(name: str, images: Tensor, labels: Tensor, classes: int) -> Dataset:
    """The dataset of uint8 images [N, channels, height, width] with labels [N] below `classes`."""
    return Dataset(name, tuple(images.shape[1:]), classes, fingerprint_of(images, labels), images=images, labels=labels)
