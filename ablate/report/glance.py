"""Claims at a glance: a row for each claim, with the verdict of every one of its tests as a mark that leads to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ablate.claims.judgement import CONTRADICTED, REPRODUCED, WAITING
from ablate.report.board import SYMBOLS, Entry, Line


@dataclass(frozen=True)
class Mark:
    """One test's verdict."""

    verdict: str
    symbol: str
    anchor: str
    title: str


@dataclass(frozen=True)
class Row:
    """One claim over all studies that test it."""

    id: str
    says: str
    """in the words of the first of its entries"""
    sources: tuple[str, ...]
    marks: tuple[Mark, ...]
    counts: tuple[tuple[str, int], ...]
    """(verdict, how many tests), those that there are"""


def at_a_glance(entries: Sequence[Entry]) -> list[Row]:
    """Rows from the claims that hold best to those that are contradicted most, and at the end those that wait."""
    by_claim: dict[str, list[Entry]] = {}
    for entry in entries:
        by_claim.setdefault(entry.id, []).append(entry)
    return sorted((_row(claim, group) for claim, group in by_claim.items()), key=_order)


def _row(claim: str, entries: list[Entry]) -> Row:
    marks = tuple(_mark(entry, line) for entry in entries for line in entry.lines)
    verdicts = [mark.verdict for mark in marks]
    return Row(
        claim,
        entries[0].says,
        tuple(sorted({source for entry in entries for source in entry.source})),
        tuple(sorted(marks, key=lambda mark: list(SYMBOLS).index(mark.verdict))),
        tuple((word, verdicts.count(word)) for word in SYMBOLS if word in verdicts),
    )


def _mark(entry: Entry, line: Line) -> Mark:
    title = f"{entry.study}: {entry.says}: {line.sentence}"
    return Mark(line.verdict.verdict, line.symbol, line.anchor, title)


def _order(row: Row) -> tuple[bool, float, str]:
    counts = dict(row.counts)
    tested = sum(counts.values()) - counts.get(WAITING, 0)
    balance = (counts.get(REPRODUCED, 0) - counts.get(CONTRADICTED, 0)) / tested if tested else 0.0
    return (tested == 0, -balance, row.id)
