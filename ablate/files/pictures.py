"""Samples as pictures: images in a grid, points as a scatter over real ones, and a series of either as a GIF."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ablate.files.whole_files import replace

TILE = 168
"""Pixels of a side of a small scatter, as on the page"""
LARGE = 480
"""Pixels that a picture on its own has at least across, where its images are smaller"""
GREY = (140, 140, 140)
COLOUR = "#1f77b4"
MOST_POINTS = 4000
COLUMNS, MOST_IMAGES = 10, 100
"""Of a grid with one row a class: images of a class, and images in all where there are more than ten classes"""


def class_rows(classes: int, columns: int | None = None) -> tuple[list[int], int]:
    """Labels of a grid with one row a class, and images in a row: `columns`, or as many as fit.

    Where there are more classes than images fit, one of each of the first, ten in a row.
    """
    if columns is None and classes > MOST_IMAGES:
        return list(range(MOST_IMAGES)), COLUMNS
    columns = columns or min(COLUMNS, MOST_IMAGES // classes)
    return [label for label in range(classes) for _ in range(columns)], columns


def square(n: int) -> int:
    """Images in a row of a grid of n that is about square."""
    return max(1, round(n**0.5))


def grid(x: NDArray, across: int) -> Image.Image:
    """Images uint8 [n, channels, height, width] with a gap of one pixel; two channels are shown as one."""
    x = np.asarray(x, dtype=np.uint8)
    n, channels, height, width = x.shape
    x = x if channels in (1, 3) else x[:, :1]
    across = min(across, n)
    down = -(-n // across)
    sheet = np.zeros((down * (height + 1) - 1, across * (width + 1) - 1, x.shape[1] + 1), np.uint8)
    for i, image in enumerate(x):
        top, left = (i // across) * (height + 1), (i % across) * (width + 1)
        sheet[top : top + height, left : left + width, :-1] = image.transpose(1, 2, 0)
        sheet[top : top + height, left : left + width, -1] = 255
    return Image.fromarray(sheet, "LA" if sheet.shape[2] == 2 else "RGBA")


def scatter(real: NDArray | None, x: NDArray | None, colour: str, side: int = TILE) -> Image.Image:
    """Points [n, dimension], the first two axes, over real ones in grey, more opaque where there are more.

    The frame is that of the real ones, where they are given, and a fifth more; points outside are not shown.
    """
    real, x = (None if points is None else _plane(points) for points in (real, x))
    frame = real if real is not None else x
    assert frame is not None
    frame = frame[np.isfinite(frame).all(axis=1)]
    low, high = (frame.min(axis=0), frame.max(axis=0)) if len(frame) else (np.zeros(2), np.ones(2))
    middle, half = (low + high) / 2, 0.6 * max(float((high - low).max()), 1e-9)
    canvas = np.zeros((side, side, 4))
    if real is not None:
        _dots(canvas, real, middle, half, GREY, 0.30)
    if x is not None:
        rgb = tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))
        _dots(canvas, x, middle, half, rgb, 0.45)
    return Image.fromarray(np.rint(canvas).astype(np.uint8), "RGBA").quantize(64, method=Image.Quantize.FASTOCTREE)


def _plane(points: NDArray) -> NDArray:
    """The first two axes, the second 0 where there is one only."""
    return np.pad(points[:, :2], ((0, 0), (0, max(0, 2 - points.shape[1]))))


def _dots(canvas: NDArray, points: NDArray, middle: NDArray, half: float, rgb: tuple[int, ...], opacity: float) -> None:
    """Dots of 2 × 2 pixels on a small canvas, larger on a large one."""
    side = len(canvas)
    dot = max(2, side // TILE + 1)
    points = points[:MOST_POINTS]
    points = points[np.isfinite(points).all(axis=1)]
    place = np.floor((points - middle + half) / (2 * half) * side)
    place = place[((place >= 0) & (place <= side - dot)).all(axis=1)].astype(int)
    counts = np.zeros((side, side))
    for right in range(dot):
        for up in range(dot):
            np.add.at(counts, (side - 1 - place[:, 1] - up, place[:, 0] + right), 1)
    alpha = 1 - (1 - opacity) ** counts
    under = canvas[..., 3] / 255
    total = alpha + under * (1 - alpha)
    weight = np.divide(alpha, total, out=np.zeros_like(alpha), where=total > 0)[..., None]
    canvas[..., :3] = weight * np.array(rgb) + (1 - weight) * canvas[..., :3]
    canvas[..., 3] = 255 * total


def picture(x: NDArray, across: int, real: NDArray | None = None) -> Image.Image:
    """Samples as one RGB picture on white, large enough to look at: a grid of images, or a scatter of points."""
    image = scatter(real, x, COLOUR, LARGE) if x.ndim == 2 else grid(x, across)
    image = image.convert("RGBA")
    sheet = Image.new("RGBA", image.size, "white")
    sheet.alpha_composite(image)
    times = max(1, round(LARGE / max(sheet.size)))  # whole times, so that a pixel stays a square
    return sheet.convert("RGB").resize((sheet.width * times, sheet.height * times), Image.Resampling.NEAREST)


def captioned(image: Image.Image, text: str) -> Image.Image:
    """The RGB picture with a line of text under it."""
    size = max(12, image.height // 24)
    sheet = Image.new("RGB", (image.width, image.height + 2 * size), "white")
    sheet.paste(image)
    font = ImageFont.load_default(size)
    ImageDraw.Draw(sheet).text((size // 2, image.height + size // 3), text, fill="black", font=font)
    return sheet


def save_png(image: Image.Image, path: Path) -> None:
    """Write a PNG file, whole or not at all."""
    replace(path, lambda file: image.save(file, "PNG", optimize=True))


def save_gif(images: Sequence[Image.Image], path: Path, milliseconds: int) -> None:
    """Write a GIF that shows each picture that long, over and over; whole or not at all."""
    first, *rest = [image.quantize(256) for image in images]
    replace(
        path, lambda file: first.save(file, "GIF", save_all=True, append_images=rest, duration=milliseconds, loop=0)
    )
