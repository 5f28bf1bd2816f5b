"""What metrics are computed on: the points themselves, or a classifier's features of images."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from ablate.datasets.base import Dataset
from ablate.metrics.classifier import Classifier, load_classifier

CHUNK = 2000


class Extractor(Protocol):
    """Samples → features."""

    name: str
    fingerprint: str
    """Hash of its weights; empty where there are none"""
    classifies: bool

    def features(self, samples: Tensor) -> Tensor:
        """[n, *sample] → [n, d] in float64."""
        ...

    def probabilities(self, features: Tensor) -> Tensor:
        """Features [n, d] → [n, class] in float64, where it classifies."""
        ...


class Identity:
    """The samples themselves, for two-dimensional data."""

    name, fingerprint, classifies = "identity", "", False

    def features(self, samples: Tensor) -> Tensor:
        return samples.flatten(1).double()

    def probabilities(self, features: Tensor) -> Tensor:
        raise NotImplementedError("points have no classes")


class ClassifierFeatures:
    """The last hidden layer of a small classifier trained on the dataset."""

    name, classifies = "classifier", True

    def __init__(self, classifier: Classifier, fingerprint: str):
        self.classifier, self.fingerprint = classifier.eval(), fingerprint

    def features(self, samples: Tensor) -> Tensor:
        with torch.no_grad():
            return torch.cat([self.classifier.embed(part.float()) for part in samples.split(CHUNK)]).double()

    def probabilities(self, features: Tensor) -> Tensor:
        with torch.no_grad():
            scores: Tensor = self.classifier.head(features.float())
        return scores.double().softmax(1)


def extractor_for(dataset: Dataset) -> Extractor:
    """The feature extractor of a dataset: identity for points, else the classifier in the package."""
    if len(dataset.shape) == 1:
        return Identity()
    classifier, record = load_classifier(dataset.name, dataset.shape)
    return ClassifierFeatures(classifier, record["fingerprint"])
