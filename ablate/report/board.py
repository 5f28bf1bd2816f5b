"""The verdict board: each claim with its verdict, its effect as a bar and as numbers, and its verdict by dataset."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from ablate.claims.judgement import CONTRADICTED, INCONCLUSIVE, REPRODUCED
from ablate.claims.measures import measure
from ablate.claims.verdict import POOLED, Verdict
from ablate.report import numbers

SYMBOLS = {REPRODUCED: "✓", CONTRADICTED: "✗", INCONCLUSIVE: "?"}
WIDEST_RATIO, NARROWEST_RATIO = 20.0, 2.0
"""The bars' axis reaches to the largest effect, but within these ratios"""


@dataclass(frozen=True)
class Forest:
    """A bar's places from 0 (most against the claim) to 100 (most for it); 50 is no difference."""

    effect: float
    low: float
    high: float
    margin: float
    cut_low: bool
    cut_high: bool


@dataclass(frozen=True)
class Chip:
    """A verdict on one dataset."""

    dataset: str
    verdict: str
    symbol: str
    title: str


@dataclass(frozen=True)
class Line:
    """One arm against one other."""

    verdict: Verdict
    symbol: str
    what: str
    effect: str
    forest: Forest | None
    alt: str
    chips: list[Chip]


@dataclass(frozen=True)
class Entry:
    """A claim, with a line for each arm that it is claimed against."""

    id: str
    study: str
    says: str
    source: tuple[str, ...]
    lines: list[Line]


def board(verdicts: Iterable[Verdict]) -> list[Entry]:
    """Entries in the order of the verdicts."""
    verdicts = list(verdicts)
    reach = _reach([each for each in verdicts if each.dataset == POOLED])
    pieces = _with_parts(verdicts)
    entries = []
    for (study, claim, says), group in groupby(
        pieces, key=lambda piece: (piece[0].study, piece[0].claim, piece[0].says)
    ):
        lines = [_line(headline, parts, reach) for headline, parts in group]
        entries.append(Entry(claim, study, says, lines[0].verdict.source, lines))
    return entries


def tally(verdicts: Iterable[Verdict]) -> dict[str, int]:
    """How many headlines have each verdict."""
    headlines = [each.verdict for each in verdicts if each.dataset == POOLED]
    return {word: headlines.count(word) for word in SYMBOLS}


def _with_parts(verdicts: list[Verdict]) -> list[tuple[Verdict, list[Verdict]]]:
    pieces: list[tuple[Verdict, list[Verdict]]] = []
    for each in verdicts:
        if each.dataset == POOLED:
            pieces.append((each, []))
        else:
            pieces[-1][1].append(each)
    return pieces


def _axis(verdict: Verdict) -> str:
    return "ratio" if verdict.scale == "ratio" else f"{verdict.metric} {verdict.statistic}"


def _places(verdict: Verdict) -> tuple[float, float, float, float]:
    """effect, low, high, margin on the bar's scale, turned so that positive is what the claim says."""
    found = [verdict.effect, verdict.low, verdict.high]
    if verdict.scale == "ratio":
        found = [math.log(each) if each > 0 else -math.inf for each in found]
    margin = math.log1p(verdict.margin) if verdict.scale == "ratio" else verdict.margin
    effect, low, high = found
    return (-effect, -high, -low, margin) if verdict.direction == "less" else (effect, low, high, margin)


def _reach(headlines: list[Verdict]) -> dict[str, float]:
    """For each kind of effect, how far the axis goes to either side."""
    reach: dict[str, float] = {}
    for each in headlines:
        ends = [abs(place) for place in _places(each) if math.isfinite(place)]
        reach[_axis(each)] = max([reach.get(_axis(each), 0.0), *ends])
    if "ratio" in reach:
        reach["ratio"] = min(max(reach["ratio"], math.log(NARROWEST_RATIO)), math.log(WIDEST_RATIO))
    return {axis: 1.05 * width or 1.0 for axis, width in reach.items()}


def _forest(verdict: Verdict, reach: float) -> Forest | None:
    effect, low, high, margin = _places(verdict)
    if math.isnan(effect):
        return None

    def place(value: float) -> float:
        return round(50 + 50 * min(1.0, max(-1.0, value / reach)), 2)

    width = round(min(50.0, 50 * margin / reach), 2)
    return Forest(place(effect), place(low), place(high), width, low < -reach, high > reach)


def _line(verdict: Verdict, parts: list[Verdict], reach: dict[str, float]) -> Line:
    metric = verdict.metric
    if verdict.statistic == "spread":  # of logarithms, where values are compared by ratio
        metric = f"spread of {'log ' if measure(metric).scale == 'ratio' else ''}{metric}"
    sign = "÷" if verdict.scale == "ratio" else "−"
    text = numbers.effect(verdict.effect, verdict.low, verdict.high, verdict.scale)
    chips = [
        Chip(
            each.dataset,
            each.verdict,
            SYMBOLS[each.verdict],
            f"{each.dataset}: {each.verdict}, {numbers.effect(each.effect, each.low, each.high, each.scale)}, "
            f"n {each.n[0]} and {each.n[1]}; {each.reason}",
        )
        for each in parts
    ]
    return Line(
        verdict=verdict,
        symbol=SYMBOLS[verdict.verdict],
        what=f"{metric}: {verdict.arm} {sign} {verdict.against}",
        effect=text,
        forest=_forest(verdict, reach[_axis(verdict)]),
        alt=f"{metric} of {verdict.arm} against {verdict.against}: {text}; {verdict.verdict}",
        chips=chips if len(parts) > 1 else [],
    )
