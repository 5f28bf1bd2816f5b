"""The share of draws that reach a value, as a step line."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.axes import Axes

from ablate.registry.measures import Measure
from ablate.report.figures.shares import shares_chart


def steps_of(monkeypatch: pytest.MonkeyPatch, better: str) -> list[tuple[np.ndarray, np.ndarray, str]]:
    """Places, shares and where of the lines of two arms, one of them with a diverged draw."""
    lines = []
    unchanged = Axes.step

    def step(axes: Axes, x: np.ndarray, y: np.ndarray, where: str, **more: object) -> None:
        lines.append((x, y, where))
        unchanged(axes, x, y, where=where, **more)

    monkeypatch.setattr(Axes, "step", step)
    worst = np.inf if better == "less" else -np.inf
    values = {"a": np.array([3.0, 1.0, worst, 2.0]), "b": np.array([5.0])}
    shares_chart(values, Measure("fid", better, "ratio"), "k", "ring8", {"a": "#000000", "b": "#111111"})
    return lines


def test_the_curve_is_the_share_of_all_draws_that_reach_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    (places, shares, where), _ = steps_of(monkeypatch, "less")
    assert list(places[1:-1]) == [1, 2, 3]
    assert (list(shares), where) == ([0, 0.25, 0.5, 0.75, 0.75], "post")  # the diverged draw reaches nothing


def test_of_a_metric_of_which_more_is_better_the_curve_falls(monkeypatch: pytest.MonkeyPatch) -> None:
    (places, shares, where), _ = steps_of(monkeypatch, "greater")
    assert list(places[1:-1]) == [1, 2, 3]
    assert (list(shares), where) == ([0.75, 0.75, 0.5, 0.25, 0], "pre")  # at 1: all three; above 3: none
