"""On the built page each verdict stands at a row of its own, with its own claim, effect, number of runs and word."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from ablate.claims.along_training import decide_along
from ablate.claims.study_rows import StudyRows
from ablate.claims.verdict import Verdict
from ablate.report.course_words import notes
from ablate.report.site import build_report
from ablate.results import numbers
from tests.support.page_tags import Row, Tags
from tests.support.simulated_page import full_study


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Row], list[Verdict]]:
    """The rows of the page's verdict board, and the verdicts that belong there."""
    study, results = full_study(missing=False)
    page = build_report([(study, results)], tmp_path_factory.mktemp("page")).read_text(encoding="utf-8")
    rows = [row for row in Tags.of(page).rows if row.id.startswith("verdict-")]
    return rows, decide_along(study, StudyRows.of(study, results))[0]


def headlines(verdicts: list[Verdict]) -> list[Verdict]:
    return [verdict for verdict in verdicts if verdict.dataset == "pooled"]


def effect_of(verdict: Verdict) -> str:
    return numbers.effect(verdict.effect, verdict.low, verdict.high, verdict.scale)


def claims_of(rows: list[Row]) -> list[str]:
    """The text of the cell that holds each row's claim: it may span several rows."""
    claims: list[str] = []
    for i, row in enumerate(rows):
        if i == len(claims):
            claims += [row.cells["claim"]] * row.spans["claim"]
        else:
            assert "claim" not in row.cells
    return claims


def test_there_is_a_row_for_each_headline(board: tuple[list[Row], list[Verdict]]) -> None:
    rows, verdicts = board
    assert [row.id for row in rows] == [f"verdict-{i}" for i in range(1, len(headlines(verdicts)) + 1)]
    effects = [effect_of(verdict) for verdict in headlines(verdicts)]
    assert len(set(effects)) == len(effects) > 5  # so that a row with the effect of another one is noticed
    assert {verdict.verdict for verdict in headlines(verdicts)} == {"reproduced", "inconclusive"}


def test_a_row_holds_its_own_claim_and_what_is_compared(board: tuple[list[Row], list[Verdict]]) -> None:
    rows, verdicts = board
    claims = claims_of(rows)
    assert len(claims) == len(rows)
    for row, claim, verdict in zip(rows, claims, headlines(verdicts), strict=True):
        assert claim.startswith(verdict.says)
        assert f"{verdict.claim} · from {', '.join(verdict.source)} · study {verdict.study}" in claim
        sign = "÷" if verdict.scale == "ratio" else "−"
        assert f"{verdict.metric}: {verdict.arm} {sign} {verdict.against}" in row.cells["size"]


def test_a_row_holds_its_own_word_reason_effect_and_runs(board: tuple[list[Row], list[Verdict]]) -> None:
    rows, verdicts = board
    for row, verdict in zip(rows, headlines(verdicts), strict=True):
        told = "; ".join(notes(verdict))
        assert row.cells["verdict"].partition(" ")[2] == f"{verdict.verdict} {verdict.reason} {told}".strip()
        assert effect_of(verdict) in row.cells["size"]
        assert f"p {numbers.p_value(verdict.p_adjusted)}, adjusted" in row.cells["size"]
        runs = f"runs {verdict.n[0]} vs {verdict.n[1]}"
        lost = f" diverged {verdict.diverged[0]} and {verdict.diverged[1]}" if any(verdict.diverged) else ""
        assert row.cells[""] == runs + lost
        if not math.isnan(verdict.improvement):
            assert f"ahead in {numbers.percent(verdict.improvement)}" in row.cells["pairs"]


def test_a_row_holds_its_own_verdict_and_effect_on_each_dataset(board: tuple[list[Row], list[Verdict]]) -> None:
    rows, verdicts = board
    on_datasets: list[list[Verdict]] = []
    for verdict in verdicts:
        if verdict.dataset == "pooled":
            on_datasets.append([])
        else:
            on_datasets[-1].append(verdict)
    assert sum(len(own) > 1 for own in on_datasets) > 5
    for row, own in zip(rows, on_datasets, strict=True):
        if len(own) == 1:
            assert row.cells["datasets"] == own[0].dataset
            continue
        symbols = {"reproduced": "✓", "contradicted": "✗", "inconclusive": "?", "no events": "∅"}
        expected = [f"{symbols[v.verdict]} {v.dataset} {v.verdict} {effect_of(v)}" for v in own]
        assert row.cells["datasets"] == " ".join(expected)


def test_tables_whose_arms_change_places_change_the_rows(tmp_path: Path) -> None:
    study, results = full_study(missing=False)
    swapped = {"wgan_gp": "gan", "gan": "wgan_gp"}
    ids = {(run.dataset, run.arm, run.seed): run.run_id for run in study.run_list}
    results.runs["run_id"] = [
        ids[dataset, swapped.get(arm, arm), seed]
        for dataset, arm, seed in zip(results.runs["dataset"], results.runs["arm"], results.runs["seed"], strict=True)
    ]
    page = build_report([(study, results)], tmp_path).read_text(encoding="utf-8")
    rows = [row for row in Tags.of(page).rows if row.id.startswith("verdict-")]
    by_claim = dict(zip(claims_of(rows), rows, strict=True))
    (quality,) = (row for claim, row in by_claim.items() if "gan-collapse" in claim)
    assert "contradicted" in quality.cells["verdict"]
