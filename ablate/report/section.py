"""All that the page shows of one study: tables, figures, samples and provenance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ablate.claims.along_training import Courses
from ablate.claims.study_rows import StudyRows
from ablate.claims.verdict import Verdict
from ablate.claims.written import history
from ablate.report.board import tally
from ablate.report.effect_panels import ClaimPanels, effect_panels
from ablate.report.figures.style import colours
from ablate.report.provenance import command_of, provenance
from ablate.report.result_tables import ResultTable, meanings, result_tables
from ablate.report.search import SearchPart, search_part
from ablate.report.study_charts import StudyCharts, charts_of
from ablate.report.summaries import ArmsTable, arms_table, budget, flag_lines, missing_lines


@dataclass(frozen=True)
class StudySection:
    """All that the template shows of one study."""

    name: str
    question: str
    notes: str
    text: str
    command: str
    budget: str
    claims: int
    tally: dict[str, int]
    arms: ArmsTable
    tables: list[ResultTable]
    columns: list[tuple[str, str]]
    charts: StudyCharts
    effects: list[ClaimPanels]
    missing: list[str]
    expected: int
    present: int
    flags: list[str]
    unused_rows: tuple[str, ...]
    """rows of runs that the study does not have"""
    provenance: list[tuple[str, str]]
    search: SearchPart | None
    history: list[str]
    """claims that were not written before the runs, or are gone"""


def section_of(rows: StudyRows, verdicts: Sequence[Verdict], courses: Courses) -> StudySection:
    """Made from the study's rows and what was decided by them."""
    study = rows.study
    palette = colours(study.arms)
    tables = result_tables(rows)
    return StudySection(
        name=study.name,
        question=study.question,
        notes=study.notes or "",
        text=study.text,
        command=command_of(study),
        budget=budget(rows),
        claims=len(study.claims),
        tally=tally(verdicts),
        arms=arms_table(rows),
        tables=tables,
        columns=meanings(tables),
        charts=charts_of(rows, palette),
        effects=effect_panels(study.claims, courses),
        missing=missing_lines(rows),
        expected=len(rows.expected),
        present=len(rows.expected) - len(rows.missing()),
        flags=flag_lines(rows),
        unused_rows=rows.unused_rows,
        provenance=provenance(rows),
        search=search_part(rows, palette),
        history=history(rows),
    )
