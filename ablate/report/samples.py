"""Generated samples beside real ones, as small PNG tiles: points over real points in grey, or grids of images."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ablate.claims.rows import StudyRows

TILE = 168
"""Pixels of a side of a tile of points"""
GREY = (140, 140, 140)
GRID = 5
"""Images a side of a tile of images"""
MOST_ARMS, MOST_SEEDS, MOST_POINTS = 12, 4, 4000


@dataclass(frozen=True)
class Tile:
    """One image, as a data URI, and what it shows."""

    uri: str
    alt: str
    label: str


@dataclass(frozen=True)
class Sheet:
    """The samples on one dataset: a row an arm, a tile a seed; first the real ones."""

    dataset: str
    real: Tile | None
    rows: list[tuple[str, list[Tile]]]
    pixelated: bool
    note: str


def sheets(rows: StudyRows, palette: dict[str, str]) -> list[Sheet]:
    """One sheet for each dataset that samples are kept of."""
    found = [_sheet(rows, dataset, palette) for dataset in rows.study.datasets]
    return [sheet for sheet in found if sheet is not None]


def _sheet(rows: StudyRows, dataset: str, palette: dict[str, str]) -> Sheet | None:
    real = rows.results.real_sample(dataset)
    lines: list[tuple[str, list[Tile]]] = []
    points = False
    for arm in rows.study.arms:
        kept: list[Tile] = []
        group = rows.rows(dataset, arm)
        for run_id, seed, status in zip(group["run_id"], group["seed"], group["status"], strict=True):
            x = rows.results.sample(run_id) if len(kept) < MOST_SEEDS else None
            if x is None or not len(x):
                continue
            points = x.ndim == 2
            lost = ", diverged" if status == "diverged" else ""
            alt = f"samples of {arm} on {dataset}, seed {seed}{lost}"
            uri = _uri(_points(real, x, palette[arm]) if points else _images(x))
            kept.append(Tile(uri, alt, f"seed {seed}{lost}"))
        if kept:
            lines.append((arm, kept))
        if len(lines) == MOST_ARMS:
            break
    if not lines:
        return None
    tile = None
    if real is not None and len(real):
        picture = _points(real, None, "#000000") if real.ndim == 2 else _images(real)
        tile = Tile(_uri(picture), f"real samples of {dataset}", "real")
    left = "" if len(lines) < MOST_ARMS else f"; the first {MOST_ARMS} arms"
    note = (
        "generated in colour over real in grey; points outside the frame are not drawn" if points else "drawn at random"
    )
    return Sheet(dataset, tile, lines, not points, note + left)


def _points(real: NDArray | None, x: NDArray | None, colour: str) -> Image.Image:
    """Points as 2 × 2 pixels, more opaque where there are more; the frame is that of the real ones and a fifth more."""
    frame = real if real is not None else x
    assert frame is not None
    low, high = np.nanmin(frame, axis=0), np.nanmax(frame, axis=0)
    middle, half = (low + high) / 2, 0.6 * max(float((high - low).max()), 1e-9)
    canvas = np.zeros((TILE, TILE, 4))
    if real is not None:
        _dots(canvas, real, middle, half, GREY, 0.30)
    if x is not None:
        rgb = tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))
        _dots(canvas, x, middle, half, rgb, 0.45)
    return Image.fromarray(np.rint(canvas).astype(np.uint8), "RGBA").quantize(64, method=Image.Quantize.FASTOCTREE)


def _dots(canvas: NDArray, points: NDArray, middle: NDArray, half: float, rgb: tuple[int, ...], opacity: float) -> None:
    points = points[:MOST_POINTS]
    points = points[np.isfinite(points).all(axis=1)]
    place = np.floor((points - middle + half) / (2 * half) * TILE)
    place = place[((place >= 0) & (place < TILE - 1)).all(axis=1)].astype(int)
    counts = np.zeros((TILE, TILE))
    for right, up in ((0, 0), (1, 0), (0, 1), (1, 1)):
        np.add.at(counts, (TILE - 1 - place[:, 1] - up, place[:, 0] + right), 1)
    alpha = 1 - (1 - opacity) ** counts
    under = canvas[..., 3] / 255
    total = alpha + under * (1 - alpha)
    weight = np.divide(alpha, total, out=np.zeros_like(alpha), where=total > 0)[..., None]
    canvas[..., :3] = weight * np.array(rgb) + (1 - weight) * canvas[..., :3]
    canvas[..., 3] = 255 * total


def _images(x: NDArray) -> Image.Image:
    """The first images [n, channels, height, width] in a grid with a gap of one pixel; two channels are shown as one."""
    x = np.asarray(x[: GRID * GRID], dtype=np.uint8)
    n, channels, height, width = x.shape
    x = x if channels in (1, 3) else x[:, :1]
    across = min(GRID, n)
    down = -(-n // across)
    sheet = np.zeros((down * (height + 1) - 1, across * (width + 1) - 1, x.shape[1] + 1), np.uint8)
    for i, image in enumerate(x):
        top, left = (i // across) * (height + 1), (i % across) * (width + 1)
        sheet[top : top + height, left : left + width, :-1] = image.transpose(1, 2, 0)
        sheet[top : top + height, left : left + width, -1] = 255
    return Image.fromarray(sheet, "LA" if sheet.shape[2] == 2 else "RGBA")


def _uri(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
