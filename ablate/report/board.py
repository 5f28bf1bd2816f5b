"""The verdict board: each claim with its verdict, its effect as a bar and as numbers, and its verdict by dataset."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count, groupby

from ablate.claims.judgement import CONTRADICTED, DEPENDS, INCONCLUSIVE, NO_DIFFERENCE, NO_EVENTS, REPRODUCED, WAITING
from ablate.claims.kind import Axis, Mark, Range, deciding_kind, effect_text
from ablate.claims.verdict import POOLED, Verdict, with_datasets
from ablate.report.course_words import notes

SYMBOLS = {
    REPRODUCED: "✓", CONTRADICTED: "✗", NO_DIFFERENCE: "≈", DEPENDS: "◐", NO_EVENTS: "∅", INCONCLUSIVE: "?", WAITING: "…",
}  # fmt: skip
"""The sign of each verdict, in the order in which they are shown"""


@dataclass(frozen=True)
class Forest:
    """A bar's places from 0 to 100: of a difference from most against the claim to most for it, 50 is none; of a value
    that should lie in a range from low to high."""

    effect: float
    low: float
    high: float
    band: tuple[float, float] | None
    """from, to: the margin, or the range"""
    zero: float | None
    """no difference"""
    cut_low: bool
    cut_high: bool


@dataclass(frozen=True)
class Chip:
    """A verdict on one dataset."""

    dataset: str
    verdict: str
    symbol: str
    effect: str
    title: str


@dataclass(frozen=True)
class Line:
    """One arm, against one other or what else the claim holds it against."""

    anchor: str
    """its id within the page"""
    verdict: Verdict
    symbol: str
    what: str
    effect: str
    forest: Forest | None
    sentence: str
    """the outcome as one sentence, for titles and for those who cannot see the bar"""
    notes: list[str]
    """what training says of the verdict"""
    chips: list[Chip]
    runs: str


@dataclass(frozen=True)
class Entry:
    """A claim, with a line for each arm that it is claimed of and against."""

    id: str
    study: str
    says: str
    source: tuple[str, ...]
    lines: list[Line]
    written: tuple[str, ...]
    """when its tests were written down, in words"""


def board(verdicts: Iterable[Verdict]) -> list[Entry]:
    """Entries in the order of the verdicts."""
    verdicts = list(verdicts)
    reach = _reach([verdict for verdict in verdicts if verdict.dataset == POOLED])
    entries: list[Entry] = []
    numbers_of_lines = count(1)
    for (study, claim, says), group in groupby(
        with_datasets(verdicts), key=lambda piece: (piece[0].study, piece[0].claim, piece[0].says)
    ):
        lines = [_line(f"verdict-{next(numbers_of_lines)}", headline, parts, reach) for headline, parts in group]
        written = tuple(dict.fromkeys(line.verdict.written for line in lines if line.verdict.written))
        entries.append(Entry(claim, study, says, lines[0].verdict.source, lines, written))
    return entries


def tally(verdicts: Iterable[Verdict]) -> dict[str, int]:
    """How many headlines have each verdict; of the rarer words those that there are."""
    headlines = [verdict.verdict for verdict in verdicts if verdict.dataset == POOLED]
    usual = (REPRODUCED, CONTRADICTED, INCONCLUSIVE)
    return {word: headlines.count(word) for word in SYMBOLS if word in usual or word in headlines}


def _mark(verdict: Verdict) -> Mark:
    """As the claim's kind shows it; a claim without a test has nothing to show."""
    return deciding_kind(verdict.kind).mark(verdict) if verdict.kind else Mark("", None)


def _places(verdict: Verdict) -> tuple[float, float, float, float]:
    """effect, low, high, margin on the bar's scale, with the sign that makes positive what the claim says."""
    ends = [verdict.effect, verdict.low, verdict.high]
    if verdict.scale == "ratio":
        ends = [math.log(end) if end > 0 else -math.inf for end in ends]
    margin = math.log1p(verdict.margin) if verdict.scale == "ratio" else verdict.margin
    effect, low, high = ends
    return (-effect, -high, -low, margin) if verdict.direction == "less" else (effect, low, high, margin)


def _reach(headlines: list[Verdict]) -> dict[str, float]:
    """For each axis that bars share, how far it goes to either side."""
    reach: dict[str, float] = {}
    axes: dict[str, Axis] = {}
    for verdict in headlines:
        axis = _mark(verdict).axis
        if isinstance(axis, Axis):
            axes[axis.name] = axis
            ends = [abs(place) for place in _places(verdict) if math.isfinite(place)]
            reach[axis.name] = max([reach.get(axis.name, 0.0), *ends])
    within = {name: min(max(width, axes[name].least), axes[name].most) for name, width in reach.items()}
    return {name: 1.05 * width or 1.0 for name, width in within.items()}


def _forest(verdict: Verdict, axis: Axis | Range | None, reach: dict[str, float]) -> Forest | None:
    if axis is None or math.isnan(verdict.effect):
        return None
    if isinstance(axis, Range):
        return _in_range(verdict, axis)
    effect, low, high, margin = _places(verdict)
    width = reach[axis.name]

    def place(value: float) -> float:
        return round(50 + 50 * min(1.0, max(-1.0, value / width)), 2)

    band = (place(-margin), place(margin)) if margin > 0 else None
    return Forest(place(effect), place(low), place(high), band, 50.0, low < -width, high > width)


def _in_range(verdict: Verdict, claimed: Range) -> Forest:
    """The axis holds the interval and the range's ends, with a fifth to spare at either side."""
    ends = (verdict.effect, verdict.low, verdict.high, claimed.low, claimed.high)
    seen = [end for end in ends if math.isfinite(end)]
    spare = 0.2 * (max(seen) - min(seen)) or 0.2 * abs(seen[0]) or 1.0
    first, last = min(seen) - spare, max(seen) + spare

    def place(value: float) -> float:
        return round(100 * min(1.0, max(0.0, (value - first) / (last - first))), 2)

    band = None if math.isnan(claimed.low) else (place(claimed.low), place(claimed.high))
    return Forest(
        place(verdict.effect), place(verdict.low), place(verdict.high), band, None,
        verdict.low == -math.inf, verdict.high == math.inf,
    )  # fmt: skip


def _line(anchor: str, verdict: Verdict, parts: list[Verdict], reach: dict[str, float]) -> Line:
    mark = _mark(verdict)
    chips = [
        Chip(
            part.dataset,
            part.verdict,
            SYMBOLS[part.verdict],
            effect_text(part),
            f"{part.dataset}: {part.verdict}, {effect_text(part)}, n {runs(part)}; {part.reason}",
        )
        for part in parts
    ]
    return Line(
        anchor=anchor,
        verdict=verdict,
        symbol=SYMBOLS[verdict.verdict],
        what=mark.what,
        effect=effect_text(verdict),
        forest=_forest(verdict, mark.axis, reach),
        sentence=_sentence(verdict),
        notes=notes(verdict),
        chips=chips if len(parts) > 1 else [],
        runs=runs(verdict),
    )


def _sentence(verdict: Verdict) -> str:
    if not verdict.kind:
        return f"{verdict.reason}: {verdict.verdict}"
    return deciding_kind(verdict.kind).sentence(verdict)


def runs(verdict: Verdict) -> str:
    """How many runs of the arm, and of the other if there is one."""
    return f"{verdict.n[0]} vs {verdict.n[1]}" if verdict.n[1] else str(verdict.n[0])
