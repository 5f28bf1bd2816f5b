"""What is said of the end of a training: its tail, roughness and slope, against scipy and statistics."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from scipy import stats

from ablate.metrics.late_training import late_slope, roughness, tail_fid, tail_w1
from ablate.metrics.stability import TrainingRecord
from ablate.registry import DatasetFacts, facts_about
from ablate.registry.measures import measures
from ablate.registry.needs import Subject, unmet

NAN = math.nan


def record(values: list[float], steps: list[int] | None = None, metric: str = "fid") -> TrainingRecord:
    return TrainingRecord(steps or [100 * (i + 1) for i in range(len(values))], {metric: values}, np.array([1.0]))


def test_the_tail_is_the_geometric_mean_of_the_last_third_of_the_evaluations() -> None:
    fid = [90.0, 80.0, 70.0, 60.0, 50.0, 40.0, 8.0, 2.0, 4.0]
    assert tail_fid(record(fid)) == pytest.approx(4)  # (8 · 2 · 4)^⅓
    assert tail_fid(record([100.0, *fid])) == pytest.approx(4)  # a third of 10 or 11 is 3
    assert tail_fid(record([100.0, 100.0, 100.0, *fid])) == pytest.approx(statistics.geometric_mean(fid[-4:]))
    assert tail_w1(record(fid, metric="w1")) == pytest.approx(4)
    assert math.isnan(tail_w1(record(fid)))


@pytest.mark.parametrize("bad", [NAN, math.inf, 0.0])
def test_nothing_is_said_of_a_part_with_a_value_that_has_no_logarithm(bad: float) -> None:
    training = record([9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, bad, 2.0])
    assert all(math.isnan(f(training)) for f in (tail_fid, late_slope, roughness))
    before = record([bad, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.5, 2.0])
    assert all(math.isfinite(f(before)) for f in (tail_fid, late_slope, roughness))


def test_nothing_is_said_of_fewer_than_three_evaluations() -> None:
    eight, five = record([float(i + 1) for i in range(8)]), record([float(i + 1) for i in range(5)])
    assert math.isnan(tail_fid(eight))
    assert math.isnan(late_slope(eight))
    assert math.isfinite(roughness(eight))
    assert math.isnan(roughness(five))
    nothing = TrainingRecord([], {}, np.array([]))
    assert all(math.isnan(f(nothing)) for f in (tail_fid, tail_w1, late_slope, roughness))


def test_the_slope_is_that_of_scipys_line_over_a_third_of_the_training() -> None:
    rng = np.random.default_rng(0)
    steps = [50, 100, 200, 400, 500, 600, 700, 850, 1000]
    fid = np.exp(rng.normal(size=9)).tolist()
    line = stats.linregress(np.array(steps[-3:]) / 1000, np.log(fid[-3:]))
    assert late_slope(record(fid, steps)) == pytest.approx(line.slope / 3)
    halved = [math.exp(-3 * math.log(2) * step / 1000) for step in steps]  # in each third of the training
    assert late_slope(record(halved, steps)) == pytest.approx(-math.log(2))


def test_roughness_is_the_standard_error_of_the_residuals_of_the_line_in_log_steps() -> None:
    rng = np.random.default_rng(1)
    steps = [10, 30, 90, 200, 300, 500, 600, 800, 900, 1000]
    fid = np.exp(rng.normal(size=10))
    x, y = np.log(steps[-5:]), np.log(fid[-5:])
    residuals = y - np.polyval(np.polyfit(x, y, 1), x)
    assert roughness(record(fid.tolist(), steps)) == pytest.approx(math.sqrt((residuals**2).sum() / 3))


def test_roughness_knows_neither_level_nor_trend() -> None:
    steps = [100 * (i + 1) for i in range(10)]
    noise = np.exp(np.random.default_rng(2).normal(0, 0.3, 10))
    rough = roughness(record(noise.tolist(), steps))
    falling = 700 * np.array(steps) ** -1.5 * noise
    assert roughness(record(falling.tolist(), steps)) == pytest.approx(rough)
    assert roughness(record((700 * np.array(steps) ** -1.5).tolist(), steps)) == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize(
    ("settings", "six", "nine"),
    [
        ({}, True, True),
        ({"evaluations": 9}, True, True),
        ({"evaluations": 8}, True, False),
        ({"evaluations": 5}, False, False),
        ({"evaluations": 12, "generator_steps": 7}, True, False),
        ({"evaluations": 12, "critic_steps": 20, "n_critic": 4}, False, False),
        ({"evaluations": [1, 2, 3, 4, 5, 6, 7, 8], "generator_steps": 20}, True, True),
        ({"evaluations": (1, 2, 3, 4, 5, 6, 7, 8), "generator_steps": 8}, True, False),
        ({"evaluations": {"count": 12, "spacing": "log"}, "generator_steps": 8}, True, False),
        ({"evaluations": {"count": 9, "spacing": "log"}}, True, True),
        ({"evaluations": "often"}, True, True),  # reported where it is given
        ({"fakes": "noisy_real"}, False, False),
    ],
)
def test_a_run_with_too_few_evaluations_or_no_generator_has_no_such_measures(
    settings: dict[str, object], six: bool, nine: bool
) -> None:
    subject, known = Subject(facts_about(DatasetFacts, "digits"), settings), measures()
    assert (unmet(known["roughness"].needs, subject) is None) == six
    assert (unmet(known["tail_fid"].needs, subject) is None) == nine
    assert (unmet(known["late_slope"].needs, subject) is None) == nine
    assert unmet(known["tail_w1"].needs, subject) == "points"  # these are digits
