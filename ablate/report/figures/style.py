"""How the page's figures look: SVG that takes the page's text colour and is the same for the same tables, byte by byte."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

PALETTE = ("#2f7fc1", "#cf6a0a", "#23936a", "#c2528b", "#8a63d2", "#a07318", "#17899a", "#d1495b", "#6b8e23", "#7a7f87")
"""Legible on white and on near-black: contrast of 3 or more with both"""
INK, LINE = "#010203", "#040506"
"""Stand for the page's text and line colours, which are put in their place"""
DASHES = ("-", "--", "-.", ":")
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
class Chart:
    """A figure of the page: SVG text to be put into it, and what it shows in words."""

    svg: str
    alt: str
    caption: str


def colours(arms: Sequence[str]) -> dict[str, str]:
    """A colour for each arm, by its place in the study."""
    if len(arms) <= len(PALETTE):
        return dict(zip(arms, PALETTE, strict=False))
    return dict(zip(arms, sns.husl_palette(len(arms), l=0.58).as_hex(), strict=True))


def short(name: str, most: int = 30) -> str:
    """A name as matplotlib shows it whole: a dollar sign would begin a formula, a leading _ would hide it in a legend."""
    name = name if len(name) <= most else name[: most - 1] + "…"
    return name.replace("$", r"\$") if name[0] != "_" else f" {name}"


def height(lines: int) -> float:
    """Inches of a figure with a legend of so many lines below it; two stand side by side."""
    return 3.0 + 0.17 * ((lines + 1) // 2)


def plot_svg(
    plot: Callable[[Axes], None], size: tuple[float, float], key: str, legend: bool = False, left: bool = True
) -> str:
    """The SVG of one pair of axes that `plot` fills. size: inches; left: whether there is a line at the left."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots()
        plot(axes)
        sns.despine(ax=axes, left=not left)
        if legend:
            figure.legend(loc="outside lower center", ncols=2, fontsize=8, handlelength=2.4)
        return svg_text(figure, key)


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
    svg = re.sub(r' id="([^"]*)"', lambda match: match[0] if match[1] in used else "", svg)
    svg = svg.replace(INK, "currentColor").replace(LINE, "var(--line)")
    svg = re.sub(r"font: ([\d.]+)px [^;\"]*", r"font-size: \1px", svg)
    svg = re.sub(r"font-family: [^;\"]*;?", "", svg)
    return re.sub(r"\n\s*", "\n", svg).strip()
