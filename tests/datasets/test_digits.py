"""Digits with unequal classes: their numbers, their features, and the labels that are asked for."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ablate.config.run_config import RunConfig
from ablate.datasets import load_dataset
from ablate.errors import UsageError
from ablate.metrics.classifier import train_classifier
from ablate.metrics.evaluation import Reference, evaluate
from ablate.training.run import run_cohort
from tests.support.small_runs import CPU, configs

DIGITS = load_dataset("digits", {})
TAILED = load_dataset("digits", {"imbalance": 30.0})


def counts(labels: torch.Tensor | None) -> list[int]:
    assert labels is not None
    return np.bincount(labels.numpy(), minlength=10).tolist()


def test_classes_fall_geometrically_from_the_smallest_of_before() -> None:
    fewest = min(counts(DIGITS.labels))
    assert counts(TAILED.labels) == [round(fewest * 30 ** (-k / 9)) for k in range(10)]
    assert counts(load_dataset("digits", {"imbalance": 100}).labels)[-1] == 2


def test_images_keep_their_labels_and_each_is_there_once() -> None:
    assert DIGITS.images is not None
    assert DIGITS.labels is not None
    assert TAILED.images is not None
    assert TAILED.labels is not None
    known = {image.numpy().tobytes(): int(label) for image, label in zip(DIGITS.images, DIGITS.labels, strict=True)}
    own = [image.numpy().tobytes() for image in TAILED.images]
    assert [known[image] for image in own] == TAILED.labels.tolist()
    assert len(set(own)) == len(own)
    kept = [i for i, image in enumerate(DIGITS.images) if image.numpy().tobytes() in set(own)]
    assert np.mean(np.array(kept) < len(DIGITS.images) / 2) == pytest.approx(0.5, abs=0.03), "from all over the set"


def test_without_imbalance_everything_is_as_it_was() -> None:
    settings = {"dataset": "digits", "generator_steps": 100}
    plain = RunConfig.model_validate(settings)
    assert RunConfig.model_validate({**settings, "dataset_options": {"imbalance": 1}}).run_id == plain.run_id
    assert plain.dataset_options == {}
    tailed = RunConfig.model_validate({**settings, "dataset_options": {"imbalance": 30}})
    assert tailed.run_id != plain.run_id
    assert tailed.dataset_options == {"imbalance": 30.0}
    assert DIGITS.fingerprint != TAILED.fingerprint
    assert DIGITS.asked_labels(25).tolist() == [i % 10 for i in range(25)]


def test_the_classifier_of_all_digits_judges_them_and_none_is_trained_on_them() -> None:
    whole, tailed = Reference.of(DIGITS, 500), Reference.of(TAILED, 500)
    assert tailed.extractor.fingerprint == whole.extractor.fingerprint
    with pytest.raises(UsageError, match="takes its features from the classifier of digits"):
        train_classifier(TAILED, epochs=1)


def test_labels_are_asked_for_in_the_real_shares_in_any_first_part() -> None:
    shares = np.array(counts(TAILED.labels)) / len(TAILED.labels if TAILED.labels is not None else ())
    for n in (100, 500, 2000, 10_000):
        asked = np.array(counts(TAILED.asked_labels(n))) / n
        assert np.abs(asked - shares).max() < 3 / n**0.8, n  # at random it would be 0.5 / √n


def test_a_perfect_conditional_generator_has_no_class_kl_and_an_even_one_has() -> None:
    assert TAILED.images is not None
    assert TAILED.labels is not None
    reference = Reference.of(TAILED, 2000)
    for labels, low, high in ((TAILED.asked_labels(2000), 0, 0.01), (torch.arange(2000) % 10, 0.3, 3)):
        first = torch.stack([(TAILED.labels == k).nonzero()[0, 0] for k in range(10)])
        samples = TAILED.images[first[labels]].double() / 127.5 - 1
        assert low <= evaluate(samples, labels, reference)["class_kl"] < high


def test_a_conditional_run_is_evaluated_with_the_real_shares() -> None:
    from ablate.training.cohort import Cohort
    from ablate.training.sampling import sample

    runs = configs(1, dataset_options={"imbalance": 30.0}, generator_steps=3, evaluations=1)
    (outcome,) = run_cohort(runs, CPU)
    assert outcome.final["basin_kl"] == pytest.approx(outcome.final["class_kl"])
    _, labels = sample(Cohort(runs, TAILED, CPU), 200)
    assert labels is not None
    assert torch.equal(labels, TAILED.asked_labels(200))
