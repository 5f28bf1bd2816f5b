"""Figures of curves show every arm by its name."""

from __future__ import annotations

import re

import numpy as np

from ablate.report.figures.bands import Band
from ablate.report.figures.curves import curves_chart


def test_a_name_that_begins_with_an_underscore_is_in_the_legend() -> None:
    steps = np.array([1.0, 2.0])
    band = Band(steps, steps, steps, steps)
    chart = curves_chart({"_a": band}, "fid", "ratio", "key", "ring8", {"_a": "#2f7fc1"})
    assert re.search(r">\s*_a\s*<", chart.svg)
