"""Tables of results hold centers over all runs that count."""

from __future__ import annotations

import math

import numpy as np
from scipy import stats

from ablate.claims.study_rows import StudyRows
from ablate.report.result_tables import result_tables
from ablate.results import numbers
from tests.support.simulated_study import tables


def test_result_tables_hold_the_interquartile_mean_with_diverged_runs_at_the_worst() -> None:
    a = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
    study, results = tables({("ring8", "a"): a, ("ring8", "b"): [20.0] * 8}, [], diverged={("ring8", "a"): [0]})
    table = result_tables(StudyRows.of(study, results))[0]
    assert [name for name, _ in table.columns] == ["runs", "diverged", "fid", "time"]
    cells = dict(table.rows)["a"]
    expected = math.exp(stats.trim_mean(np.log([*a[1:], 20.0]), 0.25))
    assert cells[2].center == numbers.number(expected)
    assert cells[1].center == "1 of 8"
