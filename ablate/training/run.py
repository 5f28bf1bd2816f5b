"""Trains a cohort from its settings to the end of its runs: segments, evaluations, pruning and checkpoints in turn."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from ablate.config.run_config import RunConfig
from ablate.datasets import dataset_of
from ablate.errors import AblateWarning
from ablate.metrics.evaluation import Reference, evaluate_all
from ablate.metrics.inception import InceptionFid
from ablate.networks.generator_names import AVERAGE, LAST
from ablate.networks.standing import Statistics
from ablate.training import checkpoint
from ablate.training.arithmetic import multiplies_bfloat16, products_in
from ablate.training.best_generators import BestGenerators
from ablate.training.cohort import Cohort
from ablate.training.ending import Ending
from ablate.training.memory import give_back
from ablate.training.outcome import Control, Evaluated, Outcome, Progress, Stopped
from ablate.training.probes.view import measure
from ablate.training.record import FEWEST_BLOCKS, CohortRecord
from ablate.training.resume import checkpoint_of
from ablate.training.sampling import blocks, sample, standing_statistics


def run_cohort(configs: Sequence[RunConfig], device: torch.device, control: Control | None = None) -> list[Outcome]:
    """Train the runs together to their end; where a checkpoint of theirs exists, from there on.

    All configs must share a structure. Raises Stopped when asked to stop, after writing the checkpoint.
    """
    control = control or Control()
    with products_in(control.arithmetic):
        return _Training(configs, device, control).run()


class _Training:
    def __init__(self, configs: Sequence[RunConfig], device: torch.device, control: Control):
        self.configs, self.control = configs, control
        first = configs[0]
        self.members, self.total = range(len(configs)), first.total_generator_steps
        self.generates = first.fakes == "generator"
        self.dataset, self.device = dataset_of(first), device
        self.reference = Reference.of(self.dataset, first.evaluation_samples, device)
        if first.precision == "bf16" and not multiplies_bfloat16(device):
            slower = (
                f"precision bf16: the {device.type} here has no bfloat16 arithmetic, and trains slower than with fp32"
            )
            warnings.warn(slower, AblateWarning, stacklevel=2)
        self.inception = InceptionFid.of(self.reference, control.inception, device) if self.generates else None
        self._begin()
        self._resume()
        self.saved_at = time.monotonic()

    def _begin(self) -> None:
        control = self.control
        self.cohort = Cohort(self.configs, self.dataset, self.device, control.compile, control.arithmetic)
        self.best_generators = BestGenerators(self.cohort, control.pictured)
        self.record = CohortRecord()

    def run(self) -> list[Outcome]:
        if self.generates and not self.reference.skipped and self.cohort.generator_step == 0:
            self._measure_untrained()
            give_back()
        segment = max(1, min(self.cohort.segment, self.total // FEWEST_BLOCKS))
        for target in self.configs[0].evaluation_steps:
            while self.cohort.generator_step < target and not self._all_ended:
                self._advance(min(segment, target - self.cohort.generator_step))
                self._save_or_stop()
            if self.cohort.generator_step == target and self.record.evaluated_until < target:
                self._evaluate()
                give_back()
                self._prune()
        if self.control.keep_checkpoints:
            self._save(keep=True)
        ending = Ending(
            self.cohort, self.record, self.best_generators, self.reference, self.inception, self.control.arithmetic
        )
        if self.control.generators is not None and self.generates:
            fids = {LAST: ending.last_fids("fid"), AVERAGE: ending.last_fids("fid_ema")}
            self.best_generators.save_generators(self.control.generators, fids, self.control.made_by)
        return ending.outcomes()

    @property
    def _all_ended(self) -> bool:
        return len(self.record.ended) == len(self.members)

    def _save_or_stop(self) -> None:
        stop = self.control.should_stop()
        if stop or time.monotonic() - self.saved_at >= self.control.checkpoint_seconds:
            self._save()
            self.saved_at = time.monotonic()
        if stop:
            raise Stopped

    def _report(self, note: str = "") -> None:
        step = self.total if self._all_ended else self.cohort.generator_step
        diverged = len(self.record.diverged_at)
        self.control.report(Progress(self.control.name, len(self.members), diverged, step, self.total, note))

    def _advance(self, count: int) -> None:
        start, began = self.cohort.generator_step, time.monotonic()
        compiles = self.cohort.compiled and self.cohort.advances == 0
        critic, generator = self.cohort.advance(1 if compiles else count)
        passed, data = time.monotonic() - began, self.cohort.data_seconds
        self.record.spend("compile" if compiles else "train", passed - data)
        self.record.spend("data", data)
        if not compiles:
            self.record.blocks.append(passed / count)
        done = [self.configs[0].critic_steps_by(step) for step in range(start, self.cohort.generator_step + 1)]
        self.record.note_divergence(start, [b - a for a, b in pairwise(done)], critic, generator)
        weights_fine = self.cohort.critic.isfinite().all(1) & self.cohort.generator.isfinite().all(1)
        for member in (~weights_fine).nonzero().flatten().tolist():
            self._diverged(member)
        self.record.add_segment(critic, generator, self.generates)
        self._report()

    def _diverged(self, member: int) -> None:
        """Note that a member has diverged in the step that was just done, if not before."""
        self.record.diverged_at.setdefault(member, self.cohort.generator_step - 1)

    def _evaluate(self) -> None:
        began, cohort = time.monotonic(), self.cohort
        values = self._measured() if self.generates else [{} for _ in self.members]
        for member, value in enumerate(values):
            if value and all(math.isnan(v) for v in value.values()):  # finite weights, but samples beyond all measure
                self._diverged(member)
        for value, of_average in zip(values, self._measured_average(), strict=True):
            value |= of_average
        names = dict.fromkeys(name for value in values for name in value)
        metrics = {name: [value.get(name, math.nan) for value in values] for name in names} | self.record.take_means()
        seconds = self.record.seconds["train"] / len(self.members)
        probes = measure(cohort, end=cohort.generator_step == self.total)
        self.record.evaluations.append(Evaluated(cohort.generator_step, cohort.critic_step, seconds, metrics, probes))
        self.record.spend("evaluate", time.monotonic() - began)

    def _measure_untrained(self) -> None:
        """Take fid before the first step, by the samples of the evaluations; no stream moves by it."""
        began = time.monotonic()
        values = self._values_of(self.cohort.generator, None, end=False, only=("fid",))
        self.record.untrained_fids = [value["fid"] for value in values]
        self.record.spend("evaluate", time.monotonic() - began)

    def _measured(self) -> list[dict[str, float]]:
        """The metrics of each member's samples now; none of those that have ended."""
        statistics = standing_statistics(self.cohort, self.cohort.generator)
        end = self.cohort.generator_step == self.total
        values = self._values_of(self.cohort.generator, statistics, end)
        self.best_generators.note([value.get("fid", math.nan) for value in values], statistics)
        return values

    def _measured_average(self) -> list[dict[str, float]]:
        """The metrics of each member's averaged generator, where there is one; none of those that have ended."""
        if self.cohort.average is None:
            return [{} for _ in self.members]
        return self._values_of(self.cohort.average, None, end=False, averaged=True)

    def _values_of(
        self,
        generator: Tensor,
        statistics: Statistics | None,
        end: bool,
        only: Collection[str] | None = None,
        averaged: bool = False,
    ) -> list[dict[str, float]]:
        """The metrics of each member's samples from generators [member, parameter]; none of those that have ended."""
        cohort, count = self.cohort, self.configs[0].evaluation_samples
        if statistics is None:
            statistics = standing_statistics(cohort, generator)
        values: list[dict[str, float]] = [{} for _ in self.members]
        going = [member for member in self.members if member not in self.record.ended]
        for block in blocks(cohort, count, going):
            samples, labels = sample(cohort, count, statistics, generator, block)
            settings = [self.configs[member].by_name() for member in block]
            with products_in("fp32"):
                measured = evaluate_all(samples, labels, self.reference, end, settings, only, averaged)
            for member, value in zip(block, measured, strict=True):
                values[member] = value
        return values

    def _prune(self) -> None:
        """Give up members that are behind their medians; at the end there is nothing left to give up."""
        medians, step = self.control.pruning_medians, self.cohort.generator_step
        if medians is None or step == self.total:
            return
        before = len(self.record.pruned_at)
        for member in set(self.members) - self.record.ended:
            config = self.configs[member]
            evaluations = [e.metrics for e in self.record.evaluations if medians.metric in e.metrics]
            values = [metrics[medians.metric][member] for metrics in evaluations]
            if reason := medians.missed(config.run_id, values):
                self.record.pruned_at[member] = step
                where = f"{self.control.name}: seed {config.seed} is pruned at step {step} of {self.total}"
                self._report(f"{where}: {reason}")
        if len(self.record.pruned_at) > before:
            self.cohort.leave(self.record.pruned_at)

    # ── checkpoints ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _save(self, keep: bool = False) -> None:
        """Write the checkpoint; `keep`: it is to stay when the runs are in the tables."""
        if self.control.checkpoint is None:
            return
        began = time.monotonic()
        tensors = {**self.cohort.tensors(), **self.best_generators.tensors(), **self.record.tensors()}
        record = {
            "run_ids": [config.run_id for config in self.configs],
            "dataset_fingerprint": self.dataset.fingerprint,
            "generator_step": self.cohort.generator_step,
            **self.record.as_json(),
            "best_generators": self.best_generators.as_json(),
            "keep": keep,
        }
        checkpoint.save(self.control.checkpoint, tensors, record)
        self.record.spend("checkpoint", time.monotonic() - began)

    def _resume(self) -> None:
        """Go on from the checkpoint, where there is one that fits."""
        path = self.control.checkpoint
        if path is None:
            return
        saved, note = checkpoint_of(path, [config.run_id for config in self.configs], self.dataset.fingerprint)
        if saved is not None:
            try:
                self._take_up(*saved)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                note = f"{path}: written by another version of ablate ({error!r}); its runs are trained anew"
                self._begin()
        if note:
            self._report(note)

    def _take_up(self, tensors: dict[str, Tensor], record: dict[str, Any]) -> None:
        self.cohort.restore(tensors, record["generator_step"])
        self.best_generators.restore(tensors, record.get("best_generators"))
        self.record = CohortRecord.restored(tensors, record)
        if self.record.pruned_at:
            self.cohort.leave(self.record.pruned_at)
