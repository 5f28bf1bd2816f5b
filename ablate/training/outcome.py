"""What a caller asks of a cohort's training and hears while it goes on, and what each run leaves in the end."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ablate.training.options import Arithmetic, Compile, TrainingOptions
from ablate.training.pruning import PruningMedians


class Stopped(Exception):
    """The cohort was asked to stop; its checkpoint is written."""


@dataclass
class Evaluated:
    """One evaluation of a cohort: values by metric, a value for each member; NaN where there is none."""

    generator_step: int
    critic_step: int
    seconds: float
    metrics: dict[str, list[float]]
    probes: dict[str, dict[str, list[float]]]


@dataclass(frozen=True)
class Frames:
    """One run's pictures over time, of the same latents and labels."""

    steps: list[int]
    """the generator step of each"""
    x: np.ndarray
    """uint8 [picture, n, channels, height, width] or float32 [picture, n, dimension]"""
    across: int
    """images in a row of the grid that they make"""


@dataclass
class Outcome:
    """What one run leaves."""

    run_id: str
    status: str
    """done, diverged or pruned"""
    diverged_at: int | None
    """the generator step in which loss, gradient or weights stopped being finite"""
    evaluations: list[dict[str, Any]]
    """of this run: generator_step, critic_step, seconds, metrics {name: value}, probes {name: {layer: value}}"""
    final: dict[str, float]
    """metrics, stability and one-valued probes at the last evaluation before the end or the divergence"""
    facts: dict[str, Any]
    """counters, protocol and fingerprints"""
    samples: np.ndarray
    """uint8 [n, channels, height, width] or float32 [n, dimension]"""
    surface: dict[str, np.ndarray] = field(default_factory=dict)
    """of points: the critic's scores on a square, and half its side (ablate.training.surfaces)"""
    frames: Frames | None = None
    """pictures over time, where they were asked for"""


@dataclass
class Progress:
    """What a training cohort says of itself, after each segment."""

    cohort: str
    members: int
    diverged: int
    step: int
    total: int
    note: str = ""
    """something that a person should know"""


@dataclass(frozen=True)
class Control(TrainingOptions):
    """How a caller follows, bounds and stops the training of a cohort, and what it should leave."""

    name: str = ""
    checkpoint: Path | None = None
    report: Callable[[Progress], None] = lambda progress: None
    should_stop: Callable[[], bool] = lambda: False
    compile: Compile = field(default="off", kw_only=True)
    arithmetic: Arithmetic = field(default="fp32", kw_only=True)
    pictured: Collection[str] = ()
    """run_ids of which pictures over time are kept"""
    generators: Path | None = None
    """the folder for each run's best, last and, where kept, averaged generator; they are written here, for they can be large"""
    made_by: dict[str, Any] = field(default_factory=dict)
    """what made the generators, for their records: commit and the like"""
    inception: Path | None = None
    """Inception's weights, where fid with its features is asked for at the end of each run"""
    pruning_medians: PruningMedians | None = None
    """by which draws of a search are pruned"""
