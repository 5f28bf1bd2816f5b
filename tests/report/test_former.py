"""The verdicts of an earlier rule stand in the table beside the new ones, with the reason where they differ."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from ablate.claims.decide import decide, project_wide
from ablate.claims.statistics.effects import holm
from ablate.errors import UsageError
from ablate.report import former
from ablate.report.site import build_report
from tests.support.simulated_page import full_study

ROOT = Path(__file__).parents[2]


def test_the_table_holds_both_and_why_they_differ(tmp_path: Path) -> None:
    study, results = full_study()
    verdicts = decide(study, results)
    key = tuple(str(getattr(verdicts[0], name)) for name in former.KEY)
    same = tuple(str(getattr(verdicts[1], name)) for name in former.KEY)
    old = {key: ("another", "because"), same: (verdicts[1].verdict, "as it is")}
    build_report([(study, results)], tmp_path, former_verdicts=old)
    with open(tmp_path / "verdicts.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    told = [(row["former_verdict"], row["former_reason"], bool(row["why_another"])) for row in rows[:3]]
    assert told == [("another", "because", True), (verdicts[1].verdict, "as it is", False), ("", "", False)]


def test_every_committed_verdict_has_its_former_one_and_a_reason_where_it_differs() -> None:
    with open(ROOT / "reports" / "verdicts.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    known = former.read(ROOT / "results" / former.TABLE)
    assert {tuple(row[name] for name in former.KEY) for row in rows} >= set(known)
    for row in rows:
        if row["former_verdict"]:
            assert bool(row["why_another"]) == (row["former_verdict"] != row["verdict"])


def test_another_table_is_refused(tmp_path: Path) -> None:
    assert former.read(tmp_path / "none.csv") == {}
    (tmp_path / "wrong.csv").write_text("study,claim\na,b\n")
    with pytest.raises(UsageError, match="not a table of former verdicts"):
        former.read(tmp_path / "wrong.csv")


def test_over_all_studies_the_headlines_are_one_family() -> None:
    verdicts = decide(*full_study())
    told = project_wide([*verdicts, *verdicts])
    headlines = [v for v in told if v.dataset == "pooled" and not np.isnan(v.p_adjusted)]
    assert [v.p_project for v in headlines] == pytest.approx(holm([v.p for v in headlines]))
    assert all(v.p_project >= v.p_adjusted for v in headlines)
    assert all(np.isnan(v.p_project) for v in told if v.dataset != "pooled")
