"""Open questions stand on the page for claims that are contradicted, and for no others."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from ablate.claims.decide import decide
from ablate.errors import UsageError
from ablate.report import questions
from ablate.report.site import build_report
from tests.support.simulated_page import full_study

ROOT = Path(__file__).parents[2]


def test_they_are_shown_where_a_claim_is_contradicted(tmp_path: Path) -> None:
    study, results = full_study()
    opposite = {"less": "greater", "greater": "less"}
    claims = tuple(replace(c, direction=opposite.get(c.direction, c.direction)) for c in study.claims)
    study = replace(study, claims=claims)
    verdicts = decide(study, results)
    one, words = verdicts[0], ("contradicted", "reproduced")
    two = [replace(one, claim=word, verdict=word) for word in words]
    asked = {word: [f"why {word} & so"] for word in words}
    assert questions.of_contradicted(asked, two) == [("contradicted", ["why contradicted & so"])]
    wrong = {v.claim for v in verdicts if v.verdict == "contradicted"}
    assert wrong
    page = build_report([(study, results)], tmp_path, open_questions={c: [f"is <{c}> so?"] for c in [*wrong, "x"]})
    text = page.read_text(encoding="utf-8")
    assert all(f"is &lt;{claim}&gt; so?" in text for claim in wrong)
    assert "&lt;x&gt;" not in text


@pytest.mark.parametrize(("text", "line"), [("a,b\n", 1), ("claim,question\nonly\n", 2), ("", 0)])
def test_another_table_is_refused_by_its_line(text: str, line: int, tmp_path: Path) -> None:
    path = tmp_path / questions.TABLE
    path.write_text(text)
    if line:
        with pytest.raises(UsageError, match=f"{questions.TABLE}:{line}: .*expected"):
            questions.read(path)
    else:
        assert questions.read(path) == {}


def test_without_a_table_there_are_no_questions(tmp_path: Path) -> None:
    assert questions.read(tmp_path / questions.TABLE) == {}


def test_every_claim_that_the_committed_verdicts_contradict_has_one() -> None:
    asked = questions.read(ROOT / "results" / questions.TABLE)
    with open(ROOT / "reports" / "verdicts.csv", encoding="utf-8", newline="") as file:
        contradicted = {
            row["claim"]
            for row in csv.DictReader(file)
            if (row["verdict"], row["dataset"]) == ("contradicted", "pooled")
        }
    assert contradicted <= set(asked)
