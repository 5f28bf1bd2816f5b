"""What a draw of a search has to reach on its way: the median of what the draws of earlier batches had reached there.

The rule is that of Optuna's MedianPruner and of Vizier (Golovin et al., 2017, section 3.2.1): a draw is given up at an
evaluation where its best value so far is worse than that median. Draws of its own batch do not count, nor do pruned ones;
so the bars follow from the tables alone, and a search that was stopped goes on with the same.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ablate.claims.rows import COUNTED, StudyRows
from ablate.study import Run, Study
from ablate.tables import Results
from ablate.training.pruning import Bars

FEWEST = 5
"""Draws before it that a draw is compared with at least"""


def bars_for(study: Study, results: Results, runs: Sequence[Run]) -> Bars | None:
    """The bars of these runs; None where the study prunes nothing."""
    search = study.search
    if search is None or not search.prune:
        return None
    rows = StudyRows.of(study, results)
    curves = results.curves[results.curves["metric"] == search.objective]
    worst = np.inf if search.better == "less" else -np.inf
    at: dict[str, dict[int, float]] = {}
    for run in runs:
        assert run.draw is not None
        first = run.draw // search.batch * search.batch  # of the batch that the draw is in
        ended = rows.rows(run.dataset, run.arm)
        ended = ended[ended["status"].isin(COUNTED) & (ended["draw"] < first)]
        points = curves[curves["run_id"].isin(ended["run_id"])]
        table = points.pivot(index="run_id", columns="generator_step", values="value")
        table = table.reindex(ended["run_id"]).fillna(worst)  # of a diverged draw from there on
        if len(table) >= FEWEST:
            at[run.run_id] = {int(step): float(np.median(table[step])) for step in table.columns}
    return Bars(search.objective, search.better, at)
