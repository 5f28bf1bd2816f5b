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
    at: Mapping[str, Mapping[int, float]]
    """run_id → generator step → bar"""

    def missed(self, run_id: str, step: int, values: Sequence[float]) -> str:
        """Why a run with these values so far, the last one at `step`, is given up; empty where it goes on."""
        bar = self.at.get(run_id, {}).get(step)
        known = [value for value in values if not math.isnan(value)]
        if bar is None or not known:
            return ""
        best = min(known) if self.better == "less" else max(known)
        behind = best > bar if self.better == "less" else best < bar
        return f"{self.metric} {best:.4g} at best, of earlier draws {bar:.4g} in the median" if behind else ""
