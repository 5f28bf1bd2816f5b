"""What a cohort keeps of its generators as it trains: each run's best one so far, and pictures over time."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ablate.files import whole_files
from ablate.files.pictures import class_rows, square
from ablate.networks.generator_file import finite, save_generator
from ablate.networks.generator_names import AVERAGE, BEST, LAST, generator_path
from ablate.networks.standing import Statistics
from ablate.training.cohort import Cohort
from ablate.training.outcome import Frames
from ablate.training.sampling import KEPT_IMAGES, KEPT_POINTS, as_pictures, picture_samples, standing_statistics

MOST_FRAMES, MOST_FRAME_BYTES = 200, 2**25
"""Pictures of one run, in number and in size; of more evaluations, evenly spaced ones get a picture."""


class BestGenerators:
    """Each member's best generator so far, and pictures of the runs that `pictured` names by their run_id."""

    def __init__(self, cohort: Cohort, pictured: Collection[str] = ()):
        self.cohort = cohort
        self.best = torch.zeros_like(cohort.generator)
        """each member's best generator so far, [member, parameter]"""
        self.best_fid = [math.inf] * len(cohort.configs)
        self.best_step = [-1] * len(cohort.configs)
        """−1 before the first evaluation with a fid"""
        self.steps: list[int] = []
        """the generator steps of the pictures"""
        self._frames: list[Tensor] = []
        """a picture of each pictured member, [member, n, *sample], at each of these steps"""
        self._rows = self._members_of(pictured)
        self._labels, self._n, self._across = _layout(cohort)
        self._due = _due(cohort, self._n)

    def _members_of(self, run_ids: Collection[str]) -> list[int]:
        return [m for m, config in enumerate(self.cohort.configs) if config.run_id in run_ids]

    def note(self, fids: Sequence[float], statistics: Statistics) -> None:
        """Take in an evaluation: a fid for each member, NaN where it has none, and the generators' statistics now."""
        step = self.cohort.generator_step
        better = [m for m, fid in enumerate(fids) if fid < self.best_fid[m]]
        for m in better:
            self.best_fid[m], self.best_step[m] = fids[m], step
        self.best[better] = self.cohort.generator[better]
        if self._rows and step in self._due:
            samples = picture_samples(self.cohort, self._n, self._labels, statistics)
            self._frames.append(torch.stack([torch.from_numpy(as_pictures(samples[m])) for m in self._rows]))
            self.steps.append(step)

    def frames(self, member: int, until: int) -> Frames | None:
        """A member's pictures up to a generator step; None where none are kept."""
        steps = [step for step in self.steps if step <= until]
        if member not in self._rows or not steps:
            return None
        row = self._rows.index(member)
        return Frames(steps, torch.stack([f[row] for f in self._frames[: len(steps)]]).numpy(), self._across)

    def save_generators(self, folder: Path, fids: Mapping[str, Sequence[float | None]], facts: dict[str, Any]) -> None:
        """Write each run's best and last generator, and the averaged one where it is kept.

        `fids` are those of the last and the averaged one at the end; None for a run that diverged, which has neither.
        """
        cohort, network = self.cohort, self.cohort.pair.generator
        weights = {BEST: self.best, LAST: cohort.generator}
        if cohort.average is not None:
            weights[AVERAGE] = cohort.average
        statistics = {which: standing_statistics(cohort, flat) for which, flat in weights.items()}
        writes: list[Callable[[], None]] = []
        for m, config in enumerate(cohort.configs):
            common = {**facts, "run_id": config.run_id, "config": config.model_dump(mode="json")}
            common |= {"shape": list(cohort.dataset.shape), "classes": cohort.dataset.n_classes}
            common |= {"dataset_fingerprint": cohort.dataset.fingerprint}
            for which, flat in weights.items():
                path = generator_path(folder, config.run_id, which)
                step, fid = (
                    (self.best_step[m], self.best_fid[m]) if which == BEST else (cohort.generator_step, fids[which][m])
                )
                if fid is None or step < 0:
                    path.unlink(missing_ok=True)  # of an earlier training, which went otherwise on another machine
                    continue
                record = {**common, "which": which, "generator_step": step, "fid": finite(fid)}
                writes.append(partial(save_generator, path, network, flat, statistics[which], m, record))
        whole_files.side_by_side(writes)

    # ── checkpoints ─────────────────────────────────────────────────────────────────────────────────────────────────

    def tensors(self) -> dict[str, Tensor]:
        """What goes into a checkpoint as tensors."""
        best = {"best_generators.best": self.best}
        return best | ({"best_generators.frames": torch.stack(self._frames)} if self._frames else {})

    def as_json(self) -> dict[str, Any]:
        """What goes into a checkpoint's record."""
        pictured = [self.cohort.configs[m].run_id for m in self._rows]
        return {"fid": self.best_fid, "step": self.best_step, "frames": self.steps, "pictured": pictured}

    def restore(self, tensors: dict[str, Tensor], record: dict[str, Any] | None) -> None:
        """Go on from what a checkpoint holds; from an older one, which holds nothing of it, begin anew there."""
        if record is None:
            return
        self.best = tensors["best_generators.best"].to(self.cohort.generator)
        self.best_fid, self.best_step = record["fid"], record["step"]
        if "best_generators.frames" in tensors:
            self._rows = self._members_of(record["pictured"])
            self._frames, self.steps = list(tensors["best_generators.frames"]), record["frames"]


def _layout(cohort: Cohort) -> tuple[list[int] | None, int, int]:
    """Labels, number and images in a row of a picture: of a conditional run, images have a row for each class."""
    classes = cohort.dataset.n_classes if cohort.conditional else 0
    if len(cohort.dataset.shape) == 1:
        return [i % classes for i in range(KEPT_POINTS)] if classes else None, KEPT_POINTS, 1
    if classes:
        labels, across = class_rows(classes)
        return labels, len(labels), across
    return None, KEPT_IMAGES, square(KEPT_IMAGES)


def _due(cohort: Cohort, n: int) -> set[int]:
    """The evaluations that get a picture, the last one always."""
    size = n * math.prod(cohort.dataset.shape) * (4 if len(cohort.dataset.shape) == 1 else 1)
    most = max(1, min(MOST_FRAMES, MOST_FRAME_BYTES // size))
    steps = cohort.configs[0].evaluation_steps
    return set(steps[::-1][:: -(-len(steps) // most)])
