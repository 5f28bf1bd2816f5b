"""fid of principal components of pixels, against scikit-learn's PCA and scipy's matrix square root."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from sklearn.decomposition import PCA
from torch import Tensor

from ablate.datasets import load_dataset
from ablate.datasets.digits import stored
from ablate.metrics import pca
from ablate.metrics.evaluation import Reference, evaluate
from ablate.metrics.frechet import Gaussian
from ablate.metrics.pca import pixel_components, principal_axes
from ablate.registry.measures import measure

DIGITS = load_dataset("digits", {})


def noisy(samples: Tensor, level: float) -> Tensor:
    return samples + level * torch.randn(samples.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def by_other_libraries(real: Tensor, fake: Tensor, components: int) -> float:
    fitted = PCA(components, svd_solver="full").fit(real.flatten(1).numpy())
    a, b = (fitted.transform(x.flatten(1).numpy()) for x in (real, fake))
    first, second = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    gap = np.square(a.mean(0) - b.mean(0)).sum()
    return float(gap + np.trace(first + second - 2 * sqrtm(first @ second).real))


def of_noise(side: int, n: int) -> Reference:
    """Images of correlated noise, of side × side pixels, whose features are those of digits' classifier."""
    rng = torch.Generator().manual_seed(1)
    smooth = torch.nn.functional.interpolate(torch.rand(n, 1, 4, 4, generator=rng), (side, side), mode="bilinear")
    images = (200 * smooth + 40 * torch.rand(n, 1, side, side, generator=rng)).to(torch.uint8)
    dataset = replace(stored("image_folder", images, torch.zeros(n, dtype=torch.int64), 1), own=True, labels=None)
    with pytest.warns(UserWarning, match="skipped"):
        return Reference(dataset, n)


def test_it_is_the_frechet_distance_along_scikit_learns_components() -> None:
    reference = of_noise(12, 500)  # 144 pixels
    fake = noisy(reference.samples, 0.3) + 0.1
    value = evaluate(fake, None, reference)
    assert set(value) == {"fid_pca"}, "without a classifier it is the only metric"
    assert value["fid_pca"] == pytest.approx(by_other_libraries(reference.samples, fake, 64), rel=1e-5)


def test_images_with_more_pixels_than_are_decomposed_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    reference = of_noise(12, 140)
    fake = noisy(reference.samples, 0.3)
    by_pixels = evaluate(fake, None, reference)["fid_pca"]
    monkeypatch.setattr(pca, "FITTED_ON", 143)  # fewer than the pixels, more than the images
    axes = pixel_components(reference).axes
    assert torch.allclose(axes.T @ axes, torch.eye(64, dtype=torch.float64), atol=1e-9)
    assert evaluate(fake, None, of_noise(12, 140))["fid_pca"] == pytest.approx(by_pixels, rel=1e-6)


@pytest.mark.parametrize(("n", "d", "k"), [(40, 100, 39), (200, 30, 30), (200, 100, 64)])
def test_there_are_no_more_components_than_pixels_or_images_but_one(n: int, d: int, k: int) -> None:
    centred = torch.randn(n, d, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    assert principal_axes(centred - centred.mean(0), 64).shape == (d, k)


def test_real_digits_are_near_0_and_it_grows_with_noise() -> None:
    reference = Reference.of(DIGITS, 1797)
    samples, _ = DIGITS.reference(1797, 5)
    exact, little, much = (
        evaluate(noisy(samples, level), None, reference, only=("fid_pca",))["fid_pca"] for level in (0, 0.1, 0.5)
    )
    assert exact < 1e-6 * Gaussian.of_features(samples.flatten(1)).trace < little < much
    # 64 pixels are 64 components: it is that of the pixels themselves
    assert much == pytest.approx(by_other_libraries(samples, noisy(samples, 0.5), 64), rel=1e-5)


def test_it_is_taken_at_the_end_of_images_alone() -> None:
    reference = Reference.of(DIGITS, 200)
    samples, _ = DIGITS.reference(200, 5)
    assert "fid_pca" not in evaluate(samples, None, reference, end=False)
    assert measure("fid_pca").at_end
    ring = load_dataset("ring8", {})
    assert "fid_pca" not in evaluate(ring.reference(200, 5)[0], None, Reference.of(ring, 200))
