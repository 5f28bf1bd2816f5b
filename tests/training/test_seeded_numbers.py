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
    "points, critic weights": [[-0.57772, 0.154058, 0.226181, -0.271491], [-0.672836, 0.547049, 0.378951, -0.1517]],
    "points, generator weights": [
        [-0.40559, -0.362352, 0.303809, 0.183807], [-0.610818, -0.354018, -0.214204, 0.249676]
    ],
    "images, critic weights": [[-0.403323, -1.320333, 1.466488, -0.04808], [0.221188, 1.750495, 1.007508, 0.039713]],
    "images, generator weights": [
        [-0.553952, -0.747369, 1.075674, -0.171414], [0.374423, 0.622237, -0.334053, 0.066537]
    ],
    "points, real at 0": [[-1.003709, 0.0144, -0.707198, -0.008331], [-1.002762, 0.012225, -0.714373, 0.995269]],
    "points, critic latent at 0": [[-0.284589, 1.211842, 0.91021, 1.00235], [-0.713058, -1.33528, 0.105746, -1.010749]],
    "points, epsilon at 0": [[0.22116, 0.176899, 0.96831, 0.078587], [0.101762, 0.543964, 0.879425, 0.229369]],
    "points, generator latent at 0": [
        [0.697518, -0.136431, -1.131113, -0.416702], [0.259408, 0.290519, -0.527049, -1.232804]
    ],
    "points, real at 5000": [[-0.00496, 0.992334, -0.995171, 0.689437], [-0.994299, -0.001468, -1.001863, -0.001736]],
    "points, critic latent at 5000": [
        [0.693768, 1.29713, -1.182951, -0.419035], [-0.346672, 0.728645, -0.241919, -1.437064]
    ],
    "points, epsilon at 5000": [[0.354451, 0.187267, 0.390906, 0.664152], [0.434403, 0.192358, 0.534648, 0.44425]],
    "points, generator latent at 5000": [
        [1.153415, 0.133157, 0.188704, -0.578551], [-1.043054, -0.681148, -1.338122, -0.485268]
    ],
    "images, real at 0": [[196, 79, 33, 6], [68, 76, 166, 172]],
    "images, labels at 0": [[6, 9, 3, 6], [8, 6, 6, 2]],
    "images, critic latent at 0": [
        [1.546354, -0.134186, 1.07771, -0.831979], [-0.671143, -0.18143, -1.262855, -0.815547]
    ],
    "images, epsilon at 0": [[0.22116, 0.176899, 0.96831, 0.078587], [0.101762, 0.543964, 0.879425, 0.229369]],
    "images, generator latent at 0": [
        [0.697518, -0.136431, -1.131113, -0.952925], [0.259408, 0.290519, -0.527049, -0.636273]
    ],
    "images, asked labels at 0": [[6, 9, 3, 6], [8, 6, 6, 2]],
    "images, generator dropout at 0": [
        [0.249731, 0.481828, 0.433302, 0.962809], [0.045793, 0.352904, 0.234024, 0.008678]
    ],
    "images, critic dropout at 0": [[0.212262, 0.673791, 0.482643, 0.548708], [0.268616, 0.381998, 0.909962, 0.202602]],
    "images, real at 5000": [[122, 104, 94, 163], [104, 135, 64, 54]],
    "images, labels at 5000": [[2, 4, 4, 3], [4, 5, 4, 4]],
    "images, critic latent at 5000": [
        [0.226242, -0.299008, -0.595856, 0.90085], [0.876203, 0.110342, 1.439449, -0.701116]
    ],
    "images, epsilon at 5000": [[0.354451, 0.187267, 0.390906, 0.664152], [0.434403, 0.192358, 0.534648, 0.44425]],
    "images, generator latent at 5000": [
        [1.166675, -0.990264, -0.290735, -0.03529], [-0.554458, 1.530731, 1.155723, -1.182646]
    ],
    "images, asked labels at 5000": [[2, 4, 4, 3], [4, 5, 4, 4]],
    "images, generator dropout at 5000": [
        [0.695003, 0.361834, 0.334029, 0.618665], [0.256382, 0.399257, 0.419808, 0.885306]
    ],
    "images, critic dropout at 5000": [
        [0.567634, 0.222262, 0.729803, 0.64236], [0.301788, 0.455998, 0.808533, 0.648623]
    ],
    "single precision, real at 0": [
        [-1.003709, 0.0144, -0.707198, -0.008331], [-1.002762, 0.012225, -0.714373, 0.995269]
    ],
    "single precision, critic latent at 0": [
        [-0.392999, -1.167835, 0.68058, -0.263187], [0.901309, -0.284197, -0.561418, -0.130884]
    ],
    "single precision, epsilon at 0": [
        [0.078739, 0.663392, 0.643156, 0.655497], [0.327889, 0.86339, 0.285848, 0.649103]
    ],
    "single precision, generator latent at 0": [
        [0.726673, 1.58829, -0.752539, 0.467372], [-2.266401, 0.58145, 0.283054, -1.054622]
    ],
    "single precision, real at 5000": [
        [-0.00496, 0.992334, -0.995171, 0.689437], [-0.994299, -0.001468, -1.001863, -0.001736]
    ],
    "single precision, critic latent at 5000": [
        [-0.245426, -0.042733, 0.531369, 0.922844], [1.141682, -0.35917, 0.876015, 0.166888]
    ],
    "single precision, epsilon at 5000": [
        [0.914818, 0.22175, 0.807768, 0.757821], [0.480648, 0.808055, 0.479707, 0.083384]
    ],
    "single precision, generator latent at 5000": [
        [-0.910039, 0.712977, 0.692566, -1.009502], [-1.10551, 2.33052, -0.205125, 0.423609]
    ],
    "counterpart, fake at 0": [[1, 0.28309, 1, 0.424915], [1, 0.668636, 1, 0.796688]],
    "counterpart, fake at 5000": [[1, 0.095747, 1, 0.206634], [1, 0.562188, 1, 0.977382]],
    "noisy real, fake at 0": [[1.288655, 1.95737, 1.493443, -1.226024], [1.075491, -0.396273, -0.764634, 0.17308]],
    "noisy real, fake at 5000": [[1.223834, 0.377292, 0.545263, -1.273809], [0.573981, -0.859623, 2.678988, 0.095769]],
    "points, probe real": [[-0.711516, -0.702082, -0.000145, -0.995211], [-0.698279, 0.686084, 0.002782, -0.001888]],
    "points, probe latent": [[0.449303, 0.49237, 1.807811, 0.374038], [0.571265, -1.452776, -0.594879, 1.424229]],
    "points, probe epsilon": [[0.800936, 0.582224, 0.851711, 0.307318], [0.948822, 0.301477, 0.706083, 0.267545]],
    "counterpart, probe fake": [[1, 0.138871, 1, 0.164571], [1, 0.598636, 1, 0.479435]],
    "counterpart, wide probe real": [[0, 0.07627, 0, 0.029217], [0, 0.69662, 0, 0.987727]],
    "counterpart, wide probe fake": [[1, 0.706506, 1, 0.738168], [1, 0.875675, 1, 0.43315]],
    "noisy real, probe fake": [[3.49464, 2.23586, 0.787959, -1.285656], [-0.029608, -0.75841, 0.100084, -0.493989]],
    "noisy real, wide probe real": [
        [-0.01569, -1.008903, -0.727087, -0.70799], [-0.02442, -1.003539, 0.704064, -0.728818]
    ],
    "noisy real, wide probe fake": [
        [0.627836, -0.41183, -0.968667, 0.038816], [0.620815, 0.801223, 0.312814, 2.167716]
    ],
    "points, evaluation latent": [[-1.56546, -1.409616, -1.419164, 0.78008], [0.050549, 1.810992, 1.156817, 0.159576]],
    "points, picture latent": [[2.163452, 0.400648, 0.432198, 0.197917], [-0.127652, 0.618323, -0.096203, -0.150428]],
    "points, first standing latent": [
        [0.138188, -0.378555, -0.49495, 2.065962], [-0.534611, 2.330673, 0.865834, -0.474456]
    ],
    "points, last standing latent": [
        [0.739578, 0.142547, 0.12388, 0.740366], [-0.618367, -0.942754, -0.735359, 1.827308]
    ],
    "points, reference": [[-0.000752, -1.021227, -0.694599, 0.99547]],
    "images, reference": [[22, 150, 81, 145]],
    "points, second reference": [[-0.694346, 0.735273, -0.717598, -0.712564]],
    "images, second reference": [[35, 92, 84, 80]],
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
        patched.setattr("ablate.networks.standing._average", lambda collected: (torch.zeros(1), torch.ones(1)))
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
