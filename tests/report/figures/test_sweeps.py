"""The page's figures of settings that are swept, of a ladder, and of two curves of training against each other."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from scipy import stats

from ablate import registry
from ablate.claims.study_rows import StudyRows
from ablate.report.figures import style as figures
from ablate.report.figures.ladder import ladder_part
from ablate.report.figures.levels import METRICS
from ablate.report.figures.response import response_curves
from ablate.report.figures.trajectories import trajectories
from ablate.report.site import build_report
from ablate.study.claims.association import spearman_name
from tests.support.simulated_page import full_study
from tests.support.simulated_study import SimulatedClaim, SimulatedResults, SimulatedStudy, tables

LEVELS = (0.1, 1, 10)


def log_center(values: np.ndarray) -> float:
    return math.exp(stats.trim_mean(np.log(values), 0.25))


def swept(levels: tuple[Any, ...] = LEVELS, factor: str = "lambda_gp") -> tuple[SimulatedStudy, SimulatedResults, dict]:
    """Two arms crossed with a factor, in an order that is not ascending; eight seeds."""
    rng = np.random.default_rng(0)
    order = levels[::-1]
    values = {("ring8", f"{arm} {factor}={x}"): np.exp(rng.normal(size=8)) for arm in ("a", "b") for x in order}
    study, results = tables(values, [])
    factors = {f"{arm} {factor}={x}": {factor: x} for arm in ("a", "b") for x in order}
    return replace(study, factors=factors), results, values


@pytest.fixture
def bars(monkeypatch: pytest.MonkeyPatch) -> list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, str]]:
    """x, y, reach downward and upward, and label of all intervals that are drawn."""
    drawn: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, str]] = []
    plain = Axes.errorbar

    def errorbar(axes: Axes, x: np.ndarray, y: np.ndarray, reach: Any, **more: Any) -> Any:
        drawn.append((x, y, *reach, more["label"]))
        return plain(axes, x, y, reach, **more)

    monkeypatch.setattr(Axes, "errorbar", errorbar)
    return drawn


def test_a_response_curve_joins_the_centers_of_an_arm_in_the_order_of_the_levels(bars: list) -> None:
    study, results, values = swept()
    (found,) = response_curves(StudyRows.of(study, results))
    assert [label for *_, label in bars] == ["a", "b"]
    for x, y, below, above, arm in bars:
        assert np.diff(x) == pytest.approx(math.log(10))  # equal ratios are equally far apart
        assert y == pytest.approx([log_center(values["ring8", f"{arm} lambda_gp={level}"]) for level in LEVELS])
        assert (below > 0).all()
        assert (above > 0).all()
    assert found.caption.startswith("ring8: fid over lambda_gp")
    assert all(re.search(rf">\s*{level:g}\s*<", found.svg) for level in LEVELS)


def test_narrow_levels_stand_at_equal_differences(bars: list) -> None:
    study, results, _ = swept((1, 3, 5), "n_critic")
    response_curves(StudyRows.of(study, results))
    assert np.diff(bars[0][0]) == pytest.approx(2)


def test_a_level_without_runs_is_left_out_of_its_line(bars: list) -> None:
    study, results, _ = swept()
    results.runs = results.runs[results.runs["arm"] != "a lambda_gp=1"]
    response_curves(StudyRows.of(study, results))
    assert [len(x) for x, *_ in bars] == [2, 3]


def test_diverged_runs_are_in_the_center_at_the_worst_value_seen(bars: list) -> None:
    study, results, values = swept()
    lost = results.runs["arm"].eq("a lambda_gp=10") & results.runs["seed"].lt(4)
    results.runs.loc[lost, ["status", "fid"]] = ["diverged", np.nan]
    response_curves(StudyRows.of(study, results))
    worst = results.runs["fid"].max()
    expected = log_center(np.concatenate([values["ring8", "a lambda_gp=10"][4:], [worst] * 4]))
    assert bars[0][1][-1] == pytest.approx(expected)


@pytest.mark.parametrize(("levels", "factor"), [((0.1, 1), "lr"), (("none", "batch", "layer"), "critic_norm")])
def test_two_levels_or_names_are_no_axis(levels: tuple, factor: str) -> None:
    study, results, _ = swept(levels, factor)
    assert response_curves(StudyRows.of(study, results)) == []


def climbed(rates: tuple[float, ...] = (0.01, 0.001)) -> tuple[SimulatedStudy, SimulatedResults, dict]:
    """Three rungs at two rates, on two datasets."""
    rng = np.random.default_rng(1)
    values = {
        (dataset, f"{rung} lr={rate:g}"): np.exp(rng.normal(i, 0.3, 9))
        for dataset in ("ring8", "digits")
        for i, rung in enumerate(("gan", "no_log", "wgan"))
        for rate in rates
    }
    study, results = tables(values, [], diverged={("digits", f"wgan lr={rates[0]:g}"): [0, 1, 2]})
    factors = {arm: {"lr": float(arm.split("=")[1])} for _, arm in values}
    return replace(study, factors=factors, ladder=("gan", "no_log", "wgan")), results, values


def number(text: str) -> float:
    return float(text.split()[0].replace("−", "-"))


def test_the_ladders_tables_hold_the_effect_of_each_step_and_of_all_together(bars: list) -> None:
    study, results, values = climbed()
    part = ladder_part(StudyRows.of(study, results))
    assert part is not None
    assert [t.dataset for t in part.tables] == [f"{d}, lr={r}" for d in ("ring8", "digits") for r in ("0.01", "0.001")]
    table = part.tables[0]
    assert table.columns == ["fid", "diverged"]
    assert [name for name, _ in table.rows] == ["gan → no_log", "no_log → wgan", "all together, gan → wgan"]
    level = {rung: log_center(values["ring8", f"{rung} lr=0.01"]) for rung in study.ladder}
    for (_, cells), (before, after) in zip(
        table.rows, [("gan", "no_log"), ("no_log", "wgan"), ("gan", "wgan")], strict=True
    ):
        assert number(cells[0].removeprefix("× ")) == pytest.approx(level[after] / level[before], rel=0.005)
    assert number(part.tables[2].rows[1][1][1]) == pytest.approx(3 / 9, abs=0.001)  # of 9 runs 3 diverged
    assert [label for *_, label in bars[:2]] == ["lr=0.01", "lr=0.001"]
    assert bars[0][1] == pytest.approx(list(level.values()))


def test_a_rung_that_is_not_selected_leaves_a_gap(bars: list) -> None:
    study, results, _ = climbed((0.01,))
    kept = [run for run in study.run_list if not run.arm.startswith("no_log")]
    study = replace(study, run_list=kept)
    part = ladder_part(StudyRows.of(study, results))
    assert part is not None
    assert [cells[0] for _, cells in part.tables[0].rows][:2] == ["–", "–"]
    assert part.tables[0].rows[2][1][0].startswith("× ")
    assert bars[0][0] == pytest.approx([0, 2])


def test_without_a_ladder_there_is_no_such_part() -> None:
    study, results, _ = climbed()
    assert ladder_part(StudyRows.of(replace(study, ladder=()), results)) is None


def followed() -> tuple[SimulatedStudy, SimulatedResults]:
    """Arm a's loss falls as w1 falls, evaluated at four steps; the loss is recorded at twice as many."""
    claim = SimulatedClaim(metric=spearman_name("critic_loss", "w1"))
    study, results = tables({("ring8", "a"): [1.0] * 3, ("ring8", "b"): [1.0] * 3}, [claim], metric="w1")
    points = []
    for arm, sign in (("a", 1), ("b", -1)):
        for seed in range(3):
            run_id = f"ring8-{arm}-{seed}"
            points += [(run_id, 10 * k, "w1", 1.0 + seed - 0.2 * k) for k in range(1, 5)]
            points += [(run_id, 5 * k, "critic_loss", -sign * float(k)) for k in range(1, 9)]
    curves = pd.DataFrame(points, columns=["run_id", "generator_step", "metric", "value"])
    results.curves = curves.assign(critic_step=curves["generator_step"], seconds=0.0)
    return study, results


def test_each_seed_is_a_line_of_the_smoothed_loss_against_quality(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = []
    plain = Axes.plot

    def plot(axes: Axes, *values: Any, **more: Any) -> Any:
        if np.ndim(values[0]) and len(values[0]) > 1:
            lines.append(tuple(np.asarray(each).tolist() for each in values))
        return plain(axes, *values, **more)

    monkeypatch.setattr(Axes, "plot", plot)
    study, results = followed()
    found = trajectories(StudyRows.of(study, results), figures.colours(study.arms))
    assert [each.caption for each in found] == [
        "ring8, a: critic_loss against w1; median Spearman’s ρ 1",
        "ring8, b: critic_loss against w1; median Spearman’s ρ −1",
    ]
    assert len(lines) == 6
    x, y = lines[1]
    assert x == pytest.approx([1.8, 1.6, 1.4, 1.2])
    assert y == [-1.5, -3.5, -5.5, -7.5]


def test_curves_are_drawn_only_where_a_claim_is_about_them() -> None:
    study, results = followed()
    rows = StudyRows.of(replace(study, claims=(SimulatedClaim(metric="w1"),)), results)
    assert trajectories(rows, figures.colours(study.arms)) == []


def test_the_page_shows_each_where_the_study_has_it(tmp_path: Path) -> None:
    study, results = full_study(seeds=5, datasets=("ring8",))
    everything = replace(
        study,
        factors={arm: {"lr": level} for arm, level in zip(study.arms, (1e-5, 1e-4, 1e-3, 1e-2), strict=True)},
        ladder=("gan", "wgan_gp"),
        claims=(SimulatedClaim(metric=spearman_name("critic_loss", "fid"), arm="wgan_gp", against="gan"),),
    )
    for each, there in ((study, False), (everything, True)):
        text = build_report([(each, results)], tmp_path).read_text(encoding="utf-8")
        for heading in ("Over the settings", "Step by step", "What goes with what"):
            assert (heading in text) == there


def test_the_metrics_of_levels_are_registered() -> None:
    assert set(METRICS) <= set(registry.entries("metric"))
