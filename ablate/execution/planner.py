"""Runs to cohorts: what can train together, in the order in which it should start."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ablate.config.run_config import RunConfig
from ablate.registry import LipschitzFacts, facts_about
from ablate.registry.components import sample_shape
from ablate.study.study import Run

COHORT_SIZE = 32
"""Members of a cohort at most, where nobody measured what is best (ablate.execution.cohort_size)"""


@dataclass(frozen=True)
class CohortPlan:
    """Runs of one structure, and where their common checkpoint lies."""

    runs: tuple[Run, ...]

    @property
    def name(self) -> str:
        """What a person sees of it: dataset and arms."""
        arms = list(dict.fromkeys(run.arm for run in self.runs))
        return f"{self.runs[0].dataset} · {', '.join(arms)}"

    @property
    def checkpoint_name(self) -> str:
        """A file name that only these runs have."""
        digest = hashlib.sha256(" ".join(run.run_id for run in self.runs).encode()).hexdigest()
        return f"{digest[:16]}.safetensors"

    @property
    def configs(self) -> list[RunConfig]:
        """The settings of its members."""
        return [run.config for run in self.runs]

    @property
    def work(self) -> float:
        """Rough amount of work, in sample passes through the networks; for order and progress only."""
        config = self.runs[0].config
        penalty = facts_about(LipschitzFacts, config.lipschitz).penalty
        passes = config.n_critic / config.n_generator * (9 if penalty else 5) + 5
        size = 1
        for side in sample_shape(config.dataset, config.dataset_options):
            size *= side
        cost = config.batch_size * config.width * (config.width * config.own.get("depth", 4) + size)
        return float(len(self.runs) * config.total_generator_steps * passes * cost)


def plan(
    missing: Sequence[Run],
    begun: Iterable[Sequence[str]] = (),
    most: Callable[[Sequence[RunConfig]], int] = lambda configs: COHORT_SIZE,
) -> list[CohortPlan]:
    """Group the missing runs by structure; `begun` names the runs of cohorts that have a checkpoint to go on from.

    `most` gives the largest cohort for runs of one structure.
    """
    left = {run.run_id: run for run in missing}
    plans = []
    for run_ids in begun:
        if all(run_id in left for run_id in run_ids):
            plans.append(CohortPlan(tuple(left.pop(run_id) for run_id in run_ids)))
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in left.values():
        groups.setdefault((run.dataset, run.config.structure), []).append(run)
    for group in groups.values():
        count = -(-len(group) // most([run.config for run in group]))
        size = -(-len(group) // count)  # even parts: a cohort of 33 is 17 and 16, not 32 and 1
        plans += [CohortPlan(tuple(group[i : i + size])) for i in range(0, len(group), size)]
    return sorted(plans, key=lambda p: -p.work)
