"""The number of seeds that a verdict names gives about 80 % power, by the engine itself on runs like those at hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ablate.claims.decide import decide_samples
from ablate.claims.statistics.power import Pool, Question, _center, decided
from ablate.claims.values import Samples
from tests.support.simulated_study import SimulatedClaim, SimulatedStudy
from tests.support.simulated_verdicts import headline

LESS = Question(-0.0, 0.0, of_range=False)


def power_of_the_engine(values: dict, n: int, claim: SimulatedClaim, studies: int = 25) -> float:
    """Share of decided claims over studies of n seeds that are drawn from those at hand."""
    rng, words, study = np.random.default_rng(n), [], SimulatedStudy((claim,), [])
    for _ in range(studies):
        drawn = [rng.choice(runs, n) * rng.lognormal(0, 1e-6, n) for runs in values.values()]
        samples = Samples(*drawn, "ratio", "iqm", (0, 0), (0, 0), names=("a", "b"))
        words.append(decide_samples(study, lambda *_, samples=samples: samples, tell_seeds=False)[0].verdict)
    return float(np.mean([word != "inconclusive" for word in words]))


@pytest.mark.parametrize(("margin", "shift"), [(0.0, 1.3), (0.4, 1.6)])
def test_the_engine_decides_with_that_number_and_not_with_two_thirds_of_it(margin: float, shift: float) -> None:
    spread = stats.norm.ppf(np.linspace(0.05, 0.95, 10))
    values = {("ring8", "a"): np.exp(spread - shift), ("ring8", "b"): np.exp(spread[::-1] * 1.1)}
    claim = SimulatedClaim(margin=margin)
    seen = headline({key: runs[::2] for key, runs in values.items()}, claim)
    outcome = seen if seen.seeds_needed else headline(values, claim)
    assert outcome.verdict == "inconclusive"
    kept = {key: runs[::2] if outcome is seen else runs for key, runs in values.items()}
    assert outcome.seeds_needed is not None
    assert power_of_the_engine(kept, round(1.5 * outcome.seeds_needed), claim) >= 0.8
    assert power_of_the_engine(kept, round(outcome.seeds_needed / 1.5), claim) <= 0.8


def test_where_no_number_would_decide_none_is_told() -> None:
    rng = np.random.default_rng(0)
    same = rng.normal(0, 1, 10)
    outcome = headline({("ring8", "a"): np.exp(same), ("ring8", "b"): np.exp(same + 0.3)}, SimulatedClaim())
    assert 0.5 < outcome.improvement < 0.7  # fewer than three quarters of the pairs, however many there are
    assert outcome.seeds_needed is None
    assert "needs about" not in outcome.reason


def test_centers_by_counts_are_trimmed_means_with_yuens_error() -> None:
    rng = np.random.default_rng(1)
    values = np.sort(rng.normal(0, 1, 7))
    counts = rng.multinomial(11, np.full(7, 1 / 7), 5).astype(float)
    center, variance = _center(values, counts, 11)
    for row, times in enumerate(counts.astype(int)):
        sample = np.repeat(values, times)
        assert center[row] == pytest.approx(stats.trim_mean(sample, 0.2))  # 2 of 11 at either end
        winsorised = np.asarray(stats.mstats.winsorize(sample, (2 / 11, 2 / 11)))
        assert variance[row] == pytest.approx(winsorised.var() * 11 / (7 * 6))


def test_power_grows_with_the_runs_and_shares_need_no_pairs() -> None:
    rng = np.random.default_rng(2)
    pools = [Pool(rng.normal(-1.2, 1, 20), rng.normal(0, 1, 20))]
    powers = [decided(pools, n, LESS, 0.05, 0) for n in (5, 10, 20, 40)]
    assert powers == sorted(powers)
    assert powers[-1] > 0.95
    shares = [Pool(np.repeat([0.0, 1.0], [18, 2]), np.repeat([0.0, 1.0], [12, 8]), binary=True)]
    assert decided(shares, 100, LESS, 0.05, 0) > 0.95
    mirrored = [Pool(-shares[0].other, -shares[0].arm, binary=True)]
    assert decided(mirrored, 100, LESS, 0.05, 0) > 0.95
