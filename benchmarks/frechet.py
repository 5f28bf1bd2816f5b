"""python -m benchmarks.frechet: ablate's Fréchet distance against the usual way by scipy.linalg.sqrtm, in turn."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import scipy.linalg
import torch

from ablate.metrics.frechet import Gaussian, frechet_distance


def by_square_root(real: np.ndarray, fake: np.ndarray) -> float:
    """As pytorch-fid has it: means and covariances, and a root of the covariances' product."""
    mean, covariance = real.mean(0), np.cov(real, rowvar=False)
    other_mean, other = fake.mean(0), np.cov(fake, rowvar=False)
    root = scipy.linalg.sqrtm(covariance @ other).real
    return float(((mean - other_mean) ** 2).sum() + np.trace(covariance) + np.trace(other) - 2 * np.trace(root))


def seconds(function: Callable[[], float]) -> tuple[float, float]:
    """(its value, how long it took)"""
    began = time.perf_counter()
    value = function()
    return value, time.perf_counter() - began


def main() -> None:
    """Print both times, their ratio and how far the values lie apart."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.frechet", description=__doc__)
    parser.add_argument("--dimension", type=int, default=2048, help="of the features; 2048 are Inception's")
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    generator = torch.Generator().manual_seed(0)
    shape = (given.samples, given.dimension)
    mixing = torch.randn(given.dimension, given.dimension, generator=generator, dtype=torch.float64) / 45
    real = torch.randn(shape, generator=generator, dtype=torch.float64) @ mixing
    fake = 1.1 * torch.randn(shape, generator=generator, dtype=torch.float64) @ mixing + 0.1
    known = Gaussian.of_features(real)  # a run's reference is taken once, on either way
    times: list[tuple[float, float]] = []
    for _ in range(given.rounds):
        ours, own = seconds(lambda: frechet_distance(Gaussian.of_features(fake), known))
        theirs, usual = seconds(lambda: by_square_root(real.numpy(), fake.numpy()))
        times.append((own, usual))
        print(
            f"{own:.2f} s against {usual:.2f} s by sqrtm: × {own / usual:.2f}; {ours:.8g} and {theirs:.8g}", flush=True
        )
    print(
        f"median × {statistics.median(own / usual for own, usual in times):.2f} with {torch.get_num_threads()} threads"
    )


if __name__ == "__main__":
    main()
