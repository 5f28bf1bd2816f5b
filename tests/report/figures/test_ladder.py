"""A ladder's figure and tables hold what each change does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ablate.claims.study_rows import StudyRows
from ablate.report.figures.ladder import ladder_part
from tests.support.interval_bars import Interval, log_center
from tests.support.simulated_study import SimulatedResults, SimulatedStudy, tables


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


def test_the_ladders_tables_hold_the_effect_of_each_step_and_of_all_together(intervals: list[Interval]) -> None:
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
    assert [label for *_, label in intervals[:2]] == ["lr=0.01", "lr=0.001"]
    assert intervals[0][1] == pytest.approx(list(level.values()))


def test_a_rung_that_is_not_selected_leaves_a_gap(intervals: list[Interval]) -> None:
    study, results, _ = climbed((0.01,))
    kept = [run for run in study.run_list if not run.arm.startswith("no_log")]
    study = replace(study, run_list=kept)
    part = ladder_part(StudyRows.of(study, results))
    assert part is not None
    assert [cells[0] for _, cells in part.tables[0].rows][:2] == ["–", "–"]
    assert part.tables[0].rows[2][1][0].startswith("× ")
    assert intervals[0][0] == pytest.approx([0, 2])


def test_without_a_ladder_there_is_no_such_part() -> None:
    study, results, _ = climbed()
    assert ladder_part(StudyRows.of(replace(study, ladder=()), results)) is None
