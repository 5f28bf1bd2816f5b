"""A small p of ranks must be confirmed by the studentized statistic, which equal medians and unequal spreads do not fool."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from ablate.claims.statistics.rank_tests import shifted_rank_test
from ablate.claims.statistics.robust_rank_test import robust_rank_test, spreads_differ, studentized_test
from ablate.claims.statistics.spread import distances, gaps


def test_the_statistic_is_brunner_and_munzels_and_few_deals_are_all_taken() -> None:
    rng = np.random.default_rng(0)
    pooled = np.round(rng.normal(0, 1, 9), 1)  # with ties

    def statistic(chosen: tuple[int, ...]) -> float:
        rest = [i for i in range(9) if i not in chosen]
        return float(stats.brunnermunzel(pooled[list(chosen)], pooled[rest], distribution="normal").statistic)

    seen = statistic((0, 1, 2, 3))
    with np.errstate(all="ignore"):
        dealt = np.array([statistic(chosen) for chosen in itertools.combinations(range(9), 4)])
    less, greater = studentized_test([(pooled[:4], pooled[4:])], seed=0)
    assert less == pytest.approx(
        np.mean(dealt >= seen - 1e-9)
    )  # scipy's statistic is positive where the first is lower
    assert greater == pytest.approx(np.mean(dealt <= seen + 1e-9))


def test_of_a_hundred_runs_and_more_the_statistic_is_normal() -> None:
    rng = np.random.default_rng(2)
    arm, other = np.round(rng.normal(0.2, 2, 120), 1), np.round(rng.normal(0, 1, 150), 1)
    theirs = stats.brunnermunzel(arm, other, distribution="normal", alternative="greater")
    less, greater = studentized_test([(arm, other)], seed=0)
    assert (less, greater) == pytest.approx((1 - theirs.pvalue, theirs.pvalue))
    dealt = studentized_test([(arm[:99], other)], seed=0)
    normal = stats.brunnermunzel(arm[:99], other, distribution="normal", alternative="greater").pvalue
    assert dealt[1] == pytest.approx(normal, abs=0.01)


def test_samples_that_do_not_overlap_keep_their_exact_p_and_so_does_a_large_one() -> None:
    low, high = np.linspace(0, 1, 10), np.linspace(2, 3, 10)
    assert robust_rank_test([(low, high)], 0.0, 0) == shifted_rank_test([(low, high)], 0.0, 0)
    assert robust_rank_test([(low, low + 0.1)], 0.0, 0) == shifted_rank_test([(low, low + 0.1)], 0.0, 0)


@pytest.mark.parametrize(("sizes", "most"), [((10, 10), 0.075), ((10, 20), 0.075), ((5, 20), 0.1)])
def test_five_times_the_spread_is_not_taken_for_a_shift(sizes: tuple[int, int], most: float) -> None:
    """At most 5 % and two standard errors; five runs are too few to know their spread, and ranks alone find 15 %."""
    rng, ranks, robust = np.random.default_rng(sum(sizes)), 0, 0
    for _ in range(300):
        pair = rng.normal(0, 5, sizes[0]), rng.normal(0, 1, sizes[1])
        if shifted_rank_test([pair], 0.0).p < 0.05:
            ranks += 1
            robust += robust_rank_test([pair], 0.0, 0).p < 0.05
    assert robust <= most * 300
    assert robust < ranks


def test_the_test_of_spreads_is_exact_for_two_humps_where_distances_are_not() -> None:
    rng, false = np.random.default_rng(1), np.zeros(2)
    for _ in range(600):
        arms = [rng.choice([-1.0, 1.0], 10) + rng.normal(0, 0.1, 10) for _ in range(2)]
        for kind, of in enumerate((distances, gaps)):
            false[kind] += shifted_rank_test([tuple(of(arms, "difference"))], 0.0).p < 0.05
    assert false[1] <= 0.05 * 600 + 2 * (0.05 * 0.95 * 600) ** 0.5
    assert false[0] > false[1]


def test_gaps_are_of_successive_runs_and_a_diverged_run_has_the_widest() -> None:
    (own,) = gaps([np.array([1.0, np.e, 1.0, np.inf, 7.0])], "ratio")
    assert own.tolist() == pytest.approx([1.0, np.inf])


def test_at_the_level_of_a_study_of_twelve_claims_unequal_spreads_are_not_taken_for_a_shift() -> None:
    """Twelve comparisons, each at 0.05 / 12: of the studentized statistic alone a study in ten was false."""
    rng, false = np.random.default_rng(12), 0
    for _ in range(2_000):
        pair = rng.normal(0, 5, 10), rng.normal(0, 1, 10)
        false += shifted_rank_test([pair], 0.0).p < 0.02 and robust_rank_test([pair], 0.0, 0).p < 0.05 / 12
    assert false <= 2_000 * 0.05 / 12 + 2 * (2_000 * 0.05 / 12) ** 0.5


def test_spreads_that_differ_are_seen_and_equal_ones_are_not() -> None:
    rng = np.random.default_rng(3)
    wide = [spreads_differ(rng.normal(0, 5, 10), rng.normal(0, 1, 10)) for _ in range(100)]
    alike = [spreads_differ(rng.normal(0, 1, 10), rng.normal(3, 1, 10)) for _ in range(200)]
    assert np.mean(wide) > 0.9
    assert np.mean(alike) < 0.09
    lost = np.array([1.0, 2.0, np.inf, 3.0])
    assert spreads_differ(lost, np.array([1.0, 2.0, 3.0, 3.0])) == spreads_differ(
        np.minimum(lost, 3.0), np.array([1.0, 2.0, 3.0, 3.0])
    )
    assert not spreads_differ(np.full(5, np.inf), np.full(5, np.inf))
    assert not spreads_differ(np.zeros(5), np.zeros(5))
