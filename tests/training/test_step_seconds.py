"""Seconds of a step: of a whole cohort, from blocks of training that are timed by themselves."""

from __future__ import annotations

import math

import pytest

from ablate.training.record import CohortRecord
from ablate.training.run import run_cohort
from tests.support.small_runs import CPU, configs

POINTS = {"dataset": "ring8", "architecture": "mlp", "conditional": False, "generator_norm": "none"}


def test_one_slow_block_moves_the_spread_and_not_the_median() -> None:
    calm = CohortRecord(blocks=[1.0, 1.0, 1.0, 1.1, 1.1, 1.2, 1.2]).step_seconds
    shaken = CohortRecord(blocks=[1.0, 1.0, 1.0, 1.1, 1.1, 1.2, 99.0]).step_seconds
    assert calm == {"step_seconds": pytest.approx(1.1), "step_seconds_iqr": pytest.approx(0.15)}
    assert shaken["step_seconds"] == calm["step_seconds"]


def test_fewer_than_five_blocks_say_nothing() -> None:
    assert all(math.isnan(value) for value in CohortRecord(blocks=[1.0] * 4).step_seconds.values())


def test_even_a_run_of_one_evaluation_is_timed_in_five_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = []
    monkeypatch.setattr(CohortRecord, "step_seconds", property(lambda self: counts.append(len(self.blocks)) or {}))
    run_cohort(configs(1, **POINTS, generator_steps=11, evaluations=1), CPU)
    assert counts == [6]  # of 2 steps, the last of 1


def test_all_members_of_a_cohort_have_its_one_measurement() -> None:
    first, second = run_cohort(configs(2, **POINTS, generator_steps=10, evaluations=1), CPU)
    assert 0 < first.facts["step_seconds"] == second.facts["step_seconds"]
    assert first.facts["step_seconds"] > first.facts["seconds"] / 10  # of the cohort, and its data with it
    assert first.facts["step_seconds_iqr"] == second.facts["step_seconds_iqr"] >= 0
