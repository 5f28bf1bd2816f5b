"""Trains one cohort in this process, whatever happens to it: outcomes, a reason why there are none, or a stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

import torch

from ablate.errors import AblateError
from ablate.execution.planner import CohortPlan
from ablate.execution.task import Result, Task
from ablate.registry.plugins import described
from ablate.training.arithmetic import choose
from ablate.training.checkpoint_files import previous
from ablate.training.options import TrainingOptions
from ablate.training.outcome import Control, Progress, Stopped
from ablate.training.run import run_cohort


def train(task: Task, report: Callable[[Progress], None], should_stop: Callable[[], bool]) -> Result:
    """Train a cohort; out of memory splits it in two. An AblateError, such as missing data, is the caller's to show."""
    if task.parts > 1 and len(task.plan.runs) > 1:
        return _in_halves(replace(task, parts=task.parts // 2), report, should_stop)
    try:
        outcomes = run_cohort(task.plan.configs, torch.device(task.device), control_of(task, report, should_stop))
    except Stopped:
        return Result(task, stopped=True)
    except AblateError:
        raise
    except Exception as error:  # whatever a component raises fails this cohort's runs, with the reason, and no others
        if not (_out_of_memory(error) and len(task.plan.runs) > 1):
            return Result(task, errors={run.run_id: described(error) for run in task.plan.runs})
    else:
        path = task.checkpoint
        spent = [previous(path)] if task.options.keep_checkpoints else [path, previous(path)]
        return Result(task, outcomes, checkpoints=spent)
    # Only here, where the error is forgotten, is the memory free that its traceback held.
    if task.device == "cuda":
        torch.cuda.empty_cache()
    return _in_halves(task, report, should_stop)


def control_of(task: Task, report: Callable[[Progress], None], should_stop: Callable[[], bool]) -> Control:
    """What the training is told: all of the options that concern it, and what this task says besides."""
    options = task.options
    asked = {field.name: getattr(options, field.name) for field in fields(TrainingOptions)}
    return Control(
        name=task.plan.name,
        checkpoint=task.checkpoint,
        report=report,
        should_stop=should_stop,
        pictured=task.pictured,
        generators=options.generators,
        made_by=task.made_by,
        inception=options.inception,
        pruning_medians=task.pruning_medians,
        **{**asked, "arithmetic": choose(options.arithmetic, task.device)},
    )


def _out_of_memory(error: BaseException) -> bool:
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in str(error)


def _in_halves(task: Task, report: Callable[[Progress], None], should_stop: Callable[[], bool]) -> Result:
    for file in (task.checkpoint, previous(task.checkpoint)):  # of all members, so of no use to half of them
        file.unlink(missing_ok=True)
    middle = len(task.plan.runs) // 2
    merged = Result(task)
    for runs in (task.plan.runs[:middle], task.plan.runs[middle:]):
        part = train(replace(task, plan=CohortPlan(runs)), report, should_stop)
        merged.outcomes += part.outcomes
        merged.errors |= part.errors
        merged.checkpoints += part.checkpoints
        merged.stopped |= part.stopped
        if merged.stopped:
            break
    return merged
