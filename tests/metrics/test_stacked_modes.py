"""The metrics of stacked MNIST: what a perfect sampler scores, and a collapsed one; no other number of samples."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
import torch

from ablate.config.run_config import RunConfig
from ablate.datasets import load_dataset
from ablate.datasets.base import Dataset
from ablate.datasets.stacked import stacked
from ablate.metrics.evaluation import Evaluation, Reference, evaluate
from ablate.metrics.features import extractor_for
from ablate.metrics.stacked import (
    stacked_kl,
    stacked_kl_5k,
    stacked_kl_10k,
    stacked_modes,
    stacked_modes_1k,
    stacked_modes_5k,
    stacked_modes_10k,
)
from ablate.registry import DatasetFacts, facts_about
from ablate.registry.measures import measure
from ablate.registry.needs import Subject, unmet

STACKED_SAMPLES = 26_000
STACKED = stacked("stacked_mnist", load_dataset("digits", {}))
WITHOUT_COUNTS = {"fid", "kid", "mmd", "precision", "recall", "density", "coverage", "fid_pca"}
COUNTS = {"stacked_modes", "stacked_kl", "stacked_modes_10k", "stacked_kl_10k", "stacked_modes_5k", "stacked_kl_5k",
          "stacked_modes_1k"}  # fmt: skip


def scores(judged: torch.Tensor, dataset: Dataset = STACKED) -> tuple[float, float]:
    reference = Reference.__new__(Reference)  # these metrics ask the reference for the number of modes alone
    reference.dataset = dataset
    evaluation = Evaluation(torch.zeros(len(judged), 3, 8, 8), None, reference)
    evaluation.runs.judged = judged[None]  # in place of the classifier's judgement
    return stacked_modes(evaluation), stacked_kl(evaluation)


def test_equal_shares_score_1000_and_0_and_one_mode_scores_1_and_log_1000() -> None:
    assert scores(torch.arange(STACKED_SAMPLES) % 1000) == (1000, pytest.approx(0, abs=1e-12))
    assert scores(torch.full((STACKED_SAMPLES,), 7)) == (1, pytest.approx(math.log(1000)))
    assert scores(torch.arange(STACKED_SAMPLES) % 500) == (500, pytest.approx(math.log(2)))


def test_the_judgement_of_three_channels_is_the_number_that_their_digits_make() -> None:
    samples, labels = STACKED.reference(600, 5)
    reference = Reference.of(STACKED, 600)
    features = reference.extractor.features(samples)
    assert features.shape == (600, 3 * 64)
    assert float((reference.extractor.judge(features) == labels).double().mean()) > 0.97  # three digits must be right
    assert reference.protocol == "fid_stacked_classifier_600"


def test_another_number_of_samples_has_no_count_of_modes() -> None:
    samples, labels = STACKED.reference(600, 5)
    assert set(evaluate(samples, None, Reference.of(STACKED, 600))) == WITHOUT_COUNTS
    values = evaluate(samples, labels, Reference.of(STACKED, 600))
    assert set(values) == WITHOUT_COUNTS | {"label_accuracy"}
    assert values["label_accuracy"] > 0.97


def test_a_run_on_stacked_mnist_is_evaluated_with_26000_samples_unless_told_otherwise() -> None:
    settings = {"dataset": "stacked_mnist", "loss": "minimax", "generator_steps": 10}
    assert RunConfig(**settings).evaluation_samples == STACKED_SAMPLES
    assert RunConfig(**settings).flags == ()
    other = RunConfig(**settings, evaluation_samples=500)
    assert other.evaluation_samples == 500
    assert "stacked_mnist's own metrics are defined on 26000 samples, and left out" in other.flags[0]


@pytest.mark.parametrize(
    ("n", "names"),
    [
        (999, set()),
        (1000, {"stacked_modes_1k"}),
        (7000, {"stacked_modes_1k", "stacked_modes_5k", "stacked_kl_5k"}),
        (10_000, COUNTS - {"stacked_modes", "stacked_kl"}),
        (STACKED_SAMPLES, COUNTS),
    ],
)
def test_a_count_of_so_many_samples_needs_so_many(n: int, names: set[str]) -> None:
    facts = facts_about(DatasetFacts, "stacked_mnist")
    subject = Subject(facts, {"evaluation_samples": n})
    assert {name for name in COUNTS if unmet(measure(name).needs, subject) is None} == names
    points = Subject(facts_about(DatasetFacts, "ring8"), {"evaluation_samples": n})
    assert all(unmet(measure(name).needs, points) for name in COUNTS)


def test_counts_named_with_their_number_are_of_the_first_so_many_samples() -> None:
    rng = np.random.default_rng(0)
    reference = Reference.__new__(Reference)
    reference.dataset = STACKED
    evaluation = Evaluation(torch.zeros(12_000, 3, 8, 8), None, reference)
    judged = np.where(np.arange(12_000) < 5000, rng.integers(400, size=12_000), rng.integers(1000, size=12_000))
    evaluation.runs.judged = torch.from_numpy(judged)[None]
    for n, modes, divergence in (
        (1000, stacked_modes_1k, None), (5000, stacked_modes_5k, stacked_kl_5k),
        (10_000, stacked_modes_10k, stacked_kl_10k),
    ):  # fmt: skip
        known = Counter(judged[:n].tolist())
        assert modes(evaluation) == len(known)
        if divergence is not None:
            assert divergence(evaluation) == pytest.approx(
                sum(count / n * math.log(1000 * count / n) for count in known.values())
            )


@pytest.mark.mnist
def test_a_perfect_sampler_scores_1000_modes_and_a_kl_of_0_019_on_real_digits() -> None:
    dataset = load_dataset("stacked_mnist", {})
    samples, labels = dataset.reference(STACKED_SAMPLES, 5)
    extractor = extractor_for(dataset)
    judged = torch.cat([extractor.judge(extractor.features(part)) for part in samples.split(2000)])
    modes, kl = scores(judged, dataset)
    assert modes == 1000
    expected, deviation = 999 / (2 * STACKED_SAMPLES), math.sqrt(999 / 2) / STACKED_SAMPLES  # of chi-square / 2n
    assert kl == pytest.approx(expected, abs=4 * deviation)  # 0.0192 ± 0.0034
    assert float((judged == labels).double().mean()) > 0.98
