"""A user's own images without a classifier: training and evaluation go on without the metrics of features."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from ablate import registry
from ablate.datasets import load_dataset
from ablate.datasets.base import Dataset
from ablate.errors import AblateError, AblateWarning
from ablate.metrics.classifier import train_classifier
from ablate.metrics.evaluation import MOST_REFERENCES, Evaluation, Reference, evaluate, facts_of_data
from ablate.metrics.features import extractor_for
from ablate.metrics.floors import floors
from ablate.registry import DatasetFacts

DIGITS = load_dataset("digits", {})


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    monkeypatch.setenv("ABLATE_DATA", str(tmp_path))
    return replace(DIGITS, name="image_folder", fingerprint="0123", own=True)


def test_without_a_classifier_their_metrics_are_skipped_with_one_warning_that_says_how_to_train_one(
    own: Dataset,
) -> None:
    with pytest.warns(
        AblateWarning, match=r"are skipped: .*`ablate train-classifier image_folder --set path=…"
    ) as caught:
        reference = Reference(own, 200)
    assert len(caught) == 1
    assert set(evaluate(DIGITS.reference(200, 5)[0], None, reference)) == {"fid_pca"}, "of pixels, not of features"
    assert set(reference.once(floors)) == {"fid_pca_floor"}
    assert reference.protocol == ""
    assert "skipped" in reference.skipped
    with pytest.raises(AblateError, match="must be registered with needs"):
        _ = Evaluation(DIGITS.reference(200, 5)[0], None, reference).features


def test_without_labels_the_warning_says_that_none_can_be_trained(own: Dataset) -> None:
    with pytest.warns(AblateWarning, match="no class folders, so no classifier can be trained"):
        extractor_for(replace(own, labels=None, n_classes=0))


def test_with_a_classifier_trained_on_them_they_are_measured_as_any_other(own: Dataset) -> None:
    train_classifier(own, epochs=1)
    values = evaluate(DIGITS.reference(200, 5)[0], None, Reference(own, 200))
    assert {"fid", "kid", "precision", "covered_classes"} <= set(values)


def test_a_published_set_without_a_classifier_is_an_error_that_names_the_command(own: Dataset) -> None:
    published = replace(own, name="cifar10", own=False)
    with pytest.raises(
        AblateError, match=r"no classifier for these images of cifar10.*`ablate train-classifier cifar10`"
    ):
        Reference(published, 200)


def test_only_the_last_few_references_are_kept() -> None:
    dataset = load_dataset("ring8", {})
    first = Reference.of(dataset, 100)
    for n in range(101, 100 + MOST_REFERENCES):
        Reference.of(dataset, n)
    assert Reference.of(dataset, 100) is first  # and is the last used now
    Reference.of(dataset, 100 + MOST_REFERENCES)
    assert Reference.of(dataset, 100) is first
    for n in range(200, 200 + MOST_REFERENCES):
        Reference.of(dataset, n)
    assert Reference.of(dataset, 100) is not first
    assert torch.equal(Reference.of(dataset, 100).features, first.features)


def test_needs_are_met_in_a_run_as_its_datasets_registration_says() -> None:
    """Before a run its study asks the registration, while it trains the evaluation asks the data: both say the same."""
    for name in ("ring8", "normals", "digits"):
        dataset, registered = load_dataset(name, {}), registry.facts_about(DatasetFacts, name)
        settings = registry.entry("dataset", name).facts.settings
        assert facts_of_data(dataset) == registered
        assert settings == registered.settings
        assert facts_of_data(replace(dataset, n_classes=3)).classes == 3
        assert facts_of_data(replace(dataset, name="unregistered")).counterpart is False
