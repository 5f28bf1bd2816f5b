"""What a perfect generator would score: distances between two independent real samples."""

from __future__ import annotations

from ablate.metrics.evaluation import Reference
from ablate.metrics.frechet import Gaussian, frechet_distance
from ablate.metrics.transport import TRANSPORT_SAMPLES, w1


def floors(reference: Reference) -> dict[str, float]:
    """fid_floor, and for points w1_floor; call it by `reference.once`.

    A sampler's second sample is a fresh one of the same size. A stored set's holds other images than the first;
    where it has too few for two samples, each is half of it at random, and the floor is somewhat higher than that
    of a perfect generator with more samples.
    """
    if reference.skipped:
        return {}
    second = reference.second_sample()
    first = Gaussian.of_features(reference.features[: len(second)])
    lowest = {"fid_floor": frechet_distance(first, Gaussian.of_features(reference.extractor.features(second)))}
    if reference.points is not None:
        n = min(TRANSPORT_SAMPLES, len(second))
        lowest["w1_floor"] = w1(reference.points[:n], second[:n])
    return lowest
