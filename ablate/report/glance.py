"""Claims at a glance: a row for each sentence that is claimed, with the verdict of each test of it as a mark that leads there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
    """One sentence over all studies that test it. A claim's sentences follow each other."""

    id: str
    """the claim that it belongs to"""
    says: str
    first: bool
    """of the claim's sentences"""
    sources: tuple[str, ...]
    marks: tuple[Mark, ...]
    counts: tuple[tuple[str, int], ...]
    """(verdict, how many tests), those that there are"""


def at_a_glance(entries: Sequence[Entry]) -> list[Row]:
    """Rows from the claims that hold best to those that are contradicted most, and at the end those that wait.

    A mark stands beside the sentence that it is about: a claim's other sentences have rows of their own.
    """
    rows = []
    claims = _grouped(entries, lambda entry: entry.id)
    for claim, of_claim in sorted(claims, key=lambda group: (*_order(_marks(group[1])), group[0])):
        sentences = _grouped(of_claim, lambda entry: entry.says)
        ordered = sorted(sentences, key=lambda group: _order(_marks(group[1])))
        rows += [_row(claim, says, group, not place) for place, (says, group) in enumerate(ordered)]
    return rows


def _grouped(entries: Sequence[Entry], key: Callable[[Entry], str]) -> list[tuple[str, list[Entry]]]:
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(key(entry), []).append(entry)
    return list(groups.items())


def _row(claim: str, says: str, entries: list[Entry], first: bool) -> Row:
    marks = _marks(entries)
    verdicts = [mark.verdict for mark in marks]
    return Row(
        claim,
        says,
        first,
        tuple(sorted({source for entry in entries for source in entry.source})),
        marks,
        tuple((word, verdicts.count(word)) for word in SYMBOLS if word in verdicts),
    )


def _marks(entries: list[Entry]) -> tuple[Mark, ...]:
    marks = [_mark(entry, line) for entry in entries for line in entry.lines]
    return tuple(sorted(marks, key=lambda mark: list(SYMBOLS).index(mark.verdict)))


def _mark(entry: Entry, line: Line) -> Mark:
    title = f"{entry.study}: {entry.says}: {line.sentence}"
    return Mark(line.verdict.verdict, line.symbol, line.anchor, title)


def _order(marks: Sequence[Mark]) -> tuple[bool, float]:
    tested = [mark.verdict for mark in marks if mark.verdict != WAITING]
    balance = (tested.count(REPRODUCED) - tested.count(CONTRADICTED)) / len(tested) if tested else 0.0
    return not tested, -balance
