"""Numbers are written with few digits and a true minus sign."""

from __future__ import annotations

import math

import pytest

from ablate.results import numbers


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.123456, "0.123"), (-2.5, "−2.5"), (1234.6, "1,235"), (math.nan, "–"), (math.inf, "∞"),
     (2.0e-7, "2.00e−7"), (99.96, "100")],
)  # fmt: skip
def test_numbers_have_three_digits(value: float, text: str) -> None:
    assert numbers.number(value) == text
