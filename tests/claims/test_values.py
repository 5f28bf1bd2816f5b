"""The values that a claim compares, of runs that diverged."""

from __future__ import annotations

import math

import pytest

from ablate.claims.study_rows import StudyRows
from ablate.claims.values import samples_of
from tests.support.simulated_study import SimulatedClaim, tables


@pytest.mark.parametrize(("metric", "worst"), [("fid", math.inf), ("coverage", -math.inf), ("failed_20", 1.0)])
def test_a_diverged_run_is_at_the_worst_which_of_an_event_is_that_it_happened(metric: str, worst: float) -> None:
    values = {("ring8", "a"): [0.0, 1.0, 0.5], ("ring8", "b"): [0.0, 0.0, 1.0]}
    claim = SimulatedClaim(metric=metric)
    study, results = tables(values, [claim], metric, diverged={("ring8", "a"): [2]})
    arm = samples_of(StudyRows.of(study, results), claim, "ring8").arm
    assert arm.tolist() == [0.0, 1.0, worst]
