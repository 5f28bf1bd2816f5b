"""What a cohort has recorded while it trained; with the cohort's tensors it makes a checkpoint."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ablate.registry.measures import CRITIC_SERIES, GENERATOR_SERIES
from ablate.training.outcome import Evaluated

FEWEST_BLOCKS = 5
"""Of training that are timed by themselves, wherever there are as many steps"""


@dataclass
class CohortRecord:
    """The evaluations and ends of a cohort's members, and what has come up since the last evaluation."""

    evaluations: list[Evaluated] = field(default_factory=list)
    diverged_at: dict[int, int] = field(default_factory=dict)
    """member → the generator step in which loss, gradient or weights stopped being finite"""
    pruned_at: dict[int, int] = field(default_factory=dict)
    """member → the generator step after which it was given up"""
    sums: dict[str, list[float]] = field(default_factory=dict)
    """of each training series since the last evaluation, a sum for each member"""
    counted: dict[str, int] = field(default_factory=dict)
    """of each training series, steps in its sums"""
    seconds: dict[str, float] = field(default_factory=lambda: {"train": 0.0, "evaluate": 0.0, "checkpoint": 0.0})
    """spent by the whole cohort on each kind of work"""
    blocks: list[float] = field(default_factory=list)
    """seconds of a generator step of the whole cohort, in each block of training that was timed by itself"""
    norms: list[Tensor] = field(default_factory=list)
    """norms of the critic's gradient in each segment, [critic steps, member]"""
    untrained_fids: list[float] = field(default_factory=list)
    """fid of each member's generator before the first step; empty where it was not taken"""

    @property
    def ended(self) -> set[int]:
        """Members that have diverged or were pruned."""
        return {*self.diverged_at, *self.pruned_at}

    @property
    def evaluated_until(self) -> int:
        """The generator step of the last evaluation; −1 before the first one."""
        return self.evaluations[-1].generator_step if self.evaluations else -1

    def ended_at(self, member: int) -> int | None:
        """The generator step in which a member was pruned or diverged; None if it trained to the end."""
        return self.pruned_at.get(member, self.diverged_at.get(member))

    def spend(self, work: str, seconds: float) -> None:
        """Add to the time spent on a kind of work."""
        self.seconds[work] = self.seconds.get(work, 0.0) + seconds

    @property
    def step_seconds(self) -> dict[str, float]:
        """Median and interquartile range of the seconds of a step of the whole cohort, over its blocks; NaN of fewer than 5.

        The cohort is what was timed: all its members have this one measurement.
        """
        if len(self.blocks) < FEWEST_BLOCKS:
            return {"step_seconds": math.nan, "step_seconds_iqr": math.nan}
        low, median, high = np.quantile(self.blocks, [0.25, 0.5, 0.75])
        return {"step_seconds": float(median), "step_seconds_iqr": float(high - low)}

    def add_segment(self, critic: Tensor, generator: Tensor, generates: bool) -> None:
        """Take in what Cohort.advance gives: critic steps [n, 3, member], generator steps [n, 2, member].

        `generates`: a generator is trained.
        """
        self.norms.append(critic[:, 2])
        for names, steps in ((CRITIC_SERIES, critic), (GENERATOR_SERIES, generator if generates else None)):
            if steps is None:
                continue
            for name, row in zip(names, steps.double().sum(0), strict=True):
                before = self.sums.get(name, [0.0] * len(row))
                self.sums[name] = [a + b for a, b in zip(before, row.tolist(), strict=True)]
                self.counted[name] = self.counted.get(name, 0) + len(steps)

    def take_means(self) -> dict[str, list[float]]:
        """The training series' means since the last evaluation, for each member; the sums begin anew.

        NaN where there was no such step.
        """
        means = {n: [total / (self.counted[n] or math.nan) for total in row] for n, row in self.sums.items()}
        self.sums, self.counted = {}, {}
        return means

    def note_divergence(self, start: int, critic_steps: Sequence[int], critic: Tensor, generator: Tensor) -> None:
        """Note the members with a value that is not finite in the segment that began at generator step `start`.

        `critic_steps`: how many of the critic's steps go with each of the generator's.
        """
        of_critic = torch.stack([part.all(0) for part in critic.isfinite().all(1).split(list(critic_steps))])
        fine = of_critic & generator.isfinite().all(1)
        fine[:, list(self.pruned_at)] = True  # they have ended already
        for member in (~fine.all(0)).nonzero().flatten().tolist():
            self.diverged_at.setdefault(member, start + int((~fine[:, member]).nonzero()[0]))

    # ── checkpoints ─────────────────────────────────────────────────────────────────────────────────────────────────

    def tensors(self) -> dict[str, Tensor]:
        """What goes into a checkpoint as tensors."""
        return {"norms": torch.cat(self.norms)}

    def as_json(self) -> dict[str, Any]:
        """What goes into a checkpoint's record."""
        return {
            "evaluations": [vars(evaluation) for evaluation in self.evaluations],
            "diverged_at": list(self.diverged_at.items()),
            "pruned_at": list(self.pruned_at.items()),
            "sums": self.sums,
            "counted": self.counted,
            "seconds": self.seconds,
            "blocks": self.blocks,
            "untrained_fids": self.untrained_fids,
        }

    @classmethod
    def restored(cls, tensors: dict[str, Tensor], record: dict[str, Any]) -> CohortRecord:
        """That of a checkpoint; KeyError or TypeError where the checkpoint does not hold one."""
        return cls(
            [Evaluated(**evaluation) for evaluation in record["evaluations"]],
            dict(record["diverged_at"]),
            dict(record.get("pruned_at", [])),
            record["sums"],
            dict(record["counted"]),
            record["seconds"],
            record.get("blocks", []),
            [tensors["norms"]],
            record.get("untrained_fids", []),
        )
