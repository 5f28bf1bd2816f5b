"""What metrics are computed on: the points themselves, or a classifier's features of images.

A user's own images may have no classifier: training goes on, and what needs features is skipped.
"""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Callable
from functools import reduce
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ablate.datasets.base import Dataset
from ablate.errors import AblateError, AblateWarning
from ablate.metrics.classifier import Classifier, MissingClassifier, load_classifier, path_of

Forward = Callable[[Tensor], Tensor]

PIXELS, FEWEST = {"cpu": 2**15, "cuda": 2**22}, 40
"""Of the images that pass at a time, and their least number: what lies between two layers stays in a processor's cache,
and keeps a GPU busy"""


class Extractor(Protocol):
    """Samples → features."""

    name: str
    fingerprint: str
    """Hash of its weights; empty where there are none"""
    classifies: bool

    def features(self, samples: Tensor) -> Tensor:
        """[n, *sample] → [n, d] in float64, where the samples are."""
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
        self._on: dict[torch.device, tuple[Forward, nn.Module]] = {}

    def features(self, samples: Tensor) -> Tensor:
        body, _ = self._layers(samples.device)
        at_once = max(FEWEST, PIXELS[samples.device.type] // math.prod(samples.shape[2:]))
        with torch.no_grad():
            return torch.cat([body(part.float()).double() for part in samples.split(at_once)])

    def probabilities(self, features: Tensor) -> Tensor:
        _, head = self._layers(features.device)
        with torch.no_grad():
            scores: Tensor = head(features.float())
        return scores.double().softmax(1)

    def judge(self, features: Tensor) -> Tensor:
        return self.probabilities(features).argmax(1)

    def _layers(self, device: torch.device) -> tuple[Forward, nn.Module]:
        """The hidden layers, fast, and the last one, on that device."""
        if device not in self._on:
            own = copy.deepcopy(self.classifier).to(device)
            self._on[device] = _for_speed(own.body), own.head
        return self._on[device]


def _for_speed(body: nn.Sequential) -> Forward:
    """The same layers several times as fast, for use: norms are part of the convolutions before them, and units are cut off
    at 0 after pooling, where they are fewer. A CPU's convolutions keep oneDNN's own layout from one to the next."""
    layers: list[nn.Module] = []
    for layer in body:
        before = layers[-1] if layers else None
        if isinstance(layer, nn.BatchNorm2d) and isinstance(before, nn.Conv2d):
            layers[-1] = fuse_conv_bn_eval(before, layer)
        elif isinstance(layer, nn.MaxPool2d) and isinstance(before, nn.ReLU):
            layers.insert(-1, layer)
        else:
            layers.append(layer)
    if next(body.parameters()).is_cpu and torch.backends.mkldnn.is_available():
        flat = next(i for i, layer in enumerate(layers) if isinstance(layer, nn.Flatten))
        convolutions = [_in_own_layout(layer) for layer in layers[:flat]]
        rest = nn.Sequential(*layers[flat:])
        return lambda images: rest(reduce(lambda x, layer: layer(x), convolutions, images.to_mkldnn()).to_dense())
    fast = nn.Sequential(*layers).to(memory_format=torch.channels_last)
    return lambda images: fast(images.contiguous(memory_format=torch.channels_last))


def _in_own_layout(layer: nn.Module) -> Forward:
    """The layer for tensors in oneDNN's layout."""
    if not isinstance(layer, nn.Conv2d):
        return layer
    assert layer.bias is not None
    weight, bias = layer.weight.detach().to_mkldnn(), layer.bias.detach().to_mkldnn()
    return lambda x: F.conv2d(x, weight, bias, layer.stride, layer.padding)


class StackedFeatures:
    """A classifier's features of each channel side by side, and the number that the channels' digits make."""

    name, classifies = "stacked_classifier", True

    def __init__(self, classifier: ClassifierFeatures, channels: int, classes: int):
        self.classifier, self.channels, self.classes = classifier, channels, classes
        self.fingerprint = classifier.fingerprint

    def features(self, samples: Tensor) -> Tensor:
        return self.classifier.features(samples.flatten(0, 1)[:, None]).view(len(samples), -1)

    def probabilities(self, features: Tensor) -> Tensor:
        raise NotImplementedError("the channels are judged one by one")

    def judge(self, features: Tensor) -> Tensor:
        digits = self.classifier.judge(features.view(len(features) * self.channels, -1)).view(-1, self.channels)
        place = self.classes ** torch.arange(self.channels - 1, -1, -1, device=digits.device)
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
