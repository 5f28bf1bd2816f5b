"""published: our runs against a figure with its own error, a share of runs, and published results of single runs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from ablate.claims.decide import decide
from ablate.claims.statistics.risk_difference import Counts, difference
from ablate.claims.verdict import Verdict
from ablate.report.board import board
from tests.support.simulated_study import SimulatedClaim, tables
from tests.support.simulated_verdicts import headline

MODES = np.array([5.0, 6, 7, 4, 6, 6, 5, 7, 6, 6])


def published(**more: Any) -> SimulatedClaim:
    usual = {"against": "", "direction": "", "decide": "every_dataset", "statistic": "mean", "metric": "modes@1"}
    return SimulatedClaim(**{**usual, "test": "published", "quoted": "arXiv 2302.14320", "margin": 1.0, **more})


def outcome(values: Any, claim: SimulatedClaim, **more: Any) -> Verdict:
    return headline({("ring8", "a"): values}, claim, metric=claim.metric, **more)


@pytest.mark.parametrize(
    ("value", "verdict"), [(5.89, "reproduced"), (8.0, "contradicted"), (6.9, "inconclusive"), (3.5, "contradicted")]
)
def test_a_figure_with_its_error_agrees_within_the_margin_and_differs_outside(value: float, verdict: str) -> None:
    assert outcome(MODES, published(value=value, se=0.13, runs=200)).verdict == verdict


def test_it_is_two_one_sided_welch_tests() -> None:
    found = outcome(MODES, published(value=5.89, sd=1.8, runs=200))
    stated = (MODES.mean(), MODES.std(ddof=1), 10)
    upper = stats.ttest_ind_from_stats(*stated, 6.89, 1.8, 200, equal_var=False, alternative="less").pvalue
    lower = stats.ttest_ind_from_stats(*stated, 4.89, 1.8, 200, equal_var=False, alternative="greater").pvalue
    assert found.p == pytest.approx(2 * max(upper, lower))
    assert found.effect == pytest.approx(MODES.mean() - 5.89)
    assert found.scale == "difference"
    assert found.reason.startswith("agrees with what is published: the interval lies within the margin around what is")
    same = outcome(MODES, published(value=5.89, se=1.8 / math.sqrt(200), runs=200))
    half = float(stats.t.isf(0.025, 199)) * 1.8 / math.sqrt(200)
    again = outcome(MODES, published(value=5.89, interval=(5.89 - half, 5.89 + half), runs=200))
    assert same.p == pytest.approx(found.p)
    assert again.p == pytest.approx(found.p)


def test_a_margin_of_a_metric_that_is_compared_by_ratio_is_one_of_the_ratio() -> None:
    values = np.exp(np.linspace(-0.1, 0.1, 10))
    claim = {"metric": "fid", "se": 0.01, "runs": 50, "margin": 0.3}
    for value, verdict in ((1.0, "reproduced"), (0.5, "contradicted"), (2.0, "contradicted"), (0.78, "inconclusive")):
        found = outcome(values, published(value=value, **claim))
        assert found.verdict == verdict
        assert found.scale == "ratio"
        assert found.effect == pytest.approx(values.mean() / value)


def test_a_run_that_diverged_has_no_mean_and_too_few_runs_decide_nothing() -> None:
    claim = published(value=5.9, se=0.1)
    assert (
        outcome(MODES, claim, diverged={("ring8", "a"): [3]}).reason == "1 of 10 runs diverged: a mean tolerates none"
    )
    assert "fewer than 5 seeds (4 of a)" in outcome(MODES[:4], claim).reason
    assert "fewer than 5 seeds (1 of a)" in outcome(MODES[:1], claim).reason


def test_a_published_share_is_compared_as_shares_are() -> None:
    values = np.where(np.arange(60) < 14, 8.0, 5.0)  # 14 of 60 have all modes
    claim = published(statistic="share", within=(8.0, 8.0), value=0.22, runs=200, margin=0.2)
    found = outcome(values, claim)
    assert (found.effect, found.low, found.high) == pytest.approx(difference([Counts(14, 60, 44, 200)]))
    assert found.verdict == "reproduced"
    assert found.n == (60, 200)
    assert found.statistic == "share within [8, 8]"
    assert outcome(
        values, published(statistic="share", within=(8.0, 8.0), value=0.87, runs=200, margin=0.2)
    ).verdict == ("contradicted")
    assert outcome(values[::3], claim).verdict == "inconclusive"
    assert outcome(values[::3], claim).seeds_needed is None


def test_published_results_of_single_runs_are_compared_as_another_arm_is() -> None:
    rng = np.random.default_rng(0)
    ours, theirs = np.exp(rng.normal(0, 0.2, 12)), np.exp(rng.normal(0.02, 0.2, 40))
    claim = published(metric="fid", statistic="value", seeds=tuple(theirs), file="theirs.csv", margin=0.3)
    found = outcome(ours, claim)
    twin = SimulatedClaim(test="equivalent", direction="", margin=0.3)
    pair = headline({("ring8", "a"): ours, ("ring8", "b"): theirs}, twin)
    assert (found.p, found.effect, found.verdict) == (pair.p, pair.effect, pair.verdict)
    assert found.verdict == "reproduced"
    assert found.n == (12, 40)


def test_shares_of_published_single_runs() -> None:
    theirs = np.where(np.arange(200) < 44, 8.0, 5.0)
    ours = np.where(np.arange(60) < 14, 8.0, 5.0)
    more = {"statistic": "share", "within": (8.0, 8.0), "margin": 0.2}
    of_runs = outcome(ours, published(seeds=tuple(theirs), file="theirs.csv", **more))
    of_figure = outcome(ours, published(value=0.22, runs=200, **more))
    assert (of_runs.p, of_runs.low, of_runs.high) == (of_figure.p, of_figure.low, of_figure.high)


def test_several_datasets_must_all_agree() -> None:
    claim = published(value=5.89, se=0.13, datasets=("ring8", "grid25"))
    values = {("ring8", "a"): MODES, ("grid25", "a"): MODES + 4}
    assert headline(values, claim, metric="modes@1").verdict == "contradicted"
    assert headline(dict.fromkeys(values, MODES), claim, metric="modes@1").verdict == "reproduced"


def test_the_board_prints_the_figure_and_where_it_is_from() -> None:
    claims = [
        published(id="mean", value=5.89, se=0.13, runs=200),
        published(id="share", statistic="share", within=(8.0, 8.0), value=0.9, runs=200, margin=0.2),
        published(id="seeds", statistic="value", seeds=(6.0,) * 30, file="theirs.csv", rows="modes"),
    ]
    study, results = tables({("ring8", "a"): MODES}, claims, metric="modes@1")
    lines = {entry.id: entry.lines[0] for entry in board(decide(study, results))}
    assert lines["mean"].what == "mean of modes@1: a − published 5.89 ± 0.13 (200 runs), arXiv 2302.14320"
    assert lines["mean"].sentence == (
        "mean of modes@1 of a differs from the published 5.89 ± 0.13 (200 runs), arXiv 2302.14320 by −0.09 [−0.778, 0.598] "
        "(claimed: equal within 1): reproduced"
    )
    assert lines["share"].what == "share within [8, 8] of modes@1: a − published 0.9 (200 runs), arXiv 2302.14320"
    assert lines["seeds"].what == "modes@1: a − published 30 runs of theirs.csv (modes), arXiv 2302.14320"
    for line in lines.values():
        assert line.forest is not None
        assert line.forest.band is not None
