"""A second opinion on fid, of features that no classifier gave: the principal components of the real images' pixels."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ablate.metrics.evaluation import Evaluation, Evaluations, Reference, by_parts
from ablate.metrics.frechet import Gaussian, frechet_distances
from ablate.registry import register

COMPONENTS = 64
"""As many as a classifier has features"""
FITTED_ON = 4096
"""Images at most, where they have more pixels than that: what is decomposed is a matrix of images then, not of pixels"""


@dataclass(frozen=True)
class PixelComponents:
    """Where the pixels' mean lies, the directions of their largest variances, and the real sample along them."""

    mean: Tensor
    """[pixel] in float64"""
    axes: Tensor
    """[pixel, component], orthonormal"""
    real: Gaussian

    def of(self, samples: Tensor) -> Tensor:
        """Components [member, n, component] of samples [member, n, *sample]."""
        return (samples.flatten(2) - self.mean) @ self.axes


def pixel_components(reference: Reference) -> PixelComponents:
    """Fitted on the real sample; call it by `reference.once`.

    64 components, or as many as there are pixels, or images but one.
    """
    pixels = reference.samples.flatten(1)
    mean = pixels.mean(0)
    axes = principal_axes(pixels - mean, COMPONENTS)
    return PixelComponents(mean, axes, Gaussian.of_features((pixels - mean) @ axes))


def principal_axes(centred: Tensor, count: int) -> Tensor:
    """The directions [d, k] of the largest variances of centred samples [n, d] in float64, k the least of count, d, n − 1."""
    n, d = centred.shape
    if d <= FITTED_ON:
        return torch.linalg.eigh(centred.T @ centred).eigenvectors.flip(1)[:, : min(count, n - 1)]
    rows = centred[:FITTED_ON]
    among_rows = torch.linalg.eigh(rows @ rows.T).eigenvectors.flip(1)[:, : min(count, len(rows) - 1)]
    return torch.linalg.qr(rows.T @ among_rows).Q


@register("metric", "fid_pca", better="less", scale="ratio", needs=("images",), at_end=True)
def fid_pca(e: Evaluation) -> float:
    """Fréchet distance of 64 principal components of the pixels, fitted on the real sample: no classifier is asked."""
    return float(e.together(_fids_of_components))


def _fids_of_components(runs: Evaluations) -> Tensor:
    fitted = runs.reference.once(pixel_components)
    return by_parts(
        lambda samples: frechet_distances(Gaussian.of_features(fitted.of(samples)), fitted.real), runs.samples
    )
