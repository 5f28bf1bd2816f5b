"""The panels of effects against training: a dot an evaluation, in the colour of its verdict, and the same in words."""

import re
from dataclasses import replace

import numpy as np
import pytest

from ablate.claims.along_training import decide_along
from ablate.claims.decide import decide
from ablate.claims.study_rows import StudyRows
from ablate.report.board import board
from ablate.report.effect_panels import BOTTOM, LEFT, RIGHT, TOP, effect_panels
from ablate.report.late_cells import COLUMN, late_texts
from ablate.report.result_tables import result_tables
from tests.support.courses import study_along
from tests.support.simulated_study import SimulatedClaim

STEPS = (100, 200, 400, 800)


def built(*claims, a=(0.0, 0.0, -2.0, -2.0), datasets=("ring8",), steps=STEPS):
    rng = np.random.default_rng(0)
    values = {
        (dataset, arm): np.exp(np.asarray(level) + rng.normal(0, 0.3, (8, 4)))
        for dataset in datasets
        for arm, level in (("a", a), ("b", (0.0,) * 4))
    }
    study, results = study_along(values, steps, *claims)
    _, courses = decide_along(study, StudyRows.of(study, results))
    return study, results, effect_panels(study.claims, courses)


def places(path):
    return [(float(x), float(y)) for x, y in re.findall(r"M([\d.]+) ([\d.]+)h0", path)]


def test_a_dot_an_evaluation_has_the_colour_of_the_verdict_there():
    _, _, (claim,) = built(SimulatedClaim(margin=0.1))
    (panel,) = claim.panels
    words = dict(panel.dots)
    assert {word: len(places(path)) for word, path in words.items()} == {"inconclusive": 2, "reproduced": 2}
    (x0, y0), (x1, _) = places(words["inconclusive"])
    (x2, y2), (x3, _) = places(words["reproduced"])
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.2) == pytest.approx(x3 - x2, abs=0.2)  # each step is twice the last
    assert LEFT < x0 < x3 < RIGHT
    assert TOP < y0 < y2 < BOTTOM  # a smaller value lies lower
    assert y0 == pytest.approx(panel.none, abs=15)
    top, height = panel.band
    assert top < panel.none < top + height
    assert [tick.text for tick in panel.across] == ["100", "800"]
    assert panel.words == "sustained, since step 400, effect steady"
    assert panel.alt.endswith("The rule would say: inconclusive, then reproduced.")
    assert (claim.what, claim.claimed) == ("fid: a ÷ b", "claimed: below the dotted line")


def test_several_datasets_have_a_panel_each_and_one_over_all():
    both = ("ring8", "grid25")
    _, _, (claim,) = built(SimulatedClaim(datasets=both), datasets=both)
    assert [panel.where for panel in claim.panels] == ["over all datasets", *both]


def test_a_bound_shows_its_range_and_no_line_of_no_effect():
    claim = SimulatedClaim(
        test="bound", against="", direction="", statistic="iqm", low=0.5, high=2.0, decide="every_dataset"
    )
    _, _, (shown,) = built(claim, a=(3.0, 2.0, 0.0, 0.0))
    (panel,) = shown.panels
    assert panel.none is None
    assert panel.band[1] > 0
    assert [word for word, _ in panel.dots] == ["contradicted", "reproduced"]
    assert shown.claimed == ""


def test_claims_without_a_curve_have_none():
    _, _, shown = built(SimulatedClaim(metric="diverged"), SimulatedClaim("d", at="any"))
    assert shown == []


def limited():
    """Arm b is worse, and improves by a fifth over the last third of its training."""
    rng = np.random.default_rng(0)
    falls = {("ring8", arm): np.exp(level + np.linspace(0, -change, 9) + rng.normal(0, 0.01, (8, 9)))
             for arm, level, change in (("a", -3.0, 0.0), ("b", 0.0, 0.6))}  # fmt: skip
    study, results = study_along(falls, range(100, 1000, 100), SimulatedClaim())
    return StudyRows.of(study, results)


def test_the_board_tells_what_training_says_and_marks_what_the_budget_limits():
    rows = limited()
    (line,) = board(decide_along(rows.study, rows)[0])[0].lines
    assert line.notes == [
        "budget-limited: the arm that loses still improved when training ended", "sustained", "since step 100",
        "effect shrinking",
    ]  # fmt: skip


def test_tables_of_results_say_which_arms_still_improve():
    rows = limited()
    texts = late_texts(rows, "ring8", ["a", "b"])
    assert re.fullmatch(r"fid level, [+−]\d %", texts["a"][0])
    assert re.fullmatch(r"fid improving, −2\d %", texts["b"][0])  # 0.6 over 8 of 9 ninths: 0.225 a third
    (table,) = result_tables(rows)
    place = [name for name, _ in table.columns].index(COLUMN)
    assert [cells[place].center for _, cells in table.rows] == [texts["a"][0], texts["b"][0]]
    rows.results.curves = rows.results.curves.iloc[:0]
    assert late_texts(StudyRows.of(rows.study, rows.results), "ring8", ["a", "b"]) == {}


@pytest.mark.parametrize(
    ("look", "word", "warned"), [(1, "reproduced", 1), (3, "reproduced", 0), (1, "inconclusive", 0)]
)
def test_an_effect_that_was_found_at_an_early_look_is_told_to_be_overstated(look, word, warned):
    study, results, _ = built(SimulatedClaim(margin=0.1))
    verdicts = [replace(own, looks=("5", "7", "9"), look=look, verdict=word) for own in decide(study, results)]
    (entry,) = board(verdicts)
    assert sum("early look" in note for note in entry.lines[0].notes) == warned


def test_a_verdict_of_seconds_says_that_runs_have_one_clock():
    study, results, _ = built(
        SimulatedClaim(metric="seconds_to_target"), SimulatedClaim(id="steps", metric="steps_to_target")
    )
    told = [sum("one clock" in note for note in entry.lines[0].notes) for entry in board(decide(study, results))]
    assert told == [1, 0]
