"""TensorBoard's event files, written from the tables: a folder a run, with all its curves and its pictures over time.

What a run measured is complete when its cohort ends, so each run's file is written once, then, and a run that was stopped
and taken up again has no steps twice. Runs whose rows are in the tables already get theirs too.
"""

from __future__ import annotations

import importlib.util
import math
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ablate.errors import AblateError, UsageError
from ablate.registry.measures import measure
from ablate.results.frames import FRAMES, render_frames
from ablate.results.tables import Results

UNFINISHED = ".unfinished"
"""The ending of a file that is being written: one that a killed process left does not count, and is written anew"""


class EventFiles:
    """The event files of one study, in DIR/<study>/<dataset>/<arm>/seed<k>."""

    def __init__(self, folder: Path, study: str):
        if importlib.util.find_spec("tensorboard") is None:
            raise UsageError("--tensorboard needs the package tensorboard: pip install 'ablate[tensorboard]'")
        self.folder = folder / _name(study)

    def write(self, results: Results, only: Collection[str], anew: bool) -> None:
        """Write the files of those runs that are in the tables; files that are there already stay, unless `anew`."""
        runs = results.runs[results.runs["run_id"].isin(only)]
        rows: list[dict[Any, Any]] = runs.to_dict("records")
        wanted = [(row, path) for row in rows if not self._has(path := self.path(row), row["run_id"]) or anew]
        curves = dict(list(results.curves.groupby("run_id"))) if wanted else {}
        for row, path in wanted:
            if row["run_id"] in curves:
                self._write(path, row, curves[row["run_id"]], results)

    def path(self, row: dict[Any, Any]) -> Path:
        """The folder of the run with that row."""
        return self.folder / _name(row["dataset"]) / _name(row["arm"]) / f"seed{row['seed']}"

    @staticmethod
    def _has(path: Path, run_id: str) -> bool:
        return any(path.glob(f"events.*.{run_id}"))

    def _write(self, path: Path, row: dict[Any, Any], curves: pd.DataFrame, results: Results) -> None:
        from torch.utils.tensorboard import SummaryWriter

        try:
            for old in path.glob("events.*"):
                old.unlink()
            writer = SummaryWriter(str(path), filename_suffix=f".{row['run_id']}{UNFINISHED}")
        except OSError as error:
            raise AblateError(
                f"{path}: TensorBoard's files cannot be written there: {error.strerror or error}"
            ) from error
        with writer:
            for metric, step, value in zip(curves["metric"], curves["generator_step"], curves["value"], strict=True):
                if math.isfinite(value):
                    group = "training" if measure(metric).origin == "series" else "metrics"
                    writer.add_scalar(f"{group}/{metric}", value, int(step))
            frames = results.folder / FRAMES / f"{row['run_id']}.npz"
            if frames.exists():
                for step, image in render_frames(frames, results.real_sample(row["dataset"])):
                    writer.add_image("samples", np.asarray(image), step, dataformats="HWC")
        for file in path.glob(f"events.*{UNFINISHED}"):
            file.rename(file.with_name(file.name.removesuffix(UNFINISHED)))


def _name(text: str) -> str:
    """A text as the name of a folder."""
    plain = re.sub(r"[^\w.,=+-]", "_", text)
    return f"_{plain}" if plain.startswith(".") else plain
