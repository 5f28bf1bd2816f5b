"""How a study that goes by looks stands: which seeds it asks for, which claims are closed, and the verdicts.

All of it follows from the tables and the list of looks, so that a run, a report and a check of the tables agree, and a run
that was killed goes on as if nothing had been. A look is made when all runs are there that its open claims use; of each run
that is asked for, only the seeds of the look are weighed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from ablate.claims.decide import decide, judged, waiting_verdict, weigh_on, weighed
from ablate.claims.evidence import Evidence
from ablate.claims.headlines import headline
from ablate.claims.judgement import INCONCLUSIVE
from ablate.claims.looking import Looking
from ablate.claims.study_rows import StudyRows
from ablate.claims.verdict import Verdict
from ablate.results.tables import COUNTED
from ablate.study.looks import Look, looks_at

if TYPE_CHECKING:
    from ablate.results.tables import Results
    from ablate.study.study import Study

Cells = dict[tuple[str, str], int]
"""(dataset, arm) → number of seeds"""


@dataclass(frozen=True)
class Standing:
    """A study that goes by looks, as its tables leave it."""

    study: Study
    """with the seeds that are asked for so far"""
    look: Look
    """the one whose runs are asked for, or the last that was made"""
    lacking: int
    """runs that this look cannot be made without, and that have no values yet"""
    open: tuple[str, ...]
    """keys of the claims that this look is about to decide, or that were left when all were made"""
    verdicts: list[Verdict]
    """in the order of `decide`"""
    closed: dict[str, Verdict]
    """a claim's key → its headline, which nothing changes any more"""
    most: Cells
    """seeds if no further claim is closed before the last look"""

    @property
    def words(self) -> str:
        """Where the study stands, in a few words."""
        under_way = f", which lacks {self.lacking} runs" if self.lacking else ""
        closed, left = len(self.closed), f"{len(self.open)} open" if self.open and self.lacking else ""
        told = ", ".join(filter(None, (f"{closed} claim{'s' * (closed != 1)} closed" if closed else "", left)))
        return f"{self.look.words}, {self.look.n} seeds{under_way}" + (f": {told}" if told else "")


def standing(study: Study, results: Results) -> Standing:
    """Look at the study, one look after the other, as far as its tables go."""
    study = replace(study, asked={})
    looks, looking = looks_at(study.looks), Looking(study.name, study.claims)
    cells = [(dataset, arm) for dataset in study.datasets for arm in study.arms]
    asked: Cells = dict.fromkeys(cells, looks[0].n)
    lacking, look = 0, looks[0]
    for look in looks:
        asked |= dict.fromkeys(looking.cells, look.n)
        rows = StudyRows.of(replace(study, asked=dict(asked)), results)
        lacking = _lacking(rows, dict.fromkeys(looking.cells, look.n))
        if lacking:
            break
        looking.take(look, partial(_weighed, rows))
        if not looking.open:
            break
    most = asked | (dict.fromkeys(looking.cells, looks[-1].n) if lacking else {})
    told = _told(study, looking, look, lacking, rows)
    keys = [claim.key for claim in study.claims]
    left = set(looking.open) if lacking else set()
    closed = {keys[i]: own[0] for i, own in told.items() if i not in left and not study.claims[i].waits}
    return Standing(
        replace(study, asked=asked), look, lacking, tuple(keys[i] for i in looking.open),
        [verdict for own in told.values() for verdict in own], closed, most,
    )  # fmt: skip


def verdicts_of(study: Study, results: Results, rows: StudyRows | None = None) -> list[Verdict]:
    """The verdicts of a study, by looks or at a fixed number of seeds; `rows` serve the second."""
    return standing(study, results).verdicts if study.looks else decide(study, results, rows)


def _weighed(rows: StudyRows, i: int, level: float) -> tuple[list[Evidence], Evidence]:
    claim = rows.study.claims[i]
    parts = [weigh_on(rows, claim, dataset, level) for dataset in claim.datasets]
    return parts, headline(claim, parts, level)


def _lacking(rows: StudyRows, cells: Mapping[tuple[str, str], int]) -> int:
    """How many runs of these cells have no values: not run yet, or failed."""
    there = rows.table[rows.table["status"].isin(COUNTED)].groupby(["dataset", "arm"]).size().to_dict()
    return sum(max(0, n - int(there.get(cell, 0))) for cell, n in cells.items())


def _told(study: Study, looking: Looking, look: Look, lacking: int, rows: StudyRows) -> dict[int, list[Verdict]]:
    """The verdicts by claim; an open claim is inconclusive as long as the runs of its look are not all there."""
    numbers = tuple(map(str, study.looks))
    told: dict[int, list[Verdict]] = {}
    for i, claim in enumerate(study.claims):
        if claim.waits:
            told[i] = [waiting_verdict(study, claim, claim.waits)]
            continue
        own = looking.rows.get(i) or _before_any(study, i, rows)
        if lacking and i in looking.open:
            why = f"{look.words}, {look.n} seeds, lacks {lacking} runs"
            own = [replace(own[0], reason="; ".join(filter(None, (own[0].reason, why)))), *own[1:]]
        told[i] = [replace(verdict, looks=numbers) for verdict in own]
    return told


def _before_any(study: Study, i: int, rows: StudyRows) -> list[Verdict]:
    """The rows of a claim before the first look: what there is, and nothing that decides."""
    alone = replace(study, claims=(study.claims[i],))
    return [
        replace(verdict, verdict=INCONCLUSIVE, reason="", p=1.0, p_adjusted=1.0, seeds_needed=None)
        if not math.isnan(verdict.p_adjusted)
        else replace(verdict, verdict=INCONCLUSIVE, reason="", seeds_needed=None)
        for verdict in judged(alone, *weighed(alone, rows), alpha=0.0)
    ]
