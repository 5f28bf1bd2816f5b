"""Fixtures of the tests of figures."""

from __future__ import annotations

import pytest

from tests.support.interval_bars import Interval, recorded_intervals


@pytest.fixture
def intervals(monkeypatch: pytest.MonkeyPatch) -> list[Interval]:
    """All lines of intervals that a test makes figures show."""
    return recorded_intervals(monkeypatch)
