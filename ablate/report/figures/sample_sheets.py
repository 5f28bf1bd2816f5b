"""Generated samples beside real ones, as small PNG tiles: points over real points in grey, or grids of images."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

from ablate.claims.study_rows import StudyRows
from ablate.files.pictures import grid, scatter

GRID = 5
"""Images a side of a tile of images"""
MOST_ARMS, MOST_SEEDS = 12, 4


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


def sample_sheets(rows: StudyRows, palette: dict[str, str]) -> list[Sheet]:
    """One sheet for each dataset that samples are kept of."""
    by_dataset = [_sheet(rows, dataset, palette) for dataset in rows.study.datasets]
    return [sheet for sheet in by_dataset if sheet is not None]


def _sheet(rows: StudyRows, dataset: str, palette: dict[str, str]) -> Sheet | None:
    real = rows.results.real_sample(dataset)
    lines: list[tuple[str, list[Tile]]] = []
    points = False
    for arm in rows.study.arms:
        samples = _samples(rows, dataset, arm)
        if samples:
            points = samples[-1][1].ndim == 2
            lines.append((arm, [_tile(x, real, palette[arm], label, arm, dataset) for label, x in samples]))
        if len(lines) == MOST_ARMS:
            break
    if not lines:
        return None
    tile = None
    if real is not None and len(real):
        picture = scatter(real, None, "#000000") if real.ndim == 2 else grid(real[: GRID * GRID], GRID)
        tile = Tile(_uri(picture), f"real samples of {dataset}", "real")
    left = "" if len(lines) < MOST_ARMS else f"; the first {MOST_ARMS} arms"
    note = (
        "generated in colour over real in grey; points outside the frame are not shown"
        if points
        else "chosen at random"
    )
    return Sheet(dataset, tile, lines, not points, note + left)


def _samples(rows: StudyRows, dataset: str, arm: str) -> list[tuple[str, np.ndarray]]:
    """(label, samples) of the arm's first runs that left some."""
    samples: list[tuple[str, np.ndarray]] = []
    group = rows.rows(dataset, arm)
    for run_id, seed, status in zip(group["run_id"], group["seed"], group["status"], strict=True):
        x = rows.results.sample(run_id) if len(samples) < MOST_SEEDS else None
        if x is not None and len(x):
            samples.append((f"seed {seed}{', diverged' if status == 'diverged' else ''}", x))
    return samples


def _tile(x: np.ndarray, real: np.ndarray | None, colour: str, label: str, arm: str, dataset: str) -> Tile:
    picture = scatter(real, x, colour) if x.ndim == 2 else grid(x[: GRID * GRID], GRID)
    return Tile(_uri(picture), f"samples of {arm} on {dataset}, {label}", label)


def _uri(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
