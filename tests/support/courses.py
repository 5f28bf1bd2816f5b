"""Studies whose metric is given at every evaluation: tables and curves that agree at the last one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from tests.support.simulated_study import NO_CURVES, SimulatedClaim, SimulatedResults, SimulatedStudy, tables

Values = Mapping[tuple[str, str], Any]
"""(dataset, arm) → [runs, evaluations]; NaN where a run had stopped"""


def curves_of(values: Values, steps: Sequence[float], metric: str = "fid") -> pd.DataFrame:
    """The points of every run at every step, as the tables hold them."""
    frames = []
    for (dataset, arm), matrix in values.items():
        for seed, row in enumerate(np.asarray(matrix, dtype=float)):
            there = ~np.isnan(row)
            points = {
                "run_id": f"{dataset}-{arm}-{seed}",
                "generator_step": np.asarray(steps)[there],
                "value": row[there],
            }
            frames.append(pd.DataFrame(points).assign(metric=metric, seconds=0.0, critic_step=0))
    return pd.concat(frames, ignore_index=True)[NO_CURVES.columns]


def study_along(
    values: Values, steps: Sequence[float], *claims: SimulatedClaim, metric: str = "fid"
) -> tuple[SimulatedStudy, SimulatedResults]:
    """A study and its tables; a run whose last value is NaN diverged."""
    last = {key: [float(row[-1]) for row in np.asarray(matrix, dtype=float)] for key, matrix in values.items()}
    diverged = {key: [seed for seed, value in enumerate(own) if np.isnan(value)] for key, own in last.items()}
    return tables(last, list(claims), metric=metric, diverged=diverged, curves=curves_of(values, steps, metric))
