"""A run's pictures over time, as it left them beside the tables: read and rendered."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from ablate.errors import UsageError
from ablate.files.pictures import picture

FRAMES = "frames"
"""The folder of a study's frames, beside its tables"""


def render_frames(path: Path, real: np.ndarray | None) -> list[tuple[int, Image.Image]]:
    """(generator step, picture) of each evaluation in a file of frames; points are shown over the real ones."""
    try:
        with np.load(path, allow_pickle=False) as file:
            x, steps, across = file["x"], file["steps"], int(file["across"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise UsageError(f"{path}: not readable pictures of a run: {error}") from error
    if x.ndim not in (3, 5) or len(x) != len(steps):
        raise UsageError(f"{path}: not pictures of a run: their shape is {list(x.shape)} for {len(steps)} steps")
    return [(int(step), picture(samples, across, real)) for step, samples in zip(steps, x, strict=True)]
