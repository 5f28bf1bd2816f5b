"""Evaluation as a whole: what applies, the name of the protocol, the floors, and samples that cannot be measured."""

from __future__ import annotations

import math

import numpy as np
import ot
import pytest
import torch
from scipy.spatial.distance import cdist

from ablate import registry
from ablate.datasets import load_dataset
from ablate.metrics.evaluation import FLOOR_SEED, REFERENCE_SEED, Evaluation, Reference, evaluate
from ablate.metrics.features import extractor_for
from ablate.metrics.floors import floors
from ablate.metrics.frechet import Gaussian, frechet_distance, real_gaussian
from ablate.registry import register
from ablate.registry import registry as registry_of_components

EVERYWHERE = {"fid", "kid", "mmd", "precision", "recall", "density", "coverage"}
OF_MODES = {"modes@1", "modes@20", "mode_coverage", "high_quality", "reverse_kl", "basins", "basin_kl"}
OF_CLASSES = {"covered_classes", "class_kl", "mode_coverage", "basins", "basin_kl", "fid_pca"}
STACKED = {"modes": ("", "_10k", "_5k", "_1k"), "kl": ("", "_10k", "_5k")}
APPLY = {
    "ring8": EVERYWHERE | OF_MODES | {"w1"},
    "swiss_roll": EVERYWHERE | {"w1"},
    "digits": EVERYWHERE | OF_CLASSES,
}


@pytest.mark.parametrize("name", sorted(APPLY))
def test_the_metrics_of_a_dataset_are_those_whose_needs_it_meets(name: str) -> None:
    dataset = load_dataset(name, {})
    values = evaluate(dataset.reference(300, 5)[0], None, Reference.of(dataset, 300))
    assert set(values) == APPLY[name]
    assert all(type(value) is float and math.isfinite(value) for value in values.values())


def test_every_metric_says_what_is_better_and_on_which_scale() -> None:
    assert set(registry.entries("metric")) == set().union(*APPLY.values()) | {
        "label_accuracy",
        "w1_2k",
        *(f"{name}_ema" for name in ("fid", "basins", "basin_kl", "high_quality")),
        *(f"stacked_{name}{n}" for name, counts in STACKED.items() for n in counts),
    }
    for kind in ("metric", "stability"):
        for entry in registry.entries(kind).values():
            assert entry.facts.better in ("less", "greater", "none")
            assert entry.facts.scale in ("ratio", "difference")
            assert entry.summary


@pytest.mark.parametrize(
    ("name", "n", "protocol"),
    [
        ("ring8", 10_000, "fid_identity_10k"),
        ("ring8", 1500, "fid_identity_1500"),
        ("digits", 2000, "fid_classifier_2k"),
    ],
)
def test_the_protocol_names_the_features_and_the_number_of_generated_samples(name: str, n: int, protocol: str) -> None:
    assert Reference.of(load_dataset(name, {}), n).protocol == protocol


def test_a_real_sample_scores_about_the_floor() -> None:
    dataset = load_dataset("ring8", {})
    reference = Reference.of(dataset, 10_000)
    values = evaluate(dataset.reference(10_000, 5)[0], None, reference)
    # the means of two samples of n are apart by 2·trace/n in expectation; five times that has probability e⁻⁵
    assert 0 < values["fid"] < 10 * reference.once(real_gaussian).trace / 10_000
    assert 0 < reference.once(floors)["fid_floor"] < 10 * reference.once(real_gaussian).trace / 10_000
    # 500 points differ from sample to sample
    assert values["w1"] == pytest.approx(reference.once(floors)["w1_floor"], rel=0.5)


def test_the_floor_of_a_stored_set_is_of_two_samples_without_a_common_image() -> None:
    dataset = load_dataset("digits", {})
    for n, size in ((10_000, 898), (500, 500)):  # of 1797 images
        reference = Reference(dataset, n)
        everything = dataset.reference(1797, REFERENCE_SEED)[0]
        parts = everything[:size], everything[size : 2 * size]
        assert torch.equal(reference.samples[:size], parts[0])
        gaussians = [Gaussian.of_features(reference.extractor.features(part)) for part in parts]
        # features are float32 and depend on their batch in the last digits
        assert reference.once(floors)["fid_floor"] == pytest.approx(frechet_distance(*gaussians), rel=1e-3)
        assert reference.once(floors)["fid_floor"] > 1e-3 * reference.once(real_gaussian).trace


def test_every_distance_that_applies_has_a_floor_and_nothing_else_has() -> None:
    ring = Reference.of(load_dataset("ring8", {}), 2000).once(floors)
    assert set(ring) == {f"{name}_floor" for name in ("fid", "kid", "mmd", "reverse_kl", "basin_kl", "w1", "w1_2k")}
    digits = Reference.of(load_dataset("digits", {}), 400).once(floors)
    assert set(digits) == {f"{name}_floor" for name in ("fid", "kid", "mmd", "class_kl", "basin_kl", "fid_pca")}


def test_floors_are_the_distances_of_a_second_real_sample_by_plain_formulas() -> None:
    dataset = load_dataset("ring8", {})
    lowest = Reference.of(dataset, 2000).once(floors)
    first, second = (dataset.reference(2000, seed)[0].numpy() for seed in (REFERENCE_SEED, FLOOR_SEED))
    assert dataset.modes is not None
    nearest = cdist(second, dataset.modes.centers.numpy()).argmin(1)
    shares = np.bincount(nearest, minlength=8) / 2000
    assert lowest["basin_kl_floor"] == pytest.approx(float((shares * np.log(8 * shares)).sum()))
    for n, name in ((500, "w1_floor"), (2000, "w1_2k_floor")):
        equal = np.full(n, 1 / n)
        theirs = ot.emd2(equal, equal, cdist(first[:n], second[:n]), numItermax=1_000_000)
        assert lowest[name] == pytest.approx(float(theirs), rel=1e-6)
    kernel = lambda a, b: (a[:1000] @ b[:1000].T / 2 + 1) ** 3  # noqa: E731
    within = sum((k.sum() - np.trace(k)) / (1000 * 999) for k in (kernel(first, first), kernel(second, second)))
    assert lowest["kid_floor"] == pytest.approx(within - 2 * kernel(first, second).mean(), abs=1e-9)


def test_a_plugins_distance_gets_a_floor_by_its_facts_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_of_components, "_plugins", {})
    monkeypatch.setattr(registry_of_components, "loading", ["a test"])

    @register("metric", "shift", better="less", needs=("points",))
    def shift(e: Evaluation) -> float:
        """Distance of the means."""
        return float((e.samples.mean(0) - e.reference.samples.mean(0)).norm())

    @register("metric", "height", better="greater", needs=("points",))
    def height(e: Evaluation) -> float:
        """Largest coordinate."""
        return float(e.samples.max())

    dataset = load_dataset("swiss_roll", {})
    lowest = Reference(dataset, 300).once(floors)
    means = [dataset.reference(300, seed)[0].mean(0) for seed in (REFERENCE_SEED, FLOOR_SEED)]
    assert lowest["shift_floor"] == pytest.approx(float((means[1] - means[0]).norm()))
    assert "height_floor" not in lowest


def test_the_real_sample_is_the_same_for_all_runs_and_made_once() -> None:
    dataset = load_dataset("ring8", {})
    assert Reference.of(dataset, 700) is Reference.of(load_dataset("ring8", {}), 700)
    assert torch.equal(Reference(dataset, 700).samples, Reference(dataset, 700).samples)
    wider = load_dataset("ring8", {"radius": 2.0})
    assert Reference.of(wider, 700) is not Reference.of(dataset, 700)


def test_evaluating_twice_gives_the_same_numbers() -> None:
    dataset = load_dataset("grid25", {})
    samples, reference = dataset.reference(2000, 5)[0], Reference.of(dataset, 2000)
    assert evaluate(samples, None, reference) == evaluate(samples.clone(), None, reference)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 1e200])
@pytest.mark.parametrize("name", ["ring8", "digits"])
def test_one_value_that_is_not_finite_makes_every_metric_nan(name: str, bad: float) -> None:
    dataset = load_dataset(name, {})
    samples = dataset.reference(200, 5)[0].clone()
    samples[7].view(-1)[0] = bad
    values = evaluate(samples, None, Reference.of(dataset, 200))
    assert set(values) == APPLY[name]
    assert all(math.isnan(value) for value in values.values())


@pytest.mark.parametrize("size", [1e6, 1e30])
def test_samples_far_away_are_measured(size: float) -> None:
    dataset = load_dataset("ring8", {})
    values = evaluate(size * dataset.reference(200, 5)[0], None, Reference.of(dataset, 200))
    assert all(math.isfinite(value) for value in values.values())
    assert values["fid"] > size


@pytest.mark.parametrize("n", [2, 3, 7, 20])
@pytest.mark.parametrize("name", sorted(APPLY))
def test_few_samples_give_finite_numbers(name: str, n: int) -> None:
    dataset = load_dataset(name, {})
    values = evaluate(dataset.reference(n, 5)[0], None, Reference(dataset, n))
    assert all(math.isfinite(value) for value in values.values())


def test_features_are_float64_and_do_not_depend_on_the_batch() -> None:
    dataset = load_dataset("digits", {})
    extractor, samples = extractor_for(dataset), dataset.reference(500, 5)[0]
    features = extractor.features(samples)
    assert features.dtype == torch.float64
    assert features.shape == (500, 64)
    assert torch.allclose(features[:10], extractor.features(samples[:10]), atol=1e-4)  # float32 network
    probabilities = extractor.probabilities(features)
    assert torch.allclose(probabilities.sum(1), torch.ones(500, dtype=torch.float64))
    assert len(extractor.fingerprint) == 16


def test_an_evaluation_does_the_shared_work_once(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = load_dataset("digits", {})
    reference = Reference(dataset, 200)
    calls = []
    compute = reference.extractor.features
    monkeypatch.setattr(reference.extractor, "features", lambda samples: calls.append(1) or compute(samples))
    evaluate(dataset.reference(200, 5)[0], None, reference)
    assert len(calls) == 1
    assert Evaluation(reference.samples, None, reference).features.shape == reference.features.shape
