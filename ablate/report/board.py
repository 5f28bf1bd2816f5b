"""The verdict board: each claim with its verdict, its effect as a bar and as numbers, and its verdict by dataset."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count, groupby

from ablate.claims.judgement import CONTRADICTED, INCONCLUSIVE, REPRODUCED, WAITING
from ablate.claims.verdict import POOLED, Verdict
from ablate.registry.measures import measure
from ablate.results import numbers
from ablate.study.claims.association import STEP, spearman_of
from ablate.study.claims.claim import BEST_OF

MOST_NAMED = 3
"""Arms of which the best is meant, that are named"""
SYMBOLS = {REPRODUCED: "✓", CONTRADICTED: "✗", INCONCLUSIVE: "?", WAITING: "…"}
WIDEST_RATIO, NARROWEST_RATIO = 20.0, 2.0
"""The bars' axis reaches to the largest effect, but within these ratios"""


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
    alt: str
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


def board(verdicts: Iterable[Verdict]) -> list[Entry]:
    """Entries in the order of the verdicts."""
    verdicts = list(verdicts)
    reach = _reach([each for each in verdicts if each.dataset == POOLED])
    pieces = _with_parts(verdicts)
    entries: list[Entry] = []
    numbers_of_lines = count(1)
    for (study, claim, says), group in groupby(
        pieces, key=lambda piece: (piece[0].study, piece[0].claim, piece[0].says)
    ):
        lines = [_line(f"verdict-{next(numbers_of_lines)}", headline, parts, reach) for headline, parts in group]
        entries.append(Entry(claim, study, says, lines[0].verdict.source, lines))
    return entries


def tally(verdicts: Iterable[Verdict]) -> dict[str, int]:
    """How many headlines have each verdict; waiting is left out where none waits."""
    headlines = [each.verdict for each in verdicts if each.dataset == POOLED]
    return {word: headlines.count(word) for word in SYMBOLS if word != WAITING or word in headlines}


def _with_parts(verdicts: list[Verdict]) -> list[tuple[Verdict, list[Verdict]]]:
    pieces: list[tuple[Verdict, list[Verdict]]] = []
    for each in verdicts:
        if each.dataset == POOLED:
            pieces.append((each, []))
        else:
            pieces[-1][1].append(each)
    return pieces


def _axis(verdict: Verdict) -> str:
    if verdict.kind == "trend":
        return "coefficient"
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
        if each.scale == "value":
            continue
        ends = [abs(place) for place in _places(each) if math.isfinite(place)]
        reach[_axis(each)] = max([reach.get(_axis(each), 0.0), *ends])
    if "coefficient" in reach:
        reach["coefficient"] = 1.0
    if "ratio" in reach:
        reach["ratio"] = min(max(reach["ratio"], math.log(NARROWEST_RATIO)), math.log(WIDEST_RATIO))
    return {axis: 1.05 * width or 1.0 for axis, width in reach.items()}


def _forest(verdict: Verdict, reach: dict[str, float]) -> Forest | None:
    if math.isnan(verdict.effect) or verdict.kind == "identity":
        return None
    if verdict.scale == "value":
        return _in_range(verdict)
    effect, low, high, margin = _places(verdict)
    width = reach[_axis(verdict)]

    def place(value: float) -> float:
        return round(50 + 50 * min(1.0, max(-1.0, value / width)), 2)

    band = (place(-margin), place(margin)) if margin > 0 else None
    return Forest(place(effect), place(low), place(high), band, 50.0, low < -width, high > width)


def _in_range(verdict: Verdict) -> Forest:
    """The axis holds the interval and the range's ends, with a fifth to spare at either side."""
    ends = (verdict.effect, verdict.low, verdict.high, verdict.target_low, verdict.target_high)
    seen = [end for end in ends if math.isfinite(end)]
    spare = 0.2 * (max(seen) - min(seen)) or 0.2 * abs(seen[0]) or 1.0
    first, last = min(seen) - spare, max(seen) + spare

    def place(value: float) -> float:
        return round(100 * min(1.0, max(0.0, (value - first) / (last - first))), 2)

    band = (place(verdict.target_low), place(verdict.target_high))
    return Forest(
        place(verdict.effect), place(verdict.low), place(verdict.high), band, None,
        verdict.low == -math.inf, verdict.high == math.inf,
    )  # fmt: skip


def _what(verdict: Verdict) -> str:
    """What the effect is of, in a few words."""
    metric, curves = verdict.metric, spearman_of(verdict.metric)
    if verdict.kind == "trend":
        along = f"{curves[1]} along training" if curves and curves[0] == STEP else metric
        return f"{along}: {verdict.arm}, Spearman’s ρ"
    if verdict.kind == "bound":
        return f"{verdict.statistic} of {metric}: {verdict.arm}, claimed {verdict.against}"
    if verdict.kind == "identity":
        return f"{metric}: {verdict.arm}, claimed {verdict.against}"
    if verdict.statistic == "spread":  # of logarithms, where values are compared by ratio
        metric = f"spread of {'log ' if measure(metric).scale == 'ratio' else ''}{metric}"
    elif verdict.statistic != "value":  # the best, or a share of runs near the best
        metric = f"{verdict.statistic} {metric}"
    return f"{metric}: {verdict.arm} {'÷' if verdict.scale == 'ratio' else '−'} {_against(verdict.against)}"


def _against(against: str) -> str:
    """The other arm; of the best of many, how many: the study's figures show each."""
    others = against.removeprefix(BEST_OF).split(", ")
    return f"{BEST_OF}{len(others)} others" if against.startswith(BEST_OF) and len(others) > MOST_NAMED else against


def _line(anchor: str, verdict: Verdict, parts: list[Verdict], reach: dict[str, float]) -> Line:
    text = _effect(verdict)
    what = _what(verdict) if verdict.metric else ""
    chips = [
        Chip(
            each.dataset,
            each.verdict,
            SYMBOLS[each.verdict],
            _effect(each),
            f"{each.dataset}: {each.verdict}, {_effect(each)}, n {runs(each)}; {each.reason}",
        )
        for each in parts
    ]
    return Line(
        anchor=anchor,
        verdict=verdict,
        symbol=SYMBOLS[verdict.verdict],
        what=what,
        effect=text,
        forest=_forest(verdict, reach),
        alt=f"{what}: {text}; {verdict.verdict}",
        chips=chips if len(parts) > 1 else [],
        runs=runs(verdict),
    )


def _effect(verdict: Verdict) -> str:
    return numbers.effect(verdict.effect, verdict.low, verdict.high, verdict.scale)


def runs(verdict: Verdict) -> str:
    """How many runs of the arm, and of the other if there is one."""
    return f"{verdict.n[0]} vs {verdict.n[1]}" if verdict.n[1] else str(verdict.n[0])
