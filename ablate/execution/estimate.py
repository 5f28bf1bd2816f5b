"""How long a study would take: a few steps of each cohort and one evaluation are timed, and scaled up."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from ablate.datasets import dataset_of
from ablate.execution.planner import CohortPlan
from ablate.metrics.evaluation import Reference, evaluate, evaluate_all
from ablate.training.cohort import Cohort
from ablate.training.sampling import blocks, sample

TIMED_SECONDS = 1.0
MOST_TIMED = 20
"""Generator steps that are timed at most"""


@dataclass(frozen=True)
class Estimate:
    """Seconds that one worker would need for a cohort."""

    plan: CohortPlan
    training: float
    evaluation: float

    @property
    def seconds(self) -> float:
        """Both together."""
        return self.training + self.evaluation


def estimates(plans: Sequence[CohortPlan], device: str, threads: int) -> Iterator[Estimate]:
    """One estimate a cohort, in their order. AblateError where a dataset is missing.

    The steps after the first are timed, which warms caches; a busy machine gives too much.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(min(threads, before))
    try:
        for plan in plans:
            yield _estimate(plan, torch.device(device))
    finally:
        torch.set_num_threads(before)


def _estimate(plan: CohortPlan, device: torch.device) -> Estimate:
    first = plan.runs[0].config
    dataset = dataset_of(first)
    cohort = Cohort(plan.configs, dataset, device)
    cohort.advance(1)
    began, steps = time.monotonic(), 0
    while steps < MOST_TIMED and (steps == 0 or time.monotonic() - began < TIMED_SECONDS):
        cohort.advance(1)
        steps += 1
    training = (time.monotonic() - began) / steps * first.total_generator_steps
    evaluation = 0.0
    if first.fakes == "generator":
        reference = Reference.of(dataset, first.evaluation_samples, device)
        evaluate(reference.samples[:100], None, reference)  # what is made once for all runs
        block = next(blocks(cohort, first.evaluation_samples, range(len(plan.runs))))
        began = time.monotonic()
        samples, labels = sample(cohort, first.evaluation_samples, members=block)
        evaluate_all(samples, labels, reference, False, [{}] * len(block))
        once = (time.monotonic() - began) / len(block) * len(plan.runs)
        evaluation = once * len(first.evaluation_steps)
    return Estimate(plan, training, evaluation)
