"""What a worker is given and gives back: a cohort to train, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ablate.execution.options import Options
from ablate.execution.planner import CohortPlan
from ablate.training.outcome import Outcome
from ablate.training.pruning import PruningMedians


@dataclass(frozen=True)
class Task:
    """A cohort to train, and where and how."""

    plan: CohortPlan
    device: str
    """cpu or cuda"""
    options: Options
    """all of them: the worker takes what it needs"""
    pictured: frozenset[str] = frozenset()
    """run_ids of which pictures over time are kept"""
    made_by: dict[str, Any] = field(default_factory=dict)
    """what made the generators: commit and the like"""
    pruning_medians: PruningMedians | None = None
    """by which draws of a search are pruned"""
    parts: int = 1
    """how many cohorts to train it as, one after the other, because it was too large for the memory"""

    @property
    def checkpoint(self) -> Path:
        """The file of the cohort's checkpoint."""
        return self.options.checkpoints / self.plan.checkpoint_name


@dataclass
class Result:
    """What became of a task."""

    task: Task
    outcomes: list[Outcome] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)
    """run_id → why the run has no outcome"""
    checkpoints: list[Path] = field(default_factory=list)
    """files to delete when the outcomes are in the tables"""
    stopped: bool = False
    device_name: str = ""
    """of the machine that trained it; empty where that is this one"""
