"""The normal interval of very many runs is that of scipy's trimmed means, and near to the bootstrap's."""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.stats import mstats

from ablate.claims.statistics.bootstrap import percentiles, resampled_centers
from ablate.claims.statistics.effects import difference_of_centers
from ablate.claims.statistics.large_samples import LARGE, normal_interval

RNG = np.random.default_rng(0)
ARM, OTHER = RNG.lognormal(0, 1, 400), RNG.lognormal(0.2, 1, 300)


def test_its_error_is_that_of_scipys_trimmed_mean():
    error = math.hypot(*(mstats.trimmed_stde(values, (0.25, 0.25)) for values in (ARM, OTHER)))
    effect = stats.trim_mean(ARM, 0.25) - stats.trim_mean(OTHER, 0.25)
    low, high = effect - 1.959964 * error, effect + 1.959964 * error
    # scipy divides by n − 1 of the values that are kept in its own way: equal to some parts in a thousand at these sizes
    assert normal_interval([(ARM, OTHER)], "iqm", 0.95) == pytest.approx((effect, low, high), abs=0.005)


def test_it_is_near_to_the_bootstraps():
    resampled = resampled_centers(ARM, 1)[:, 0] - resampled_centers(OTHER, 2)[:, 0]
    low, high = percentiles(resampled, 0.95)
    effect, least, most = difference_of_centers([(ARM, OTHER)], 0)
    assert low < effect < high
    assert (least, most) == pytest.approx((low, high), abs=0.06 * (high - low))


def test_fewer_runs_are_resampled():
    few = [(ARM[: LARGE - 1], OTHER)]
    assert difference_of_centers(few, 0)[1:] != normal_interval(few, "iqm", 0.95)[1:]
    assert difference_of_centers([(ARM, OTHER)], 0) == normal_interval([(ARM, OTHER)], "iqm", 0.95)
