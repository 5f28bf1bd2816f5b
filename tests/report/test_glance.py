"""Claims at a glance: a row a claim; every test is a mark, which leads to its line on the board."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from ablate.claims.decide import decide
from ablate.claims.verdict import POOLED, Verdict
from ablate.report.board import board
from ablate.report.claims_markdown import table
from ablate.report.glance import Row, at_a_glance, count_of_claims
from ablate.report.site import build_report
from tests.support.page_tags import Tags
from tests.support.simulated_page import full_study


@pytest.fixture(scope="module")
def verdicts() -> list[Verdict]:
    return decide(*full_study())


def named(verdict: Verdict, claim: str, word: str) -> Verdict:
    return replace(verdict, claim=claim, verdict=word, dataset=POOLED)


def rows_of(verdicts: list[Verdict]) -> list[Row]:
    return at_a_glance(board(verdicts), verdicts)


def test_every_headline_is_a_mark_beside_the_sentence_that_it_is_about(verdicts: list[Verdict]) -> None:
    one = verdicts[0]
    other = replace(named(one, one.claim, "contradicted"), says="another sentence of the same claim")
    every = [*verdicts, other]
    rows = rows_of(every)
    headlines = [v for v in every if v.dataset == POOLED]
    found = Counter((row.id, part.says, mark.verdict) for row in rows for part in row.sentences for mark in part.marks)
    assert found == Counter((v.claim, v.says, v.verdict) for v in headlines)
    assert found[one.claim, other.says, "contradicted"] == 1
    assert sorted(row.id for row in rows) == sorted({v.claim for v in headlines})
    for row in rows:
        marks = Counter(mark.verdict for part in row.sentences for mark in part.marks)
        assert Counter({word: n for _, word, n in row.counts}) + Counter(mark.verdict for mark in row.checks) == marks


def test_what_holds_comes_first_and_what_waits_last(verdicts: list[Verdict]) -> None:
    one = verdicts[0]
    words = {
        "waits": ["waiting"], "mixed": ["reproduced", "contradicted"], "fails": ["contradicted", "waiting"],
        "open": ["inconclusive"], "mostly": ["reproduced", "reproduced", "inconclusive"], "holds": ["reproduced"],
    }  # fmt: skip
    every = [named(one, claim, word) for claim, each in words.items() for word in each]
    every.append(replace(named(one, "own", "reproduced"), source=()))
    rows = rows_of(every)
    assert [row.id for row in rows] == ["holds", "mostly", "open", "mixed", "fails", "waits", "own"]
    mixed = rows[3]
    assert [mark.symbol for mark in mixed.sentences[0].marks] == ["✓", "✗"]
    assert [(name, mark.verdict) for name, mark in mixed.chosen] == [
        ("weakest", "contradicted"), ("decisive", "contradicted"), ("strongest", "reproduced")
    ]  # fmt: skip
    assert [name for name, _ in rows[0].chosen] == ["decisive"]
    assert count_of_claims(rows[:-1]) == {"reproduced": 2, "contradicted": 2, "inconclusive": 1, "waiting": 1}


def test_marks_lead_to_their_lines(verdicts: list[Verdict], tmp_path: Path) -> None:
    page = Tags.of(build_report([full_study()], tmp_path).read_text())
    marks = [a for tag, a in page.elements if tag == "a" and "mark" in (a.get("class") or "").split()]
    lines = {a["id"] for tag, a in page.elements if tag == "tr" and "id" in a}
    assert {a["href"] for a in marks} == {f"#{line}" for line in lines if line.startswith("verdict-")}
    assert all(a["title"].endswith(a["class"].split()[-1]) for a in marks)
    assert "claim-" + verdicts[0].claim in lines


def test_the_markdown_table_has_a_line_a_claim_and_no_sign_that_ends_a_cell(
    verdicts: list[Verdict], tmp_path: Path
) -> None:
    rows = rows_of(verdicts)
    page = build_report([full_study()], tmp_path, words={rows[0].id: "a | b_c"})
    text = page.with_name("verdicts.md").read_text()
    lines = text.splitlines()[2:]
    assert [line.split("`")[1] for line in lines] == [row.id for row in rows]
    assert "| a \\| b\\_c |" in lines[0]
    assert all(line.replace("\\|", "").count("|") == 7 for line in lines)
    assert table(rows).splitlines()[3:] == lines[1:]


def test_of_many_arms_whose_best_is_meant_the_board_says_how_many(verdicts: list[Verdict]) -> None:
    one = next(v for v in verdicts if v.kind == "compare")
    for count, told in ((3, "best of a0, a1, a2"), (4, "best of 4 others")):
        against = f"best of {', '.join(f'a{i}' for i in range(count))}"
        (entry,) = board([replace(one, kind="equivalent", against=against, dataset=POOLED)])
        assert entry.lines[0].what.endswith(told)
