"""What the class metrics say of real digits, of one class repeated, and of wrong labels."""

from __future__ import annotations

import math

import pytest
import torch

from ablate.datasets import load_dataset
from ablate.metrics.classes import covered_classes
from ablate.metrics.evaluation import Evaluation, Reference, evaluate
from ablate.metrics.floors import floors
from ablate.metrics.frechet import real_gaussian

DIGITS = load_dataset("digits", {})
REFERENCE = Reference.of(DIGITS, 1797)
IMAGES, LABELS = DIGITS.reference(1797, 5)


def test_real_digits_cover_all_classes_in_their_real_shares() -> None:
    values = evaluate(IMAGES, LABELS, REFERENCE)
    assert values["covered_classes"] == 10
    assert values["mode_coverage"] == 1
    assert 0 <= values["class_kl"] < 1e-4
    assert values["label_accuracy"] > 0.99
    assert values["precision"] == values["recall"] == values["coverage"] == 1  # it is the reference in another order
    assert values["fid"] < 1e-6 * REFERENCE.once(real_gaussian).trace


def test_one_class_repeated_covers_one_class() -> None:
    threes = IMAGES[LABELS == 3]
    values = evaluate(threes.repeat(10, 1, 1, 1), None, REFERENCE)
    assert values["covered_classes"] == 1
    assert values["mode_coverage"] == 0.1
    share = float(REFERENCE.class_shares[3])
    assert values["class_kl"] == pytest.approx(-math.log(share), rel=0.02)  # a few threes are judged otherwise
    assert values["fid"] > 10 * REFERENCE.once(floors)["fid_floor"]
    assert values["coverage"] < 0.2
    assert "label_accuracy" not in values


def test_noise_covers_few_classes() -> None:
    noise = 2 * torch.rand(1797, 1, 8, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64) - 1
    values = evaluate(noise, None, REFERENCE)
    assert values["covered_classes"] <= 3
    assert values["fid"] > 10 * REFERENCE.once(floors)["fid_floor"]
    assert values["precision"] < 0.5  # some of it lies near an odd digit, whose neighbours are far away
    assert values["coverage"] < 0.1


def test_label_accuracy_is_of_the_labels_asked_for() -> None:
    asked = torch.where(LABELS == 4, 5, LABELS)  # every 4 was asked for as a 5
    wrong = float((LABELS == 4).double().mean())
    assert evaluate(IMAGES, asked, REFERENCE)["label_accuracy"] == pytest.approx(1 - wrong, abs=0.005)


@pytest.mark.parametrize(("confidence", "share", "covered"), [(0.91, 0.26, 2), (0.89, 0.26, 1), (0.91, 0.24, 1)])
def test_a_class_counts_from_a_quarter_of_its_real_share_judged_with_confidence(
    confidence: float, share: float, covered: float
) -> None:
    judged = round(share * float(REFERENCE.class_shares[3]) * 1797)
    probabilities = torch.full((1797, 10), 0.0, dtype=torch.float64)
    probabilities[:judged, 3], probabilities[:judged, 5] = confidence, 1 - confidence
    probabilities[judged:, 7] = 1
    evaluation = Evaluation(IMAGES, None, REFERENCE)
    evaluation.runs.probabilities = probabilities[None]  # in place of the classifier's judgement
    assert covered_classes(evaluation) == covered
