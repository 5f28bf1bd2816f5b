"""Metrics that are made of a run's curves: how two of them go together while it trains."""

from __future__ import annotations

import re

STEP = "step"
"""Stands for training time in an association"""

_SPEARMAN = re.compile(r"spearman\(([^(),\s]+), ([^(),\s]+)\)")


def spearman_name(first: str, second: str) -> str:
    """The name of Spearman's coefficient of two curves over one run's training, as a metric."""
    return f"spearman({first}, {second})"


def spearman_of(name: str) -> tuple[str, str] | None:
    """The two curves of such a name; None for the name of another metric."""
    match = _SPEARMAN.fullmatch(name)
    return (match[1], match[2]) if match else None
