"""The generated samples of a cohort held against a fixed real sample: the shared work of all metrics.

A metric is a function of an `Evaluation`, one run's, that gives a plain float, registered with what it needs of the run
(ablate.registry.needs). What several metrics need is a function that `once` calls, in the file of the metrics; what can be
computed of all runs of a cohort in one go is a function of their `Evaluations` that `together` calls.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
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
AT_ONCE = {"cpu": 1, "cuda": 32}
"""Members whose matrices are made together: a CPU's cache holds one's, and a GPU wants many"""
MOST_REFERENCES = 4
"""So many are kept; each may hold a few hundred megabytes"""


class Reference:
    """A dataset's real sample, its features and what the metrics need of them; built once, shared by all runs.

    A sampler gives as many samples as are generated; a stored set gives all that it has, at most as many. Its tensors are on
    the device on which samples are evaluated.
    """

    def __init__(
        self, dataset: Dataset, n: int, extractor: Extractor | None = None, device: torch.device | str = "cpu"
    ):
        self.dataset, self.n, self.device = dataset, n, torch.device(device)
        self.extractor: Extractor = extractor or extractor_for(dataset)
        samples, self.labels = dataset.reference(n, REFERENCE_SEED)
        samples = samples.to(device)
        self.size = len(samples)
        """n, or all of a stored set that has fewer"""
        self.points = samples if samples.dim() == 2 else None
        """[n, 2], for two-dimensional data"""
        self._shared: dict[object, object] = {}
        self.features = torch.empty(0) if self.skipped else self.extractor.features(samples)

    @classmethod
    def of(cls, dataset: Dataset, n: int, device: torch.device | str = "cpu") -> Reference:
        """The reference for n generated samples; the one made before, if dataset, features and device are the same."""
        extractor = extractor_for(dataset)
        key = (dataset.name, dataset.fingerprint, extractor.name, extractor.fingerprint, n, str(device))
        if key not in _references:
            _references[key] = cls(dataset, n, extractor, device)
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
        if self.points is not None:
            return self.points
        return self.dataset.reference(self.n, REFERENCE_SEED)[0].to(self.device)

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
        """Real share of each class, over the whole of a stored set: [class], on the CPU."""
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
            return self.dataset.reference(self.n, FLOOR_SEED)[0].to(self.device)
        # with the reference's seed the images beyond the first n are not in the reference
        both = self.dataset.reference(2 * self.n, REFERENCE_SEED)[0].to(self.device)
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


_references: OrderedDict[tuple[str, str, str, str, int, str], Reference] = OrderedDict()


class Evaluations:
    """Generated samples of the runs of a cohort [member, n, *sample] in float64, on the reference's device.

    With the labels asked for, [n] or None. What is made of them has the members first; where metrics take it for counts, it
    is moved to the CPU, all at once.
    """

    def __init__(self, samples: Tensor, labels: Tensor | None, reference: Reference):
        self.samples, self.labels, self.reference = samples, labels, reference
        self._shared: dict[object, object] = {}

    @cached_property
    def features(self) -> Tensor:
        """[member, n, d] in float64."""
        return self._by_member(self.reference.extractor.features(self.samples.flatten(0, 1)))

    @cached_property
    def probabilities(self) -> Tensor:
        """The classifier's judgement: [member, n, class]."""
        return self._by_member(self.reference.extractor.probabilities(self.features.flatten(0, 1)))

    @cached_property
    def judged(self) -> Tensor:
        """The class that the classifier gives each sample: [member, n], on the CPU."""
        if self.reference.dataset.channel_set is None:
            return self.probabilities.argmax(2).cpu()
        return self._by_member(self.reference.extractor.judge(self.features.flatten(0, 1))).cpu()

    def _by_member(self, rows: Tensor) -> Tensor:
        return rows.unflatten(0, self.samples.shape[:2])

    def once(self, work: Callable[[Evaluations], T]) -> T:
        """What `work` gives of all members; they share one call."""
        if work not in self._shared:
            self._shared[work] = work(self)
        return cast(T, self._shared[work])


def by_parts(work: Callable[[Tensor], Tensor], values: Tensor) -> Tensor:
    """What `work` gives by member of values [member, …], as many members at a time as suits the device; on the CPU."""
    return torch.cat([work(part) for part in values.split(AT_ONCE[values.device.type])]).cpu()


class Evaluation:
    """One run's part of it: samples [n, *sample] in float64, and the labels asked for, [n] or None, against a reference."""

    def __init__(
        self, samples: Tensor, labels: Tensor | None, reference: Reference, of: tuple[Evaluations, int] | None = None
    ):
        """`of`: those of the whole cohort, and the place among its members; without, the run stands alone."""
        self.samples, self.labels, self.reference = samples, labels, reference
        self.runs, self.member = of or (Evaluations(samples[None], labels, reference), 0)
        self._shared: dict[object, object] = {}

    @property
    def features(self) -> Tensor:
        """[n, d] in float64."""
        return self.runs.features[self.member]

    @property
    def probabilities(self) -> Tensor:
        """The classifier's judgement: [n, class]."""
        return self.runs.probabilities[self.member]

    @property
    def judged(self) -> Tensor:
        """The class that the classifier gives each sample: [n], on the CPU."""
        return self.runs.judged[self.member]

    def once(self, work: Callable[[Evaluation], T]) -> T:
        """What `work` gives of these samples; several metrics that need it share one call."""
        if work not in self._shared:
            self._shared[work] = work(self)
        return cast(T, self._shared[work])

    def together(self, work: Callable[[Evaluations], Tensor]) -> Tensor:
        """This run's part of what `work` gives of all runs of the cohort, [member, …]."""
        return self.runs.once(work)[self.member]


def evaluate(
    samples: Tensor,
    labels: Tensor | None,
    reference: Reference,
    end: bool = True,
    settings: Mapping[str, Any] | None = None,
    only: Collection[str] | None = None,
    averaged: bool = False,
) -> dict[str, float]:
    """All registered metrics that apply, by name, for one run's samples [n, *sample]: see `evaluate_all`."""
    return evaluate_all(samples[None], labels, reference, end, [settings or {}], only, averaged)[0]


def evaluate_all(
    samples: Tensor,
    labels: Tensor | None,
    reference: Reference,
    end: bool,
    settings: Sequence[Mapping[str, Any]],
    only: Collection[str] | None = None,
    averaged: bool = False,
) -> list[dict[str, float]]:
    """All registered metrics that apply, by name, of each of the runs that gave samples [member, n, *sample], n ≥ 2.

    Labels asked for are [n] or None. Metrics with the fact `at_end`, which cost the most, only at the end of a run.
    `settings` are the runs', for needs that ask for them; `only` names the metrics that are wanted, where not all are;
    `averaged`: the samples are the averaged generators', which have metrics of their own.

    NaN for each of a run whose samples or features are not all finite, or are beyond LARGEST. A run's values do not depend
    on the other runs, but for rounding.
    """
    measurable = _measurable(samples)
    whole = Evaluations(samples if measurable.all() else samples[measurable], labels, reference)
    if not reference.skipped and measurable.any():
        featured = _measurable(whole.features)
        if not featured.all():
            measurable[measurable.clone()] = featured
            whole = Evaluations(samples[measurable], labels, reference)
    places = iter(range(len(whole.samples)))
    values = []
    for fine, own in zip(measurable.tolist(), settings, strict=True):
        chosen = _chosen(reference.subject({**own, "conditional": labels is not None}), end, only, averaged)
        if not fine:
            values.append(dict.fromkeys(chosen, float("nan")))
            continue
        place = next(places)
        run = Evaluation(whole.samples[place], labels, reference, (whole, place))
        values.append({name: float(entry.load()(run)) for name, entry in chosen.items()})
    return values


def _chosen(subject: Subject, end: bool, only: Collection[str] | None, averaged: bool) -> dict[str, registry.Entry]:
    """The metrics that apply, by name."""
    return {
        name: entry
        for name, entry in registry.entries("metric").items()
        if isinstance(facts := entry.facts, MetricFacts)
        and unmet(facts.needs, subject) is None
        and (end or not facts.at_end)
        and facts.averaged == averaged
        and (only is None or name in only)
    }


def _measurable(values: Tensor) -> Tensor:
    """Of values [member, …], by member, on the CPU."""
    return (values.flatten(1).abs().amax(1) <= LARGEST).cpu()  # false for NaN too
