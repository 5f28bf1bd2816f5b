"""The page: verdicts first, then each study with its tables, figures, samples and provenance, in one file."""

from __future__ import annotations

import csv
import gc
import io
import math
import multiprocessing
import signal
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING

from ablate.claims import written
from ablate.claims.along_training import decide_along
from ablate.claims.by_looks import standing
from ablate.claims.decide import project_wide, waiting_verdict
from ablate.claims.study_rows import StudyRows
from ablate.claims.verdict import Verdict
from ablate.errors import AblateError
from ablate.files import whole_files
from ablate.report import claims_markdown, former, questions, speed
from ablate.report.board import SYMBOLS, board
from ablate.report.calibration import shown
from ablate.report.glance import Row, at_a_glance, count_of_claims
from ablate.report.section import StudySection, section_of
from ablate.results import numbers
from ablate.results.provenance import cores

if TYPE_CHECKING:
    from ablate.claims.calibration_table import Tables
    from ablate.results.tables import Results
    from ablate.study.study import Study

PAGE, TABLE, CLAIMS = "index.html", "verdicts.csv", "verdicts.md"
NOT_RUN = "its study is not run yet"

Part = tuple[StudySection, list[Verdict]]


def build_report(
    studies: Sequence[tuple[Study, Results]],
    out: Path,
    command: str = "ablate report",
    speed_table: Path | None = None,
    unrun: Sequence[Study] = (),
    cases: Tables | None = None,
    open_questions: Mapping[str, list[str]] | None = None,
    former_verdicts: former.Former | None = None,
    words: Mapping[str, str] | None = None,
) -> Path:
    """Write `out/index.html`, `out/verdicts.csv` and `out/verdicts.md`; returns the page's path.

    speed_table: the benchmark's; the page has its section where the file exists. unrun: studies without tables, whose
    claims are shown as waiting. cases: from `ablate calibrate`. open_questions: by claim, shown where it is contradicted.
    former_verdicts: those of an earlier rule, which the table holds beside the new ones.
    words: claim → how its document has it.
    The same tables give the same bytes: no file holds the time of its making. AblateError if they cannot be written.
    """
    parts = _parts(studies)
    verdicts = [verdict for _, own in parts for verdict in own]
    verdicts += [waiting_verdict(study, claim, claim.waits or NOT_RUN) for study in unrun for claim in study.claims]
    verdicts = project_wide(verdicts)
    entries = board(verdicts)
    glance = at_a_glance(entries, verdicts, words)
    page = _page(
        [section for section, _ in parts], glance, board=entries, written=written.summary(verdicts), command=command,
        table=TABLE, calibration=shown(cases), machines=_machines(speed_table),
        speed_headings=speed.HEADINGS, questions=questions.of_contradicted(open_questions or {}, verdicts),
    )  # fmt: skip
    out = Path(out)
    table = verdicts_csv(verdicts, former_verdicts or {})
    for name, text in ((TABLE, table), (CLAIMS, claims_markdown.table(glance)), (PAGE, page)):
        whole_files.write_text(out / name, text)
    return out / PAGE


def _machines(speed_table: Path | None) -> list[speed.Machine]:
    table = speed.read(speed_table) if speed_table is not None else None
    return speed.machines(table) if table is not None else []


def _page(sections: list[StudySection], glance: list[Row], **rest: object) -> str:
    """The page's text; `rest` goes to the template as it is."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("ablate.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters.update(
        {"number": numbers.number, "percent": numbers.percent, "p_value": numbers.p_value, "anchor": _anchor}
    )
    text: str = environment.get_template("page.html").render(
        style=environment.get_template("style.css").render(), sections=sections, glance=glance,
        tally=count_of_claims([row for row in glance if row.sources]), symbols=SYMBOLS,
        budgets={section.name: section.budget for section in sections}, **rest,
    )  # fmt: skip
    return text


def verdicts_csv(verdicts: Sequence[Verdict], former_verdicts: former.Former) -> str:
    """All verdicts as a table: a row a claim and dataset, and one for the pooled datasets; beside them the former ones."""
    buffer = io.StringIO()
    names = [field.name for field in fields(Verdict)]
    writer = csv.writer(buffer, lineterminator="\n")
    pairs = {"n", "diverged", "missing", "budget"}
    header = [part for name in names for part in ((f"{name}_arm", f"{name}_against") if name in pairs else (name,))]
    writer.writerow([*header, "former_verdict", "former_reason", "why_another"])
    for verdict in verdicts:
        row: list[object] = []
        for name, value in asdict(verdict).items():
            if name in pairs:
                row += value
            elif isinstance(value, tuple):
                row.append(" ".join(value))
            elif isinstance(value, float):
                row.append("" if math.isnan(value) else f"{value:.6g}")
            else:
                row.append("" if value is None else value)
        writer.writerow([*row, *former.of(former_verdicts, verdict)])
    return buffer.getvalue()


def _anchor(name: str) -> str:
    """A name as an id within the page."""
    return "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in name)


def _parts(studies: Sequence[tuple[Study, Results]]) -> list[Part]:
    """Each study by itself: side by side where processes are cheap, since its figures take seconds."""
    processes = min(len(studies), cores())
    if processes < 2 or not sys.platform.startswith("linux"):
        return [_part(study, results) for study, results in studies]
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("fork"), _begin, (studies,))
    try:
        return list(pool.map(_part_number, range(len(studies))))
    except BrokenProcessPool as error:
        raise AblateError(
            "a process that makes the page was killed, perhaps for lack of memory; name fewer studies, as in "
            f"`ablate report {studies[0][0].name}`"
        ) from error
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _part(study: Study, results: Results) -> Part:
    decided = None
    if study.looks:
        stands = standing(study, results)
        study, decided = stands.study, stands.verdicts
    rows = StudyRows.of(study, results)
    verdicts, courses = decide_along(study, rows, decided)
    verdicts = written.with_written(rows, verdicts)
    return section_of(rows, verdicts, courses), verdicts


_given: Sequence[tuple[Study, Results]] = ()
"""In a process that makes parts: all studies. It is a copy of its parent, so that nothing is sent there"""


def _begin(studies: Sequence[tuple[Study, Results]]) -> None:
    global _given
    _given = studies
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent answers Ctrl-C
    gc.freeze()  # the tables are not looked through for garbage, again and again, while figures make it
    gc.set_threshold(50_000)


def _part_number(index: int) -> Part:
    return _part(*_given[index])
