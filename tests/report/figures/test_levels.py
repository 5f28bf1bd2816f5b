"""What is shown over levels is what measures say of themselves."""

from __future__ import annotations

import numpy as np

from ablate.claims.study_rows import StudyRows
from ablate.registry.measures import shown_in
from ablate.report.figures.levels import metrics_over_levels
from tests.support.simulated_study import tables


def test_measures_that_say_so_are_shown_over_levels_where_runs_have_them() -> None:
    names = [of.name for of in shown_in("levels")]
    assert "fid" in names
    study, results = tables({("ring8", "a"): [1.0] * 5, ("digits", "a"): [2.0] * 5}, [])
    for name in names[1:]:
        results.runs[name] = np.where(results.runs["dataset"] == "digits", 1.0, np.nan)
    rows = StudyRows.of(study, results)
    assert metrics_over_levels(rows, "digits") == names
    assert metrics_over_levels(rows, "ring8") == names[:1]
