"""One run's generated samples held against a fixed real sample: the shared work of all metrics.

A metric is a function of an `Evaluation` that gives a plain float, registered with what it needs of the run
(ablate.registry.needs). What several metrics need is a function that `once` calls, in the file of the metrics.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, TypeVar, cast

import torch
from torch import Tensor

from ablate import registry
from ablate.datasets.base import Dataset
from ablate.metrics.features import Extractor, NoFeatures, extractor_for
from ablate.registry import DatasetFacts, MetricFacts
from ablate.registry.needs import Subject, unmet

T = TypeVar("T")

REFERENCE_SEED, FLOOR_SEED = 2**20, 2**20 + 1
"""Fixed, so that all runs are held against the same real sample"""
LARGEST = 1e50
"""Values beyond it count as not finite: the metrics' squares and cubes of them would overflow"""
MOST_REFERENCES = 4
"""So many are kept; each may hold a few hundred megabytes"""


class Reference:
    """A dataset's real sample, its features and what the metrics need of them; built once, shared by all runs.

    A sampler gives as many samples as are generated; a stored set gives all that it has, at most as many.
    """

    def __init__(self, dataset: Dataset, n: int, extractor: Extractor | None = None):
        self.dataset, self.n = dataset, n
        self.extractor: Extractor = extractor or extractor_for(dataset)
        samples, self.labels = dataset.reference(n, REFERENCE_SEED)
        self.size = len(samples)
        """n, or all of a stored set that has fewer"""
        self.points = samples if samples.dim() == 2 else None
        """[n, 2], for two-dimensional data"""
        self._shared: dict[object, object] = {}
        self.features = torch.empty(0) if self.skipped else self.extractor.features(samples)

    @classmethod
    def of(cls, dataset: Dataset, n: int) -> Reference:
        """The reference for n generated samples; the one made before, if dataset and features are the same."""
        extractor = extractor_for(dataset)
        key = (dataset.name, dataset.fingerprint, extractor.name, extractor.fingerprint, n)
        if key not in _references:
            _references[key] = cls(dataset, n, extractor)
        _references.move_to_end(key)
        while len(_references) > MOST_REFERENCES:
            _references.popitem(last=False)
        return _references[key]

    def once(self, work: Callable[[Reference], T], key: object = None) -> T:
        """What `work` gives of the real sample, made once for all runs; `key` stands for a work that has no name."""
        key = key or work
        if key not in self._shared:
            self._shared[key] = work(self)
        return cast(T, self._shared[key])

    @property
    def samples(self) -> Tensor:
        """The real sample [m, *sample] in float64; of images it is made anew, since it may hold a gigabyte."""
        return self.dataset.reference(self.n, REFERENCE_SEED)[0] if self.points is None else self.points

    @property
    def skipped(self) -> str:
        """Why there are no metrics of features; empty where there are."""
        return self.extractor.reason if isinstance(self.extractor, NoFeatures) else ""

    @property
    def protocol(self) -> str:
        """The exact name of fid here, such as fid_identity_10k; empty where it is skipped."""
        return "" if self.skipped else protocol_name(self.extractor.name, self.n)

    @cached_property
    def class_shares(self) -> Tensor:
        """Real share of each class, over the whole of a stored set: [class]."""
        labels = self.labels if self.dataset.labels is None else self.dataset.labels
        count = torch.bincount(labels, minlength=self.dataset.n_classes).double()
        return count / count.sum()

    def subject(self, settings: Mapping[str, Any]) -> Subject:
        """A run on these data as the needs of metrics see it."""
        known = {**settings, "evaluation_samples": self.n}
        return Subject(
            facts_of_data(self.dataset), known, not self.skipped, self.extractor.classifies,
            self.dataset.modes is not None,
        )  # fmt: skip

    def second_sample(self) -> Tensor:
        """Real samples that are independent of the first as many of the reference, or, of a stored set, other images."""
        if self.dataset.sampler is not None:
            return self.dataset.reference(self.n, FLOOR_SEED)[0]
        # with the reference's seed the images beyond the first n are not in the reference
        both = self.dataset.reference(2 * self.n, REFERENCE_SEED)[0]
        return both[len(both) // 2 :][: len(both) // 2]


def facts_of_data(dataset: Dataset) -> DatasetFacts:
    """What the dataset's registration says of it, with the shape and classes that its data turned out to have."""
    known = registry.find("dataset", dataset.name)
    registered = known.facts if known else None
    facts = registered if isinstance(registered, DatasetFacts) else DatasetFacts(shape=dataset.shape)
    stacked = dataset.channel_set is not None
    return replace(facts, shape=dataset.shape, classes=dataset.n_classes, stacked=stacked)


def protocol_name(features: str, n: int) -> str:
    """What fid is called exactly: its features and the number of generated samples, in thousands where it is whole."""
    return f"fid_{features}_{n // 1000}k" if n % 1000 == 0 else f"fid_{features}_{n}"


_references: OrderedDict[tuple[str, str, str, str, int], Reference] = OrderedDict()


class Evaluation:
    """Generated samples [n, *sample] in float64, and the labels asked for, [n] or None, against a reference."""

    def __init__(self, samples: Tensor, labels: Tensor | None, reference: Reference):
        self.samples, self.labels, self.reference = samples, labels, reference
        self._shared: dict[object, object] = {}

    @cached_property
    def features(self) -> Tensor:
        """[n, d] in float64."""
        return self.reference.extractor.features(self.samples)

    @cached_property
    def probabilities(self) -> Tensor:
        """The classifier's judgement: [n, class]."""
        return self.reference.extractor.probabilities(self.features)

    @cached_property
    def judged(self) -> Tensor:
        """The class that the classifier gives each sample: [n]."""
        return self.reference.extractor.judge(self.features)

    def once(self, work: Callable[[Evaluation], T]) -> T:
        """What `work` gives of these samples; several metrics that need it share one call."""
        if work not in self._shared:
            self._shared[work] = work(self)
        return cast(T, self._shared[work])


def evaluate(
    samples: Tensor,
    labels: Tensor | None,
    reference: Reference,
    end: bool = True,
    settings: Mapping[str, Any] | None = None,
    only: Collection[str] | None = None,
    averaged: bool = False,
) -> dict[str, float]:
    """All registered metrics that apply, by name, for samples [n, *sample] with n ≥ 2 and labels asked for, [n] or None.

    Those with the fact `at_end`, which cost the most, only at the end of a run. `settings` are the run's, for needs that
    ask for them; `only` names the metrics that are wanted, where not all are; `averaged`: the samples are the averaged
    generator's, which has metrics of its own.

    NaN for each where the samples or their features are not all finite, or are beyond LARGEST.
    """
    subject = reference.subject({**(settings or {}), "conditional": labels is not None})
    chosen = {
        name: entry
        for name, entry in registry.entries("metric").items()
        if isinstance(facts := entry.facts, MetricFacts)
        and unmet(facts.needs, subject) is None
        and (end or not facts.at_end)
        and facts.averaged == averaged
        and (only is None or name in only)
    }
    evaluation = Evaluation(samples, labels, reference)
    if not (_measurable(samples) and (reference.skipped or _measurable(evaluation.features))):
        return dict.fromkeys(chosen, float("nan"))
    return {name: float(entry.load()(evaluation)) for name, entry in chosen.items()}


def _measurable(values: Tensor) -> bool:
    return bool(values.abs().amax() <= LARGEST)  # false for NaN too
