"""Label accuracy of real digits, asked for by their own labels and by others."""

from __future__ import annotations

import pytest

from ablate.datasets import load_dataset
from ablate.metrics.evaluation import Reference, evaluate


@pytest.mark.parametrize(("shift", "least", "most"), [(0, 0.99, 1.0), (1, 0.0, 0.01), (5, 0.0, 0.01)])
def test_label_accuracy_is_about_1_for_the_right_labels_and_about_0_for_shifted_ones(
    shift: int, least: float, most: float
) -> None:
    digits = load_dataset("digits", {})
    images, labels = digits.reference(1797, 5)
    values = evaluate(images, (labels + shift) % 10, Reference.of(digits, 1797))
    assert least <= values["label_accuracy"] <= most  # the classifier errs on less than 1 % of them
    assert values["covered_classes"] == 10  # what was asked for does not matter to it
