"""One run's generated samples held against a fixed real sample: the shared work of all metrics.

A metric is a function of an `Evaluation` that gives a plain float, registered with what it needs of the dataset:
`features`, `points` (two-dimensional data), `modes`, `classes` (a classifier of all of them), `labels` (labels were
asked for, and there is a classifier to judge), `stacked` (26,000 samples of stacked digits).
"""

from __future__ import annotations

from collections import OrderedDict
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ablate import registry
from ablate.datasets.base import Dataset
from ablate.metrics.features import Extractor, NoFeatures, extractor_for

if TYPE_CHECKING:
    from ablate.metrics.frechet import Gaussian
    from ablate.metrics.inception import InceptionFid
    from ablate.metrics.kernel import Kernel

REFERENCE_SEED, FLOOR_SEED = 2**20, 2**20 + 1
"""Fixed, so that all runs are held against the same real sample"""
LARGEST = 1e50
"""Values beyond it count as not finite: the metrics' squares and cubes of them would overflow"""
STACKED_SAMPLES = 26_000
"""The number of samples of which the literature counts the modes of stacked MNIST"""
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
        self.points = samples if samples.dim() == 2 else None
        """[n, 2], for two-dimensional data"""
        self.inception: dict[tuple[str, str], InceptionFid] = {}
        """fid with Inception's features against the same sample, by weights and device, where it is asked for"""
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
    def gaussian(self) -> Gaussian:
        """Mean and covariance of the real features."""
        from ablate.metrics.frechet import Gaussian

        return Gaussian.of_features(self.features)

    @cached_property
    def radii(self) -> Tensor:
        """Distance of each real feature to its fifth neighbour, of the first MANIFOLD_SAMPLES."""
        from ablate.metrics.manifold import MANIFOLD_SAMPLES, radii

        return radii(self.features[:MANIFOLD_SAMPLES])

    @cached_property
    def mmd_kernel(self) -> Kernel:
        """The kernel of mmd, its bandwidths fixed from the real features."""
        from ablate.metrics.kernel import mmd_kernel

        return mmd_kernel(self.features)

    @cached_property
    def within_mmd(self) -> float:
        """The real sample's own term of mmd."""
        from ablate.metrics.kernel import KERNEL_SAMPLES, within

        return within(self.features[:KERNEL_SAMPLES], self.mmd_kernel)

    @cached_property
    def within_cubic(self) -> float:
        """The real sample's own term of kid."""
        from ablate.metrics.kernel import KERNEL_SAMPLES, cubic, within

        return within(self.features[:KERNEL_SAMPLES], cubic)

    @cached_property
    def class_shares(self) -> Tensor:
        """Real share of each class, over the whole of a stored set: [class]."""
        labels = self.labels if self.dataset.labels is None else self.dataset.labels
        count = torch.bincount(labels, minlength=self.dataset.n_classes).double()
        return count / count.sum()

    @cached_property
    def has(self) -> frozenset[str]:
        """Which needs of metrics the dataset meets."""
        met = set() if self.skipped else {"features"}
        if self.points is not None:
            met.add("points")
        if self.dataset.modes is not None:
            met |= {"modes", "modes or classes"}
        if self.extractor.classifies and self.dataset.channel_set is None:
            met |= {"classes", "modes or classes"}
        if self.dataset.channel_set is not None and self.n == STACKED_SAMPLES:
            met.add("stacked")
        return frozenset(met)

    def second_sample(self) -> Tensor:
        """Real samples that are independent of the first as many of the reference, or, of a stored set, other images."""
        if self.dataset.draw is not None:
            return self.dataset.reference(self.n, FLOOR_SEED)[0]
        # with the reference's seed the images beyond the first n are not in the reference
        both = self.dataset.reference(2 * self.n, REFERENCE_SEED)[0]
        return both[len(both) // 2 :][: len(both) // 2]

    @cached_property
    def floors(self) -> dict[str, float]:
        """What a perfect generator would score: fid and w1 between two independent real samples.

        A sampler's second sample is a fresh one of the same size. A stored set's holds other images than the first;
        where it has too few for two samples, each is half of it at random, and the floor is somewhat higher than that
        of a perfect generator with more samples.
        """
        if self.skipped:
            return {}
        from ablate.metrics.frechet import Gaussian, frechet_distance
        from ablate.metrics.transport import TRANSPORT_SAMPLES, w1

        second = self.second_sample()
        first = Gaussian.of_features(self.features[: len(second)])
        floors = {"fid_floor": frechet_distance(first, Gaussian.of_features(self.extractor.features(second)))}
        if self.points is not None:
            n = min(TRANSPORT_SAMPLES, len(second))
            floors["w1_floor"] = w1(self.points[:n], second[:n])
        return floors


def protocol_name(features: str, n: int) -> str:
    """What fid is called exactly: its features and the number of generated samples, in thousands where it is whole."""
    return f"fid_{features}_{n // 1000}k" if n % 1000 == 0 else f"fid_{features}_{n}"


_references: OrderedDict[tuple[str, str, str, str, int], Reference] = OrderedDict()


class Evaluation:
    """Generated samples [n, *sample] in float64, and the labels asked for, [n] or None, against a reference."""

    def __init__(self, samples: Tensor, labels: Tensor | None, reference: Reference):
        self.samples, self.labels, self.reference = samples, labels, reference

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

    @cached_property
    def mode_counts(self) -> Tensor:
        """High-quality samples at each mode."""
        from ablate.metrics.modes import mode_counts

        assert self.reference.dataset.modes is not None
        return mode_counts(self.samples, self.reference.dataset.modes)

    @cached_property
    def prdc(self) -> dict[str, float]:
        """precision, recall, density, coverage."""
        from ablate.metrics.manifold import MANIFOLD_SAMPLES, prdc

        real = self.reference.features[:MANIFOLD_SAMPLES]
        return prdc(real, self.features[:MANIFOLD_SAMPLES], self.reference.radii)


def evaluate(samples: Tensor, labels: Tensor | None, reference: Reference, end: bool = True) -> dict[str, float]:
    """All registered metrics that apply, by name, for samples [n, *sample] with n ≥ 2 and labels asked for, [n] or None.

    Those with the fact `at_end`, which cost the most, only at the end of a run.

    NaN for each where the samples or their features are not all finite, or are beyond LARGEST.
    """
    met = reference.has | ({"labels"} if labels is not None and reference.extractor.classifies else set())
    entries = registry.entries("metric").items()
    chosen = {n: e for n, e in entries if set(e.facts.get("needs", ())) <= met and (end or not e.facts.get("at_end"))}
    evaluation = Evaluation(samples, labels, reference)
    if not (_measurable(samples) and (reference.skipped or _measurable(evaluation.features))):
        return dict.fromkeys(chosen, float("nan"))
    return {name: float(entry.load()(evaluation)) for name, entry in chosen.items()}


def _measurable(values: Tensor) -> bool:
    return bool(values.abs().amax() <= LARGEST)  # false for NaN too
