"""What metrics are computed on: the points themselves, or a classifier's features of images.

A user's own images may have no classifier: training goes on, and what needs features is skipped.
"""

from __future__ import annotations

import warnings
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ablate.datasets.base import Dataset
from ablate.errors import AblateError, AblateWarning
from ablate.metrics.classifier import Classifier, MissingClassifier, load_classifier, path_of

CHUNK = 500
"""Images at a time: few enough that what lies between two layers stays in a processor's cache"""


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

    def judge(self, features: Tensor) -> Tensor:
        """Features [n, d] → the class of each, [n], where it classifies."""
        ...


class Identity:
    """The samples themselves, for two-dimensional data."""

    name, fingerprint, classifies = "identity", "", False

    def features(self, samples: Tensor) -> Tensor:
        return samples.flatten(1).double()

    def probabilities(self, features: Tensor) -> Tensor:
        raise NotImplementedError("points have no classes")

    def judge(self, features: Tensor) -> Tensor:
        raise NotImplementedError("points have no classes")


class ClassifierFeatures:
    """The last hidden layer of a small classifier trained on the dataset."""

    name, classifies = "classifier", True

    def __init__(self, classifier: Classifier, fingerprint: str):
        self.classifier, self.fingerprint = classifier.eval(), fingerprint
        self._body = _for_speed(classifier.body)

    def features(self, samples: Tensor) -> Tensor:
        with torch.no_grad():
            parts = (part.float().contiguous(memory_format=torch.channels_last) for part in samples.split(CHUNK))
            return torch.cat([self._body(part) for part in parts]).double()

    def probabilities(self, features: Tensor) -> Tensor:
        with torch.no_grad():
            scores: Tensor = self.classifier.head(features.float())
        return scores.double().softmax(1)

    def judge(self, features: Tensor) -> Tensor:
        return self.probabilities(features).argmax(1)


def _for_speed(body: nn.Sequential) -> nn.Sequential:
    """The same layers three to six times as fast, for use: norms are part of the convolutions before them, channels last."""
    layers: list[nn.Module] = []
    for layer in body:
        before = layers[-1] if layers else None
        if isinstance(layer, nn.BatchNorm2d) and isinstance(before, nn.Conv2d):
            layers[-1] = fuse_conv_bn_eval(before, layer)
        else:
            layers.append(layer)
    fast: nn.Sequential = nn.Sequential(*layers).to(memory_format=torch.channels_last)
    return fast


class StackedFeatures:
    """A classifier's features of each channel side by side, and the number that the channels' digits make."""

    name, classifies = "stacked_classifier", True

    def __init__(self, classifier: ClassifierFeatures, channels: int, classes: int):
        self.classifier, self.channels, self.classes = classifier, channels, classes
        self.fingerprint = classifier.fingerprint

    def features(self, samples: Tensor) -> Tensor:
        parts = samples.split(CHUNK)
        return torch.cat([self.classifier.features(part.flatten(0, 1)[:, None]).view(len(part), -1) for part in parts])

    def probabilities(self, features: Tensor) -> Tensor:
        raise NotImplementedError("the channels are judged one by one")

    def judge(self, features: Tensor) -> Tensor:
        digits = self.classifier.judge(features.view(len(features) * self.channels, -1)).view(-1, self.channels)
        place = self.classes ** torch.arange(self.channels - 1, -1, -1)
        return (digits * place).sum(1)


class NoFeatures:
    """In place of an extractor for a user's own images that have no classifier."""

    name, fingerprint, classifies = "none", "", False

    def __init__(self, reason: str):
        self.reason = reason

    def features(self, samples: Tensor) -> Tensor:
        raise AblateError(f"{self.reason}; a metric of features must be registered with needs=('features',)")

    probabilities = judge = features


def extractor_for(dataset: Dataset) -> Extractor:
    """The feature extractor of a dataset: identity for points, else its classifier, in the package or the user's folder.

    AblateError where there is none; for a user's own images a warning and NoFeatures.
    """
    if len(dataset.shape) == 1:
        return Identity()
    if dataset.channel_set is not None:
        return StackedFeatures(_classifier(dataset.channel_set), dataset.shape[0], dataset.channel_set.n_classes)
    try:
        return _classifier(dataset)
    except MissingClassifier as error:
        if not dataset.own:
            raise
        none = (
            "it has no class folders, so no classifier can be trained on it" if dataset.labels is None else str(error)
        )
        reason = f"{dataset.name}: fid and all other metrics of the classifier's features are skipped: {none}"
        warnings.warn(reason, AblateWarning, stacklevel=2)
        path = path_of(dataset)
        return NoFeatures(reason.replace(str(path), path.name))  # goes into tables, and they to other machines


def _classifier(dataset: Dataset) -> ClassifierFeatures:
    classifier, record = load_classifier(dataset)
    return ClassifierFeatures(classifier, record["fingerprint"])
