"""Seeds until decided: trains the seeds of a look, decides, and goes on with the seeds of the next where a claim is open."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ablate.errors import AblateError
from ablate.execution.display import Display
from ablate.execution.job import Summary, train_missing
from ablate.execution.options import Options
from ablate.results.lock import locked
from ablate.results.looks_file import read_looks_record, write_looks_record
from ablate.results.tables import Results
from ablate.study.looks import looks_at
from ablate.study.study import Study

if TYPE_CHECKING:
    from ablate.claims.by_looks import Standing

Cell = tuple[str, str]
"""(dataset, arm)"""


@dataclass(frozen=True)
class Ahead:
    """What a study that goes by looks has still before it."""

    study: Study
    """with the seeds that are asked for now"""
    words: str
    """where it stands"""
    least: int
    """runs in all, if this look closes every claim"""
    most: int
    """runs in all, if it and the later ones close none"""
    later: dict[Cell, int]
    """seeds that looks after this one may add"""


def look_ahead(study: Study, results: Results) -> Ahead:
    """Where the study stands by its tables; nothing is written."""
    if results.runs.empty:
        return _begins(study)
    from ablate.claims.by_looks import standing

    return _stands(standing(study, results))


def _begins(study: Study) -> Ahead:
    """Before the first run there is nothing to decide: what decides need not be loaded."""
    first, last = looks_at(study.looks)[0], study.looks[-1]
    cells = [(dataset, arm) for dataset in study.datasets for arm in study.arms]
    used = {
        (dataset, arm) for claim in study.claims if not claim.waits for dataset in claim.datasets for arm in claim.arms
    }
    most = {cell: last if cell in used else first.n for cell in cells}
    return _ahead(replace(study, asked=dict.fromkeys(cells, first.n)), f"{first.words}, {first.n} seeds", most)


def _stands(stands: Standing) -> Ahead:
    return _ahead(stands.study, stands.words, stands.most)


def _ahead(study: Study, words: str, most: dict[Cell, int]) -> Ahead:
    later = {cell: most[cell] - asked for cell, asked in study.asked.items() if most[cell] > asked}
    return Ahead(study, words, sum(study.asked.values()), sum(most.values()), later)


def run_by_looks(study: Study, options: Options, display: Display) -> Summary:
    """Train look by look until every claim is closed, the last look is made, or it is interrupted.

    What a look closes is written down beside the tables. AblateError where the tables decide otherwise what was closed.
    """
    trained, seconds, changes = 0, 0.0, list[str]()
    while True:
        ahead = _decided(study, options.folder)
        display.part(ahead.words)
        summary = train_missing(ahead.study, options, display)
        trained, seconds, changes = trained + summary.trained, seconds + summary.seconds, changes or summary.changes
        if summary.interrupted or not summary.trained:
            break
        options = replace(options, retry_failed=False)  # what fails again is not tried at every look
    summary.trained, summary.seconds, summary.changes, summary.looks = trained, seconds, changes, ahead.words
    return summary


def _decided(study: Study, folder: Path) -> Ahead:
    """Where the study stands, with what its looks closed brought up to date in the record."""
    results = Results.read_or_empty(folder)
    if results.runs.empty:
        return _begins(study)
    from ablate.claims.by_looks import standing
    from ablate.claims.looks_check import changed, record_of

    with locked(folder):
        stands = standing(study, results)
        if faults := changed(results, stands, read_looks_record(folder)):
            lines = "\n".join(faults)
            raise AblateError(
                f"{lines}\nwhat a look closed stays closed: restore the tables and the claims, or train anew with another --out"
            )
        write_looks_record(folder, record_of(stands))
    return _stands(stands)
