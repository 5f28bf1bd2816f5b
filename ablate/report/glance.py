"""Claims at a glance: a row a claim, with one word, one sentence, its tests by sign, and under it a mark for every test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ablate.claims.judgement import CONTRADICTED, REPRODUCED, WAITING
from ablate.claims.overall import FOR_THE_CLAIM, Overall, Tested, overall
from ablate.claims.sentence import sentence
from ablate.claims.verdict import Verdict
from ablate.report.board import SYMBOLS, Entry, Line


@dataclass(frozen=True)
class Mark:
    """One test's verdict."""

    verdict: str
    symbol: str
    anchor: str
    title: str


@dataclass(frozen=True)
class Sentence:
    """One sentence of a claim, over all studies that test it."""

    says: str
    marks: tuple[Mark, ...]
    counts: tuple[tuple[str, int], ...]
    """(verdict, how many tests), those that there are"""


@dataclass(frozen=True)
class Row:
    """One claim."""

    id: str
    words: str
    """the claim as the document has it, or its first sentence"""
    sources: tuple[str, ...]
    verdict: str
    symbol: str
    counts: tuple[tuple[str, str, int], ...]
    """(sign, verdict, how many tests), those that there are; checks left out"""
    told: str
    """what came out, in a sentence"""
    chosen: tuple[tuple[str, Mark], ...]
    """the weakest, the decisive and the strongest test; of one test alone the decisive"""
    checks: tuple[Mark, ...]
    sentences: tuple[Sentence, ...]

    @property
    def tests(self) -> int:
        """How many, checks left out."""
        return sum(count for _, _, count in self.counts)


def at_a_glance(
    entries: Sequence[Entry], verdicts: Sequence[Verdict], words: Mapping[str, str] | None = None
) -> list[Row]:
    """Rows from the claims that hold best to those that are contradicted, then those that wait, and last what no document claims.

    entries: the board of the same verdicts, where marks lead. words: claim → how its document has it.
    """
    marks = {id(line.verdict): _mark(entry, line) for entry in entries for line in entry.lines}
    by_claim = _grouped(entries, lambda entry: entry.id)
    claims = sorted(overall(verdicts), key=_order)
    return [_row(claim, by_claim[claim.id], marks, words or {}) for claim in claims]


def count_of_claims(rows: Sequence[Row]) -> dict[str, int]:
    """How many claims have each word; of the rarer words those that there are."""
    found = [row.verdict for row in rows]
    return {word: found.count(word) for word in SYMBOLS if word in (REPRODUCED, CONTRADICTED) or word in found}


def _order(claim: Overall) -> tuple[bool, bool, int, float, str]:
    rank = FOR_THE_CLAIM.index(claim.word) if claim.word in FOR_THE_CLAIM else 0
    counts = claim.counts
    balance = (counts.get(REPRODUCED, 0) - counts.get(CONTRADICTED, 0)) / max(len(claim.tests), 1)
    return not claim.sources, claim.word == WAITING, -rank, -balance, claim.id


def _row(claim: Overall, entries: list[Entry], marks: Mapping[int, Mark], words: Mapping[str, str]) -> Row:
    def mark(test: Tested) -> Mark:
        return marks[id(test.headline)]

    chosen = (("weakest", claim.weakest), ("decisive", claim.decisive), ("strongest", claim.strongest))
    alone = len(claim.tests) == 1
    counts = claim.counts
    return Row(
        claim.id,
        words.get(claim.id, claim.says),
        claim.sources,
        claim.word,
        SYMBOLS[claim.word],
        tuple((symbol, word, counts[word]) for word, symbol in SYMBOLS.items() if word in counts),
        sentence(claim),
        tuple((name, mark(test)) for name, test in chosen if name == "decisive" or not alone),
        tuple(map(mark, claim.checks)),
        tuple(_sentence(says, group, marks) for says, group in _grouped(entries, lambda entry: entry.says).items()),
    )


def _grouped(entries: Sequence[Entry], key: Callable[[Entry], str]) -> dict[str, list[Entry]]:
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(key(entry), []).append(entry)
    return groups


def _sentence(says: str, entries: list[Entry], marks: Mapping[int, Mark]) -> Sentence:
    """A mark stands beside the sentence that it is about."""
    own = [marks[id(line.verdict)] for entry in entries for line in entry.lines]
    found = [mark.verdict for mark in own]
    counts = tuple((word, found.count(word)) for word in SYMBOLS if word in found)
    return Sentence(says, tuple(sorted(own, key=lambda mark: list(SYMBOLS).index(mark.verdict))), counts)


def _mark(entry: Entry, line: Line) -> Mark:
    title = f"{entry.study}: {entry.says}: {line.sentence}"
    return Mark(line.verdict.verdict, line.symbol, line.anchor, title)
