"""The verdict board's bars speak for the claim on the right."""

from __future__ import annotations

from ablate.claims.decide import decide
from ablate.report.board import board
from tests.support.simulated_study import SimulatedClaim, tables


def test_a_bar_is_on_the_right_when_it_speaks_for_the_claim() -> None:
    low, high = [1.0 + 0.01 * i for i in range(8)], [2.0 + 0.01 * i for i in range(8)]
    for direction, right in (("less", True), ("greater", False)):
        study, results = tables({("ring8", "a"): low, ("ring8", "b"): high}, [SimulatedClaim(direction=direction)])
        bar = board(decide(study, results))[0].lines[0].forest
        assert (bar.effect > 50) == right
        assert bar.low <= bar.effect <= bar.high
