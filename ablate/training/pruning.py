"""When a draw of a search is given up on its way: where its best value so far is worse than a bar at that evaluation."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Bars:
    """The bars of some runs; nothing is known of where they come from."""

    metric: str
    better: str
    """less or greater"""
    at: Mapping[str, Sequence[float]]
    """run_id → the bar at each of its evaluations; a run without bars goes on"""

    def missed(self, run_id: str, values: Sequence[float]) -> str:
        """Why a run with these values at its evaluations so far is given up; empty where it goes on."""
        bars = self.at.get(run_id, ())
        known = [value for value in values if not math.isnan(value)]
        if not known or len(values) > len(bars):
            return ""
        bar = bars[len(values) - 1]
        best = min(known) if self.better == "less" else max(known)
        behind = best > bar if self.better == "less" else best < bar
        return f"{self.metric} {best:.4g} at best, of earlier draws {bar:.4g} in the median" if behind else ""
