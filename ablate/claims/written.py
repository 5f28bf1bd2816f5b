"""When each claim was written down, by the record beside the tables: before the runs, or after how many of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ablate.claims.verdict import POOLED, Verdict
from ablate.results.claims_record import ADDED, BEFORE, CHANGED, Entry, entry_of
from ablate.study.claims.claim_text import claim_text, text_hash, texts_by_hash

if TYPE_CHECKING:
    from ablate.claims.study_rows import StudyRows
    from ablate.study.claims import Claim

NOT_RECORDED = "not recorded whether it was written before the runs"


def with_written(rows: StudyRows, verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The study's verdicts, in the order of its claims, each with the words of its claim's entry in the record."""
    claims = iter(rows.study.claims)
    told, words = [], ""
    for verdict in verdicts:
        if verdict.dataset == POOLED:
            words = _words(rows, next(claims))
        told.append(replace(verdict, written=words))
    return told


def _words(rows: StudyRows, claim: Claim) -> str:
    entry = entry_of(rows.results.record, text_hash(claim_text(claim)))
    return entry.words if entry else NOT_RECORDED


def summary(verdicts: Iterable[Verdict]) -> str:
    """How many tests were written down before the runs, in a sentence; empty where no study was run."""
    told = [verdict.written for verdict in verdicts if verdict.dataset == POOLED and verdict.written]
    before = sum(words.startswith("written before") for words in told)
    later = sum(words.startswith((ADDED, CHANGED)) for words in told)
    counts = [f"{before} were written down before the runs"] * bool(before)
    counts += [f"{later} were added or changed after some of them"] * bool(later)
    counts += [f"of {len(told) - before - later} that is not recorded"] * (before + later < len(told))
    if before + later == 0 and told:
        counts = ["none has a record of whether it was written down before the runs"]
    return f"Of {len(told)} tests, {'; '.join(counts)}." if told else ""


def history(rows: StudyRows) -> list[str]:
    """What the record holds beside claims written before the runs: later ones, former texts, and claims that are gone."""
    now, record = texts_by_hash(rows.study.claims), rows.results.record
    by_hash = {entry.sha256: entry for entry in record}
    replaced = {entry.replaces for entry in record} & set(by_hash)
    lines = [_line(entry, by_hash) for entry in record if entry.event != BEFORE]
    gone = [entry for entry in record if entry.sha256 not in now and entry.sha256 not in replaced]
    return lines + [f"{_named(entry)}: {entry.words}, and no longer in the study" for entry in gone]


def _line(entry: Entry, by_hash: dict[str, Entry]) -> str:
    line = f"{_named(entry)}: {entry.words}, {entry.time}, commit {entry.commit[:10] or 'unknown'}"
    line += " with changes" * entry.dirty
    former = by_hash.get(entry.replaces)
    return line if former is None else f"{line}; before: {_difference(former, entry)}"


def _named(entry: Entry) -> str:
    says, metric, arm = (entry.claim.get(name, "") for name in ("says", "metric", "arm"))
    return f"{entry.id} ({metric} of {arm}): {says}" if metric else f"{entry.id}: {says}"


def _difference(former: Entry, entry: Entry) -> str:
    """The former values of the fields that are different."""
    names = [name for name in {**former.claim, **entry.claim} if former.claim.get(name) != entry.claim.get(name)]
    return ", ".join(f"{name} {former.claim.get(name, 'not given')}" for name in names)
