"""The effect of a claim against training, a small panel a dataset, each dot coloured by what the same rule would say there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ablate.claims.along_training import Course, Courses
from ablate.claims.kind import deciding_kind, effect_text
from ablate.claims.statistics.bootstrap import Floats
from ablate.claims.verdict import POOLED, Verdict
from ablate.report.course_words import course_words
from ablate.results import numbers
from ablate.study.claims import Claim

LEFT, RIGHT, TOP, BOTTOM = 38.0, 214.0, 8.0, 88.0
"""The frame of a panel, in units of its drawing, which is 220 wide and 108 high"""
WIDEST = 3.0
"""Intervals reach at most so many times as far from no effect as the effects themselves"""


@dataclass(frozen=True)
class Tick:
    """A number at an axis, and its place along it."""

    place: float
    text: str


@dataclass(frozen=True)
class Panel:
    """A claim on one dataset, or over all, along training; places as text of SVG paths."""

    where: str
    verdict: str
    words: str
    """since when, and where the effect goes"""
    alt: str
    line: str
    interval: str
    dots: list[tuple[str, str]]
    """(verdict, the places where the rule says so)"""
    band: tuple[float, float] | None
    """top and height of the margin, or of the claimed range"""
    none: float | None
    """the place of no effect"""
    across: list[Tick]
    up: list[Tick]


@dataclass(frozen=True)
class ClaimPanels:
    """One claim: over all its datasets first, if it has several."""

    what: str
    claimed: str
    """which side of no effect is claimed, in words"""
    panels: list[Panel]


def effect_panels(claims: Sequence[Claim], courses: Courses) -> list[ClaimPanels]:
    """Those of every claim that has a course, in the study's order."""
    shown = []
    for i, claim in enumerate(claims):
        where = ((POOLED, *claim.datasets) if len(claim.datasets) > 1 else claim.datasets)  # fmt: skip
        drawn = [_panel(courses[i, dataset]) for dataset in where if (i, dataset) in courses]
        panels = [panel for panel in drawn if panel is not None]
        if panels:
            last = courses[i, POOLED].verdicts[-1]
            what = deciding_kind(last.kind).mark(last).what
            side = {"less": "below", "greater": "above"}.get(last.direction, "")
            shown.append(
                ClaimPanels(what, f"claimed: {side} the dotted line" if side and last.scale != "value" else "", panels)
            )
    return shown


def _panel(course: Course) -> Panel | None:
    last = course.verdicts[-1]
    effects, lows, highs = (_scaled(course.verdicts, name) for name in ("effect", "low", "high"))
    known = np.isfinite(effects)
    if known.sum() < 2:
        return None
    band = _band(last)
    least, most = _reach(effects[known], lows[known], highs[known], band, last.scale)
    x = _across(course, len(effects))

    def height(values: Floats) -> Floats:
        return BOTTOM - (BOTTOM - TOP) * (np.clip(values, least, most) - least) / (most - least)

    y, top, low = height(effects), height(highs), height(lows)
    places = [f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True)]
    edge = [f"{a:.1f} {b:.1f}" for a, b in [*zip(x, top, strict=True), *reversed(list(zip(x, low, strict=True)))]]
    there = np.flatnonzero(known)
    inside = np.concatenate([there, 2 * len(x) - 1 - there[::-1]])
    words = [verdict.verdict for verdict in course.verdicts]
    dots = {word: "".join(f"M{places[j]}h0" for j in there if words[j] == word) for word in dict.fromkeys(words)}
    frame = None if band is None else height(np.array([band[1], band[0]]))
    zero = None if last.scale == "value" else round(float(height(np.zeros(1))[0]), 1)
    return Panel(
        where="over all datasets" if last.dataset == POOLED else last.dataset,
        verdict=last.verdict,
        words=", ".join(course_words(last)),
        alt=_alt(course, words),
        line="M" + "L".join(places[j] for j in there),
        interval="M" + "L".join(edge[j] for j in inside) + "z",
        dots=[(word, path) for word, path in dots.items() if path],
        band=None if frame is None else (round(float(frame[0]), 1), round(float(frame[1] - frame[0]), 1)),
        none=zero,
        across=_steps(course, x),
        up=[Tick(place, _natural(value, last.scale)) for place, value in ((TOP, most), (BOTTOM, least))],
    )


def _scaled(verdicts: Sequence[Verdict], name: str) -> Floats:
    """On the scale of comparison: logarithms for a ratio, infinite where there is none."""
    values = np.array([getattr(verdict, name) for verdict in verdicts], dtype=float)
    if verdicts[-1].scale != "ratio":
        return values
    with np.errstate(divide="ignore", invalid="ignore"):
        logs: Floats = np.log(values)
    return logs


def _band(verdict: Verdict) -> tuple[float, float] | None:
    """The margin, or the range that is claimed, from low to high; ±inf at an open end."""
    if verdict.scale == "value":
        ends = (verdict.target_low, verdict.target_high)
        return None if any(map(math.isnan, ends)) else ends
    margin = math.log1p(verdict.margin) if verdict.scale == "ratio" else verdict.margin
    return (-margin, margin) if margin else None


def _reach(
    effects: Floats, lows: Floats, highs: Floats, band: tuple[float, float] | None, scale: str
) -> tuple[float, float]:
    """From the lowest to the highest place that is shown."""
    seen = [*effects, *(end for end in band or () if math.isfinite(end)), *([] if scale == "value" else [0.0])]
    low, high = min(seen), max(seen)
    spare = (WIDEST - 1) * (high - low) / 2
    ends = [end for end in (*lows, *highs) if math.isfinite(end)]
    low, high = max(min([low, *ends]), low - spare), min(max([high, *ends]), high + spare)
    pad = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
    return low - pad, high + pad


def _across(course: Course, count: int) -> Floats:
    """Places of the evaluations: by the logarithm of the step; by number where datasets have different steps."""
    places = np.arange(count, dtype=float) if course.steps is None else np.log(np.maximum(course.steps, 1.0))
    return LEFT + 6 + (RIGHT - LEFT - 12) * (places - places[0]) / (places[-1] - places[0])


def _steps(course: Course, x: Floats) -> list[Tick]:
    if course.steps is None:
        return [Tick(round(float(x[0]), 1), "first"), Tick(round(float(x[-1]), 1), "last evaluation")]
    return [Tick(round(float(x[j]), 1), f"{course.steps[j]:,.0f}") for j in (0, -1)]


def _natural(value: float, scale: str) -> str:
    return numbers.number(math.exp(value) if scale == "ratio" else value, 2)


def _alt(course: Course, words: list[str]) -> str:
    """The first, the middle and the last effect, and every verdict in order."""
    shown = [course.verdicts[j] for j in dict.fromkeys((0, len(words) // 2, len(words) - 1))]
    order = [words[0], *(word for before, word in pairwise(words) if word != before)]
    effects = ", ".join(effect_text(verdict) for verdict in shown)
    return f"Effect along {len(words)} evaluations: {effects}. The rule would say: {', then '.join(order)}."
