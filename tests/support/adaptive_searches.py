"""Adaptive searches whose runs are not trained: their outcomes are made up by a formula, their tables are real ones."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ablate.execution.job import Summary, status
from ablate.execution.options import Options
from ablate.results.tables import Results
from ablate.study.load import load_study
from ablate.study.study import Study
from tests.support.broken_searches import VALID_SEARCH
from tests.support.searched_study import Outcome, by_rate, rows_of


def tpe_study(folder: Path, draws: int = 20, batch: int = 6, name: str = "tpe.yaml") -> Study:
    """Two arms on one dataset."""
    text = VALID_SEARCH.replace("sampler: random", f"sampler: tpe\n  batch: {batch}").replace(
        "draws: 6", f"draws: {draws}"
    )
    text = text.replace("[ring8, digits]", "[ring8]").replace("  wgan: {lipschitz: clip}\n", "")
    path = folder / name
    path.write_text(text.replace("    clip_value: {low: 1e-3, high: 1, scale: log}\n", ""))
    return load_study(path)


class Trainer:
    """Stands for the training of known runs: writes rows, at most `most` in one call, and counts what it was given."""

    def __init__(self, outcome: Outcome = by_rate, most: int | None = None, failing: tuple[str, ...] = ()):
        self.outcome, self.most, self.failing = outcome, most, failing
        self.rounds: list[int] = []

    def __call__(self, study: Study, options: Options, display: object, medians: object = None) -> Summary:
        results, missing, unused_rows = status(study, options.folder, options.retry_failed)
        assert not unused_rows
        done = missing[: self.most]
        rows = rows_of(done, self.outcome)
        for row, run in zip(rows, done, strict=True):
            row["status"] = "failed" if run.run_id in self.failing else row["status"]
        if rows:
            results.add(rows, [], [])
            results.write(study.runs())
        self.rounds.append(len(done))
        left = len(missing) - len(done)
        summary = Summary(
            study, Results.read_or_empty(options.folder), len(study.runs()), len(done), interrupted=left > 0
        )
        summary.counts = {"done": len(results.runs), **({"missing": left} if left else {})}
        return summary


def table(folder: Path) -> pd.DataFrame:
    return Results.read_or_empty(folder).runs
