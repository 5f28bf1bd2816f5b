"""Figures of the page, as SVG that takes the page's text colour and is the same for the same tables, byte by byte."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

from ablate.report.figures.bands import Band
from ablate.results import numbers

PALETTE = ("#2f7fc1", "#cf6a0a", "#23936a", "#c2528b", "#8a63d2", "#a07318", "#17899a", "#d1495b", "#6b8e23", "#7a7f87")
"""Legible on white and on near-black: contrast of 3 or more with both"""
INK, LINE = "#010203", "#040506"
"""Stand for the page's text and line colours, which are put in their place"""
DASHES = ("-", "--", "-.", ":")
RASTER_ABOVE = 3000
"""More dots than these are drawn as an image inside the SVG"""
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.size": 9.0,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": LINE,
    "axes.linewidth": 0.8,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.8,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "legend.frameon": False,
    "path.simplify": True,
}


@dataclass(frozen=True)
class Drawing:
    """A figure: SVG text to be put into the page, and what it shows in words."""

    svg: str
    alt: str
    caption: str


def colours(arms: Sequence[str]) -> dict[str, str]:
    """A colour for each arm, by its place in the study."""
    if len(arms) <= len(PALETTE):
        return dict(zip(arms, PALETTE, strict=False))
    return dict(zip(arms, sns.husl_palette(len(arms), l=0.58).as_hex(), strict=True))


def strip(
    values: dict[str, np.ndarray], lost: dict[str, int], label: str, better: str, scale: str, key: str, where: str,
    floor: float | None = None, palette: dict[str, str] | None = None,
) -> Drawing | None:  # fmt: skip
    """Every run as a dot, a row an arm, a stroke at the median; diverged runs as crosses, past the worst, on the right.

    values: arm → finite values; lost: arm → number of diverged runs. None if no run has a value.
    """
    arms = list(values)
    palette = palette or colours(arms)
    everything = np.concatenate([np.empty(0), *values.values()])
    if not len(everything):
        return None
    logarithmic = scale == "ratio" and bool((everything > 0).all())
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(4.6, 0.75 + 0.36 * len(arms)), layout="constrained")
        axes = figure.subplots()
        left, right, edge = _range(everything, logarithmic, any(lost.values()))
        set_axis(axes, "x", left, right, logarithmic)
        raster = len(everything) > RASTER_ABOVE
        for row, arm in enumerate(arms):
            shown = np.sort(values[arm])
            places = row + _jitter(len(shown))
            axes.scatter(shown, places, s=13, color=palette[arm], alpha=0.75, linewidths=0, rasterized=raster)
            count = lost.get(arm, 0)
            median = _median(shown, count)
            if np.isfinite(median):
                axes.plot([median, median], [row - 0.36, row + 0.36], color=INK, linewidth=1.4)
            if count:
                axes.scatter(
                    [edge] * count, row + _jitter(count), s=16, marker="x", color=palette[arm], linewidths=1.1,
                    clip_on=False,
                )  # fmt: skip
        if floor is not None and left <= floor <= right:
            axes.axvline(floor, color=LINE, linewidth=1, linestyle=":")
        axes.set_yticks(range(len(arms)), [short(arm) for arm in arms])
        axes.set_ylim(len(arms) - 0.45, -0.55)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x")
        axes.set_axisbelow(True)
        axes.set_xlabel(f"{label}{way(better)}" + (", logarithmic" if logarithmic else ""))
        sns.despine(ax=axes, left=True)
        svg = svg_text(figure, key)
    medians = "; ".join(
        f"{arm}: median {numbers.number(_median(each, lost.get(arm, 0)))} of {len(each) + lost.get(arm, 0)}"
        + (f", {lost[arm]} diverged" if lost.get(arm) else "")
        for arm, each in values.items()
    )
    crosses = "; crosses: diverged runs" if any(lost.values()) else ""
    return Drawing(svg, f"{label} of every run on {where}. {medians}.", f"{where}: {label} of every run{crosses}")


def curves(
    bands: dict[str, Band], label: str, scale: str, key: str, where: str, palette: dict[str, str], note: str = "",
    over: str = "generator steps", truth: tuple[np.ndarray, np.ndarray] | None = None,
) -> Drawing | None:  # fmt: skip
    """Median over seeds with the band from the first to the third quartile, over generator steps; a line an arm.

    `over` names another x-axis than generator steps. `truth` (x, y) is drawn dotted: what theory says.
    """
    drawn = {arm: band for arm, band in bands.items() if np.isfinite(band.median).any()}
    if not drawn:
        return None
    levels = np.concatenate([band.median for band in drawn.values()])
    levels = levels[np.isfinite(levels)]
    logarithmic = scale == "ratio" and bool((levels > 0).all())
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(4.6, 3.0 + 0.17 * ((len(drawn) + 1) // 2)), layout="constrained")
        axes = figure.subplots()
        for i, (arm, band) in enumerate(drawn.items()):
            finite = np.isfinite(band.median)
            style = DASHES[(i // len(PALETTE)) % len(DASHES)] if len(drawn) > len(PALETTE) else DASHES[i % 2]
            steps = band.steps[finite]
            axes.plot(
                steps, band.median[finite], color=palette[arm], linestyle=style, linewidth=1.6, label=short(arm),
                marker="o" if len(steps) == 1 else None, markersize=3,
            )  # fmt: skip
            top = np.where(np.isfinite(band.high), band.high, band.median)[finite]
            bottom = np.where(np.isfinite(band.low), band.low, band.median)[finite]
            axes.fill_between(steps, bottom, top, color=palette[arm], alpha=0.16, linewidth=0)
            stopped = np.flatnonzero(np.isposinf(band.median))
            if len(stopped) and finite.any():  # from here on, half the runs or more have diverged
                axes.plot(steps[-1], band.median[finite][-1], marker="x", color=palette[arm], markersize=6)
        low, high = axes.get_ylim()
        if logarithmic:
            floor = min(float(np.min(band.low[np.isfinite(band.low)])) for band in drawn.values())
            low, high = max(floor, float(levels.min()) / 10) / 1.2, float(levels.max()) * 1.4
        set_axis(axes, "y", low, high, logarithmic)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: numbers.number(value)))
        axes.grid(axis="y")
        axes.set_xlabel(over)
        axes.set_ylabel(label)
        if truth is not None:
            axes.plot(*truth, color=INK, linewidth=1.2, linestyle=":", zorder=3)
        sns.despine(ax=axes)
        figure.legend(loc="outside lower center", ncols=2, fontsize=8, handlelength=2.4)
        svg = svg_text(figure, key)
    ends = "; ".join(f"{arm} ends at {numbers.number(float(band.median[-1]))}" for arm, band in drawn.items())
    alt = f"{label} over {over} on {where}: median over seeds, with quartiles. {ends}."
    return Drawing(svg, alt, f"{where}: {label}, median and quartiles over seeds{note}")


def cumulative(
    values: dict[str, np.ndarray], label: str, better: str, scale: str, key: str, where: str, palette: dict[str, str],
    near: float | None = None,
) -> Drawing | None:  # fmt: skip
    """Share of an arm's draws that are at a value or better, a step line an arm; diverged ones (infinite) are at none.

    `near` is marked by a dotted line. None if no draw has a finite value.
    """
    finite = {arm: np.sort(each[np.isfinite(each)]) for arm, each in values.items()}
    everything = np.concatenate([np.empty(0), *finite.values()])
    if not len(everything):
        return None
    logarithmic = scale == "ratio" and bool((everything > 0).all())
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(4.6, 3.0 + 0.17 * ((len(values) + 1) // 2)), layout="constrained")
        axes = figure.subplots()
        left, right, _ = _range(everything, logarithmic, False)
        set_axis(axes, "x", left, right, logarithmic)
        for i, (arm, reached) in enumerate(finite.items()):
            share = np.arange(1, len(reached) + 1) / len(values[arm])
            shares = np.array([0.0, *share, len(reached) / len(values[arm])])
            if better == "greater":  # better values lie on the right, and the share falls towards them
                shares = shares[::-1]
            axes.step(
                np.array([left, *reached, right]), shares, where="post" if better == "less" else "pre",
                color=palette[arm], linestyle=DASHES[i % len(DASHES)], linewidth=1.6, label=short(arm),
            )  # fmt: skip
        if near is not None and left <= near <= right:
            axes.axvline(near, color=INK, linewidth=1, linestyle=":")
        axes.set_ylim(-0.02, 1.02)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f} %"))
        axes.grid(axis="y")
        axes.set_xlabel(f"{label}{way(better)}" + (", logarithmic" if logarithmic else ""))
        axes.set_ylabel("share of draws")
        sns.despine(ax=axes)
        figure.legend(loc="outside lower center", ncols=2, fontsize=8, handlelength=2.4)
        svg = svg_text(figure, key)
    ends = (min, max) if better == "less" else (max, min)
    told = "; ".join(
        f"{arm}: best {numbers.number(ends[0](each))}, {len(each)} of {len(values[arm])} draws have a value"
        for arm, each in finite.items()
        if len(each)
    )
    line = "" if near is None else f"; dotted: {numbers.number(near)}, twice the best"
    alt = f"Share of draws that reach a value of {label} on {where}. {told}."
    return Drawing(svg, alt, f"{where}: share of draws by {label}{line}")


def _median(values: np.ndarray, lost: int) -> float:
    """Median of all runs, diverged ones at the worst; ∞ where half of them or more diverged, NaN without runs."""
    ordered = np.concatenate([np.sort(values), np.full(lost, np.inf)])
    return float((ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2) if len(ordered) else np.nan


def way(better: str) -> str:
    """Which values of a metric are better, to stand after its name."""
    return {"less": " (lower is better)", "greater": " (higher is better)"}.get(better, "")


def short(name: str, most: int = 30) -> str:
    """A name as matplotlib shows it whole: a dollar sign would begin a formula, a leading _ would hide it in a legend."""
    name = name if len(name) <= most else name[: most - 1] + "…"
    return name.replace("$", r"\$") if name[0] != "_" else f" {name}"


def _jitter(n: int) -> np.ndarray:
    """n places in ±0.28, spread evenly by the golden ratio: the same for the same n, and near values lie apart."""
    return 0.56 * ((0.5 + np.arange(n) * 0.6180339887498949) % 1.0) - 0.28


def _range(values: np.ndarray, logarithmic: bool, diverged: bool) -> tuple[float, float, float]:
    """Left and right end of the axis, and the place of diverged runs, on the right of all others."""
    low, high = float(values.min()), float(values.max())
    if logarithmic:
        low, high = np.log(low), np.log(high)
    pad = 0.06 * (high - low) or (0.1 if logarithmic else 0.1 * max(abs(high), 1.0))
    left, right = low - pad, high + (3.2 if diverged else 1.0) * pad
    edge = right - 0.6 * pad
    if logarithmic:
        left, right, edge = np.exp([left, right, edge])
    return float(left), float(right), float(edge)


def set_axis(axes: Axes, which: str, low: float, high: float, logarithmic: bool) -> None:
    """The limits of the x or y axis, and few ticks with plain numbers."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    if logarithmic:
        (axes.set_xscale if which == "x" else axes.set_yscale)("log")
        decades = np.log10(high / low)
        if decades < 0.7:
            axis.set_major_locator(MaxNLocator(4))
        else:
            subs = (1.0,) if decades > 3 else (1.0, 3.0) if decades > 1.5 else (1.0, 2.0, 5.0)
            axis.set_major_locator(LogLocator(subs=subs, numticks=8))
        axis.set_minor_locator(NullLocator())
        axis.set_minor_formatter(NullFormatter())
    else:
        axis.set_major_locator(MaxNLocator(5))
    axis.set_major_formatter(FuncFormatter(lambda value, _: numbers.number(value)))
    (axes.set_xlim if which == "x" else axes.set_ylim)(low, high)


def svg_text(figure: Figure, key: str) -> str:
    """The figure as an <svg> element without fixed size, ids that nothing refers to, date or font names."""
    text = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": key}):
        figure.savefig(
            text, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None}, dpi=160
        )
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg, flags=re.DOTALL)
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg))
    svg = re.sub(r' id="([^"]*)"', lambda found: found[0] if found[1] in used else "", svg)
    svg = svg.replace(INK, "currentColor").replace(LINE, "var(--line)")
    svg = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", svg)
    svg = re.sub(r"font-family: [^;\"]*;?", "", svg)
    return re.sub(r"\n\s*", "\n", svg).strip()
