"""Means that a quarter of the runs cannot move, and their bootstrap distributions."""

from __future__ import annotations

import hashlib
import math
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

RESAMPLES = 4000
LEVEL = 0.95
"""Level of the intervals that are shown"""

Floats = NDArray[np.float64]


def seed_of(*parts: str) -> int:
    """A seed for bootstrap or Monte Carlo that depends on the given texts alone: same claim, same interval."""
    return int.from_bytes(hashlib.sha256("\0".join(parts).encode()).digest()[:8], "big")


def interquartile_mean(values: ArrayLike) -> float:
    """Mean of the values left when a quarter of them, rounded down, is cut at each end; NaN for no values."""
    ordered = np.sort(np.asarray(values, dtype=float).ravel())
    cut = len(ordered) // 4
    return float(ordered[cut : len(ordered) - cut].mean()) if len(ordered) else math.nan


def center_of(values: ArrayLike, center: str = "iqm") -> float:
    """The interquartile mean, or the plain mean where `center` is "mean" (shares of 0 and 1)."""
    return interquartile_mean(values) if center == "iqm" else float(np.mean(np.asarray(values, dtype=float)))


def resampled_centers(values: Floats, seed: int, center: str = "iqm") -> Floats:
    """Bootstrap distribution [RESAMPLES, rows] of the interquartile mean (or mean) of each row of `values` [rows, n].

    A resample of sorted values, given as sorted positions, is sorted: so one set of positions serves all rows, and the
    trimmed mean is a product with a matrix of counts.
    """
    rows = np.sort(np.atleast_2d(np.asarray(values, dtype=float)), axis=1)
    counts, size = _resamples(rows.shape[1], seed, center)
    return counts @ rows.T / size


@lru_cache(maxsize=16)
def _resamples(n: int, seed: int, center: str) -> tuple[NDArray[np.unsignedinteger], int]:
    """How often each sorted value is in each resample's center [RESAMPLES, n], and how many are; often asked for again."""
    positions = np.sort(np.random.default_rng(seed).integers(0, n, (RESAMPLES, n)), axis=1)
    cut = n // 4 if center == "iqm" else 0
    inner = positions[:, cut : n - cut]
    flat = (inner + n * np.arange(RESAMPLES)[:, None]).ravel()
    counts = np.bincount(flat, minlength=RESAMPLES * n).astype(np.min_scalar_type(n))  # several of many runs are cached
    return counts.reshape(RESAMPLES, n), inner.shape[1]


def percentiles(resampled: Floats, level: float) -> tuple[Floats, Floats]:
    """The ends between which the middle share `level` of resampled statistics lies, along the first axis."""
    low, high = np.quantile(resampled, [0.5 - level / 2, 0.5 + level / 2], axis=0)
    return low, high
