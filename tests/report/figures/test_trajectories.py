"""Two curves of training against each other, where a claim is about both."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from ablate.claims.study_rows import StudyRows
from ablate.report.figures.style import colours
from ablate.report.figures.trajectories import trajectories
from ablate.study.claims.association import spearman_name
from tests.support.simulated_study import SimulatedClaim, SimulatedResults, SimulatedStudy, tables


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
    unchanged = Axes.plot

    def plot(axes: Axes, *values: Any, **more: Any) -> Any:
        if np.ndim(values[0]) and len(values[0]) > 1:
            lines.append(tuple(np.asarray(value).tolist() for value in values))
        return unchanged(axes, *values, **more)

    monkeypatch.setattr(Axes, "plot", plot)
    study, results = followed()
    charts = trajectories(StudyRows.of(study, results), colours(study.arms))
    assert [chart.caption for chart in charts] == [
        "ring8, a: critic_loss against w1; median Spearman’s ρ 1",
        "ring8, b: critic_loss against w1; median Spearman’s ρ −1",
    ]
    assert len(lines) == 6
    x, y = lines[1]
    assert x == pytest.approx([1.8, 1.6, 1.4, 1.2])
    assert y == [-1.5, -3.5, -5.5, -7.5]


def test_there_is_a_figure_only_where_a_claim_is_about_them() -> None:
    study, results = followed()
    rows = StudyRows.of(replace(study, claims=(SimulatedClaim(metric="w1"),)), results)
    assert trajectories(rows, colours(study.arms)) == []
