"""What each seed gives, as numbers: every stream of every purpose is pinned, so that no change of the code changes a run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from ablate.config.run_config import RunConfig
from ablate.datasets import load_dataset
from ablate.datasets.base import Dataset
from ablate.metrics.evaluation import FLOOR_SEED, REFERENCE_SEED
from ablate.networks.flat import Network
from ablate.training.cohort import Cohort
from ablate.training.probes.view import CriticView
from ablate.training.sampling import picture_samples, sample, standing_statistics
from tests.support.small_runs import CPU

SEEDS = (0, 7)
FIRST, LATE = 0, 5000
"""Generator steps of which the numbers are pinned; the late one lies in another block of every stream"""
POINTS = {"dataset": "ring8", "width": 8, "batch_size": 16, "n_critic": 2, "latent_size": 2, "generator_norm": "batch",
          "generator_steps": 10_000, "precision": "fp64"}  # fmt: skip
IMAGES = POINTS | {"dataset": "mnist", "architecture": "wgan_mnist", "width": 2, "latent_size": 3, "conditional": True}
LINES = POINTS | {"dataset": "parallel_lines", "fakes": "counterpart"}
NOISY = POINTS | {"fakes": "noisy_real"}

PINNED: dict[str, list[list[float]]] = {
    "points, critic weights": [[-0.458598, 0.601893, 0.597927, -0.080281], [0.270875, 0.09794, -0.440331, 0.109482]],
    "points, generator weights": [
        [0.064533, -0.554548, 0.706589, -0.031032], [-0.466084, 0.209525, -0.184051, 0.075698]
    ],
    "images, critic weights": [
        [1.664797, -0.840332, -0.376527, -0.034071], [-0.778845, -0.362046, -1.65803, 0.062505]
    ],
    "images, generator weights": [
        [0.857423, 0.690252, -0.013368, 0.170615], [-1.123286, -1.509007, -0.798378, 0.160223]
    ],
    "points, real at 0": [[0.711657, -0.720755, 1.007516, 0.007453], [0.99052, 0.001204, -0.707275, 1.005077]],
    "points, critic latent at 0": [
        [-1.060876, -1.250549, 1.61866, -0.383981], [-0.256572, -0.769326, 0.837835, -0.982969]
    ],
    "points, epsilon at 0": [[0.810169, 0.482706, 0.191625, 0.374294], [0.113946, 0.230763, 0.196328, 0.421491]],
    "points, generator latent at 0": [
        [0.861667, -2.260129, 0.265883, 1.377136], [0.553412, 0.082252, -0.956961, -0.035865]
    ],
    "points, real at 5000": [[-1.001943, -0.015706, 0.728695, -0.717373], [0.997863, 0.004007, 0.706284, -0.731021]],
    "points, critic latent at 5000": [
        [-0.669445, -2.053283, 0.141786, 1.098059], [0.112589, 1.431022, 0.098774, -1.880218]
    ],
    "points, epsilon at 5000": [[0.063397, 0.131242, 0.403816, 0.256614], [0.251078, 0.414992, 0.913598, 0.898579]],
    "points, generator latent at 5000": [
        [0.137579, 0.110497, -0.344607, 2.196632], [-0.240251, 1.132448, 0.575444, 1.2935]
    ],
    "images, real at 0": [[35, 68, 121, 140], [193, 99, 132, 114]],
    "images, labels at 0": [[5, 8, 1, 0], [3, 9, 2, 4]],
    "images, critic latent at 0": [
        [-1.060876, -1.250549, 1.61866, -0.306367], [-0.256572, -0.769326, 0.837835, 0.280537]
    ],
    "images, epsilon at 0": [[0.810169, 0.482706, 0.191625, 0.374294], [0.113946, 0.230763, 0.196328, 0.421491]],
    "images, generator latent at 0": [
        [0.861667, -2.260129, 0.265883, -0.018871], [0.553412, 0.082252, -0.956961, -0.247561]
    ],
    "images, asked labels at 0": [[5, 8, 1, 0], [3, 9, 2, 4]],
    "images, generator dropout at 0": [
        [0.058874, 0.861065, 0.834541, 0.273607], [0.591618, 0.886932, 0.587696, 0.49016]
    ],
    "images, critic dropout at 0": [[0.213708, 0.826176, 0.9338, 0.726883], [0.656617, 0.681677, 0.784923, 0.208339]],
    "images, real at 5000": [[47, 111, 171, 89], [96, 188, 41, 92]],
    "images, labels at 5000": [[7, 1, 1, 9], [6, 8, 1, 2]],
    "images, critic latent at 5000": [
        [-0.669445, -2.053283, 0.141786, 1.839526], [0.112589, 1.431022, 0.098774, -1.307598]
    ],
    "images, epsilon at 5000": [[0.063397, 0.131242, 0.403816, 0.256614], [0.251078, 0.414992, 0.913598, 0.898579]],
    "images, generator latent at 5000": [
        [0.137579, 0.110497, -0.344607, -0.614405], [-0.240251, 1.132448, 0.575444, 0.709823]
    ],
    "images, asked labels at 5000": [[7, 1, 1, 9], [6, 8, 1, 2]],
    "images, generator dropout at 5000": [
        [0.796264, 0.532277, 0.851257, 0.347647], [0.649819, 0.056503, 0.453724, 0.999876]
    ],
    "images, critic dropout at 5000": [
        [0.736162, 0.780527, 0.260059, 0.44322], [0.755974, 0.359973, 0.947604, 0.573928]
    ],
    "single precision, real at 0": [
        [0.711657, -0.720755, 1.007516, 0.007453], [0.99052, 0.001204, -0.707275, 1.005077]
    ],
    "single precision, critic latent at 0": [
        [-1.060876, -1.250549, 1.61866, -0.383981], [-0.256572, -0.769326, 0.837835, -0.982969]
    ],
    "single precision, epsilon at 0": [
        [0.810169, 0.482706, 0.191625, 0.374294], [0.113946, 0.230763, 0.196328, 0.421491]
    ],
    "single precision, generator latent at 0": [
        [0.861667, -2.260129, 0.265883, 1.377136], [0.553412, 0.082252, -0.956961, -0.035865]
    ],
    "single precision, real at 5000": [
        [-1.001943, -0.015706, 0.728695, -0.717373], [0.997863, 0.004007, 0.706284, -0.731021]
    ],
    "single precision, critic latent at 5000": [
        [-0.669445, -2.053283, 0.141786, 1.098058], [0.112589, 1.431022, 0.098774, -1.880218]
    ],
    "single precision, epsilon at 5000": [
        [0.063397, 0.131242, 0.403816, 0.256614], [0.251078, 0.414992, 0.913598, 0.898579]
    ],
    "single precision, generator latent at 5000": [
        [0.137579, 0.110497, -0.344607, 2.196632], [-0.240251, 1.132448, 0.575444, 1.2935]
    ],
    "counterpart, fake at 0": [[1, 0.341483, 1, 0.611478], [1, 0.04471, 1, 0.593598]],
    "counterpart, fake at 5000": [[1, 0.20972, 1, 0.221466], [1, 0.626381, 1, 0.577009]],
    "noisy real, fake at 0": [[-1.377123, -0.574511, -0.075204, 1.134834], [2.400962, -1.790235, 0.227055, 0.751787]],
    "noisy real, fake at 5000": [
        [0.414628, -0.86663, -3.314597, 0.545527], [-1.16477, -1.578924, 0.936595, -2.636812]
    ],
    "points, probe real": [[-0.701806, 0.708, -0.695858, -0.722097], [0.694647, -0.711941, 0.000616, -0.707781]],
    "points, probe latent": [[0.275625, 0.607646, 0.728467, 0.773176], [0.788794, 0.554244, 1.276428, 1.713954]],
    "points, probe epsilon": [[0.05402, 0.149467, 0.163676, 0.654862], [0.29299, 0.468298, 0.158664, 0.021941]],
    "counterpart, probe fake": [[1, 0.06646, 1, 0.572523], [1, 0.69784, 1, 0.810289]],
    "counterpart, wide probe real": [[0, 0.776087, 0, 0.014667], [0, 0.500352, 0, 0.102569]],
    "counterpart, wide probe fake": [[1, 0.092471, 1, 0.576633], [1, 0.049184, 1, 0.396454]],
    "noisy real, probe fake": [[2.869127, 0.789545, 0.288492, 0.688431], [0.553239, -1.349083, -0.353612, -0.492722]],
    "noisy real, wide probe real": [
        [-0.012366, -0.980767, -0.716016, -0.013816], [-1.012134, 0.009883, 0.998583, 0.001787]
    ],
    "noisy real, wide probe fake": [
        [-0.479422, 0.143594, 0.66233, -0.484255], [1.294153, 0.213296, -2.10663, 1.209437]
    ],
    "points, evaluation latent": [
        [0.158794, -0.9703, 1.44734, 0.548696], [-0.213382, 1.815541, -0.419163, -0.929226]
    ],
    "points, picture latent": [
        [0.011155, -1.452238, -1.612482, -2.119834], [0.708447, -0.181967, 0.537408, -0.517964]
    ],
    "points, first standing latent": [
        [-0.829899, -0.575175, 1.044845, -0.326809], [0.394659, 0.633652, -0.317114, 1.822284]
    ],
    "points, last standing latent": [
        [0.271256, 0.792448, -0.352076, 0.669365], [-1.020962, -1.888376, 0.052576, -1.311332]
    ],
    "points, reference": [[-0.010721, 1.004727, -0.010896, -1.016287]],
    "images, reference": [[124, 100, 189, 44]],
    "points, second reference": [[-0.9957, -0.00268, 0.985281, 0.00525]],
    "images, second reference": [[179, 176, 121, 120]],
}  # fmt: skip
"""Purpose → of each seed (of a reference: of the one there is), its first three numbers and its last one"""


def numbered_images() -> Dataset:
    """200 images, every pixel of which holds the image's number."""
    pixels = torch.arange(200, dtype=torch.uint8)[:, None, None, None].expand(-1, 1, 28, 28)
    return Dataset("numbered", (1, 28, 28), 10, "", images=pixels, labels=torch.arange(200) % 10)


def cohort_of(settings: dict[str, Any], dataset: Dataset | None = None) -> Cohort:
    configs = [RunConfig.model_validate({**settings, "seed": seed}) for seed in SEEDS]
    return Cohort(configs, dataset or load_dataset(configs[0].dataset, {}), CPU)


def numbers(tensor: Tensor) -> list[list[float]]:
    """The first three numbers and the last one of each seed: [member, …]."""
    flat = tensor.double().flatten(1)
    return torch.cat([flat[:, :3], flat[:, -1:]], dim=1).tolist()


def image_numbers(images: Tensor) -> Tensor:
    """Which of the numbered images a batch holds: [member, batch, 1, 28, 28] → [member, batch]."""
    return ((images[..., 0, 0, 0] + 1) * 127.5).round()


def steps_of(kind: str, cohort: Cohort) -> Iterator[tuple[str, Tensor]]:
    for step in (FIRST, LATE):
        (batches,), (turn,) = cohort.batches.take(step, 1)
        last = batches[-1]
        real = image_numbers(last.real) if kind == "images" else last.real
        given = {
            "real": real, "labels": last.labels, "critic latent": last.latent, "epsilon": last.epsilon,
            "generator latent": turn.latent, "asked labels": turn.labels, "generator dropout": turn.dropout,
            "critic dropout": None if last.dropout is None else last.dropout.transpose(0, 1),
        }  # fmt: skip
        if last.fake is not None:  # the other streams are those of points
            given = {"fake": last.fake}
        yield from ((f"{kind}, {what} at {step}", tensor) for what, tensor in given.items() if tensor is not None)


def probes_of(kind: str, cohort: Cohort) -> Iterator[tuple[str, Tensor]]:
    view = CriticView(cohort)
    if kind == "points":
        yield f"{kind}, probe real", view.batch.real
        yield f"{kind}, probe latent", view.batch.latent
        yield f"{kind}, probe epsilon", view.batch.epsilon
        return
    yield f"{kind}, probe fake", view.fake
    for what, tensor in zip(("real", "fake"), view.wide, strict=True):
        yield f"{kind}, wide probe {what}", tensor


def latents_of(cohort: Cohort, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Tensor]]:
    """The noise that generators are given outside of training steps."""
    seen: list[Tensor] = []
    with monkeypatch.context() as patched:
        patched.setattr(Network, "__call__", lambda self, flat, latent, *rest: seen.append(latent) or latent)
        patched.setattr("ablate.networks.standing._average", lambda collected: (torch.zeros(2), torch.ones(2)))
        statistics = standing_statistics(cohort, cohort.generator)
        standing = list(seen)
        evaluated, _ = sample(cohort, 100, statistics)
        pictured = picture_samples(cohort, 100, None, statistics)
    assert len(standing) == 50
    yield "points, evaluation latent", evaluated
    yield "points, picture latent", pictured
    yield "points, first standing latent", standing[0]
    yield "points, last standing latent", standing[-1]


def seeded_numbers(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[float]]]:
    points, images = cohort_of(POINTS), cohort_of(IMAGES, numbered_images())
    others = {"counterpart": cohort_of(LINES), "noisy real": cohort_of(NOISY)}
    tensors = {"points, critic weights": points.critic, "points, generator weights": points.generator}
    tensors |= {"images, critic weights": images.critic, "images, generator weights": images.generator}
    single = cohort_of(POINTS | {"precision": "fp32"})
    for kind, cohort in ({"points": points, "images": images, "single precision": single} | others).items():
        tensors |= dict(steps_of(kind, cohort))
    for kind, cohort in ({"points": points} | others).items():
        tensors |= dict(probes_of(kind, cohort))
    tensors |= dict(latents_of(points, monkeypatch))
    for name, seed in (("reference", REFERENCE_SEED), ("second reference", FLOOR_SEED)):
        tensors[f"points, {name}"] = points.dataset.reference(50, seed)[0][None]
        tensors[f"images, {name}"] = image_numbers(images.dataset.reference(50, seed)[0])[None]
    return {name: numbers(tensor) for name, tensor in tensors.items()}


def test_a_seed_gives_the_same_numbers_for_every_purpose_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers_now = seeded_numbers(monkeypatch)
    assert numbers_now.keys() == PINNED.keys()
    for purpose, pinned in PINNED.items():
        now, expected = (torch.tensor(rows, dtype=torch.float64) for rows in (numbers_now[purpose], pinned))
        torch.testing.assert_close(now, expected, rtol=0, atol=1e-6, msg=f"{purpose}: {now} is not {expected}")
