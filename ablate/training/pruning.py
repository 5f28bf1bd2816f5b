"""When a draw of a search is pruned: where its best value so far is worse than a median at that evaluation."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class PruningMedians:
    """The medians that some runs have to reach; nothing is known here of where they come from."""

    metric: str
    better: str
    """less or greater"""
    at: Mapping[str, Sequence[float]]
    """run_id → the median at each of its evaluations; a run without any goes on"""

    def of(self, run_ids: Collection[str]) -> PruningMedians:
        """Those of these runs alone."""
        return replace(self, at={run_id: medians for run_id, medians in self.at.items() if run_id in run_ids})

    def missed(self, run_id: str, values: Sequence[float]) -> str:
        """Why a run with these values at its evaluations so far is pruned; empty where it goes on."""
        medians = self.at.get(run_id, ())
        known = [value for value in values if not math.isnan(value)]
        if not known or len(values) > len(medians):
            return ""
        median = medians[len(values) - 1]
        best = min(known) if self.better == "less" else max(known)
        behind = best > median if self.better == "less" else best < median
        return f"{self.metric} {best:.4g} at best, of earlier draws {median:.4g} in the median" if behind else ""
