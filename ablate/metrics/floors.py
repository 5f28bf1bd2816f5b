"""What a perfect generator would score: the distances between two independent real samples."""

from __future__ import annotations

from ablate import registry
from ablate.metrics.evaluation import Reference, evaluate
from ablate.registry import MetricFacts


def floors(reference: Reference) -> dict[str, float]:
    """<metric>_floor of every metric that applies and of which less is better; call it by `reference.once`.

    Each is what the metric gives of a second real sample. A sampler's second sample is a fresh one of the same size. A
    stored set's holds other images than the first; where it has too few for two samples, each is half of it at random,
    and the floor is somewhat higher than that of a perfect generator with more samples.
    """
    second = reference.second_sample()
    first = reference
    if len(second) < reference.size:
        first = Reference(reference.dataset, len(second), reference.extractor, reference.device)
    distances = {
        name
        for name, entry in registry.entries("metric").items()
        if isinstance(entry.facts, MetricFacts) and entry.facts.better == "less"
    }
    return {f"{name}_floor": value for name, value in evaluate(second, None, first, only=distances).items()}
