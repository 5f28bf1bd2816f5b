"""A search study with tables as its runs would leave them; its outcomes are made up by a formula, nothing was trained."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from ablate.config.run_config import RunConfig
from ablate.results.rows import _identity, settings_of
from ablate.results.tables import CURVE_COLUMNS, PROBE_COLUMNS, Results
from ablate.study.load import load_study
from ablate.study.study import Run, Study
from tests.support.broken_searches import VALID_SEARCH

Outcome = Callable[[RunConfig], float]


def by_rate(config: RunConfig) -> float:
    """The best learning rate is 1e-3; a GAN is ten times as sensitive to it, and diverges far from it."""
    distance = abs(math.log10(config.lr / 1e-3))
    if config.loss == "non_saturating":
        return math.inf if distance > 1.5 else 0.2 * math.exp(2 * distance)
    return 0.1 * math.exp(0.2 * distance)


def rows_of(runs: list[Run], outcome: Outcome = by_rate) -> list[dict[str, object]]:
    rows = []
    for run in runs:
        value = outcome(run.config)
        status = "done" if math.isfinite(value) else "diverged"
        rows.append(
            {**_identity("tuning", run, status, ""), "diverged_at": math.nan, **settings_of(run)}
            | {"fid": value if status == "done" else math.nan}
        )
    return rows


def searched(
    folder: Path, old: str = "draws: 6", new: str = "draws: 30", outcome: Outcome = by_rate
) -> tuple[Study, Results]:
    """The study of a search that knows its draws, and its tables, as read back from a file."""
    path = folder / "tuning.yaml"
    path.write_text(VALID_SEARCH.replace(old, new, 1), encoding="utf-8")
    study = load_study(path)
    return study, tables_of(folder, rows_of(study.runs(), outcome))


def tables_of(folder: Path, rows: list[dict[str, object]]) -> Results:
    curves, probes = pd.DataFrame(columns=CURVE_COLUMNS), pd.DataFrame(columns=PROBE_COLUMNS)
    Results(folder, pd.DataFrame(rows), curves, probes, {}).write([])
    return Results.read(folder)
