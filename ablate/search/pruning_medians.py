"""What a draw of a search has to reach on its way: the median of what the draws of earlier batches had reached there.

The rule is that of Optuna's MedianPruner: a draw is given up at an evaluation where its best value so far is worse than that
median. Draws of its own batch do not count, nor do pruned ones; so the medians follow from the tables alone, and a search that
was stopped goes on with the same ones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

from ablate.claims.study_rows import StudyRows
from ablate.results.tables import COUNTED, Results
from ablate.study.study import Run, Study
from ablate.training.pruning import PruningMedians

FEWEST = 5
"""Draws before it that a draw is compared with at least"""


def medians_for(study: Study, results: Results, runs: Sequence[Run]) -> PruningMedians | None:
    """The medians for these runs; None where the study prunes nothing."""
    search = study.search
    if search is None or not search.prune:
        return None
    rows = StudyRows.of(study, results)
    curves = results.curves[results.curves["metric"] == search.objective].sort_values("generator_step")
    # The number of the evaluation, for draws may differ in their steps but not in how many evaluations they have.
    curves = curves.assign(evaluation=curves.groupby("run_id").cumcount())
    worst = math.inf if search.better == "less" else -math.inf
    at: dict[str, tuple[float, ...]] = {}

    @cache
    def medians(dataset: str, arm: str, before: int) -> tuple[float, ...]:
        ended = rows.rows(dataset, arm)
        ended = ended[ended["status"].isin(COUNTED) & (ended["draw"] < before)]
        if len(ended) < FEWEST:
            return ()
        table = curves[curves["run_id"].isin(ended["run_id"])]
        table = table.pivot(index="run_id", columns="evaluation", values="value").reindex(ended["run_id"])
        diverged = (ended["status"] == "diverged").to_numpy()
        table[diverged] = table[diverged].fillna(worst)  # from there on
        return tuple(float(median) for median in table.median())

    for run in runs:
        assert run.draw is not None
        first = run.draw // search.batch * search.batch  # of the batch that the draw is in
        at[run.run_id] = medians(run.dataset, run.arm, first)
    return PruningMedians(search.objective, search.better, at)
