"""From settings to outcomes: trains a cohort with evaluations, probes and checkpoints, and tells each run's end."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ablate import registry
from ablate.config.run_config import RunConfig
from ablate.datasets import dataset_of
from ablate.errors import AblateError
from ablate.metrics.evaluation import Reference, evaluate
from ablate.metrics.floors import floors
from ablate.metrics.inception import InceptionFid
from ablate.metrics.stability import TrainingRecord
from ablate.training import checkpoint
from ablate.training.arithmetic import products_in
from ablate.training.best_generators import Kept
from ablate.training.cohort import Cohort
from ablate.training.memory import give_back
from ablate.training.outcome import Control, Evaluated, Outcome, Progress, Stopped
from ablate.training.probes.view import CriticView, measure
from ablate.training.sampling import KEPT_IMAGES, KEPT_POINTS, as_pictures, sample, standing_statistics
from ablate.training.surfaces import value_surfaces

CRITIC_SERIES = ("critic_loss", "wasserstein_estimate", "critic_gradient_norm")
GENERATOR_SERIES = ("generator_loss", "generator_gradient_norm")


@dataclass
class _Books:
    """What a cohort has recorded so far; with the tensors it makes a checkpoint."""

    moments: list[Evaluated] = field(default_factory=list)
    diverged_at: dict[int, int] = field(default_factory=dict)
    pruned_at: dict[int, int] = field(default_factory=dict)
    sums: dict[str, list[float]] = field(default_factory=dict)
    """sums of the training series since the last evaluation"""
    counted: int = 0
    """generator steps in those sums"""
    split: dict[str, float] = field(default_factory=lambda: {"train": 0.0, "evaluate": 0.0, "checkpoint": 0.0})


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
        self.dataset = dataset_of(first)
        self.reference = Reference.of(self.dataset, first.evaluation_samples)
        self.generates = first.fakes == "generator"
        self.inception = InceptionFid.of(self.reference, self.control.inception, device) if self.generates else None
        self.cohort = Cohort(configs, self.dataset, device, control.compile, control.arithmetic)
        self.books = _Books()
        self.kept = Kept(self.cohort, control.pictured)
        self.norms: list[torch.Tensor] = []
        """critic gradient norms of each segment, [critic steps, member]"""
        self._restore()

    def run(self) -> list[Outcome]:
        last_save = time.monotonic()
        for target in self.configs[0].evaluation_steps:
            while self.cohort.generator_step < target and not self._all_ended():
                self._advance(min(self.cohort.segment, target - self.cohort.generator_step))
                stop = self.control.should_stop()
                if stop or time.monotonic() - last_save >= self.control.checkpoint_seconds:
                    self._save()
                    last_save = time.monotonic()
                if stop:
                    raise Stopped
            if self.cohort.generator_step == target and self._evaluated_until() < target:
                self._evaluate()
                give_back()
                self._prune(target)
        if self.control.keep_checkpoints:
            self._save(keep=True)
        if self.control.generators is not None and self.generates:
            self._save_generators(self.control.generators)
        return [self._outcome(m) for m in range(len(self.configs))]

    def _all_ended(self) -> bool:
        return len(self._ended()) == len(self.configs)

    def _ended(self) -> set[int]:
        """Members that have diverged or were pruned."""
        return {*self.books.diverged_at, *self.books.pruned_at}

    def _evaluated_until(self) -> int:
        return self.books.moments[-1].generator_step if self.books.moments else -1

    def _advance(self, count: int) -> None:
        start, began = self.cohort.generator_step, time.monotonic()
        compiles = self.cohort.compiled and self.cohort.advances == 0
        if compiles:
            count = 1
        critic, generator = self.cohort.advance(count)
        part = "compile" if compiles else "train"
        drawn, all_of_it = self.cohort.draw_seconds, time.monotonic() - began
        for name, seconds in ((part, all_of_it - drawn), ("draw", drawn)):
            self.books.split[name] = self.books.split.get(name, 0.0) + seconds
        self._note_divergence(start, critic, generator)
        self.norms.append(critic[:, 2])
        rows = dict(zip(CRITIC_SERIES, critic.double().unflatten(0, (count, -1)).mean(1).sum(0), strict=True))
        if self.generates:
            rows |= dict(zip(GENERATOR_SERIES, generator.double().sum(0), strict=True))
        for name, row in rows.items():
            before = self.books.sums.get(name, [0.0] * len(self.configs))
            self.books.sums[name] = [a + b for a, b in zip(before, row.tolist(), strict=True)]
        self.books.counted += count
        self._report()

    def _report(self, note: str = "") -> None:
        members, diverged = len(self.configs), len(self.books.diverged_at)
        total = self.configs[0].total_generator_steps
        step = total if self._all_ended() else self.cohort.generator_step
        self.control.report(Progress(self.control.name, members, diverged, step, total, note))

    def _note_divergence(self, start: int, critic: torch.Tensor, generator: torch.Tensor) -> None:
        fine = critic.isfinite().all(1).unflatten(0, (len(generator), -1)).all(1) & generator.isfinite().all(1)
        fine[:, list(self.books.pruned_at)] = True  # what became of them is settled
        for member in (~fine.all(0)).nonzero().flatten().tolist():
            step = start + int((~fine[:, member]).nonzero()[0])
            self.books.diverged_at.setdefault(member, step)
        weights_fine = self.cohort.critic.isfinite().all(1) & self.cohort.generator.isfinite().all(1)
        for member in (~weights_fine).nonzero().flatten().tolist():
            self.books.diverged_at.setdefault(member, self.cohort.generator_step - 1)

    def _evaluate(self) -> None:
        began = time.monotonic()
        members = range(len(self.configs))
        values: list[dict[str, float]] = [{} for _ in members]
        if self.generates:
            statistics = standing_statistics(self.cohort, self.cohort.generator)
            samples, labels = sample(self.cohort, self.configs[0].evaluation_samples, statistics)
            end = self.cohort.generator_step == self.configs[0].total_generator_steps
            for m in set(members) - self._ended():
                values[m] = evaluate(samples[m], labels, self.reference, end, self.configs[m].by_name())
            self.kept.note([value.get("fid", math.nan) for value in values], statistics)
        for member, value in enumerate(values):
            if value and all(math.isnan(v) for v in value.values()):  # finite weights, but samples beyond all measure
                self.books.diverged_at.setdefault(member, self.cohort.generator_step - 1)
        names = dict.fromkeys(name for value in values for name in value)
        metrics = {name: [value.get(name, float("nan")) for value in values] for name in names}
        metrics |= {name: [s / self.books.counted for s in row] for name, row in self.books.sums.items()}
        self.books.sums, self.books.counted = {}, 0
        seconds = self.books.split["train"] / len(self.configs)
        step, critic_step = self.cohort.generator_step, self.cohort.critic_step
        self.books.moments.append(Evaluated(step, critic_step, seconds, metrics, measure(self.cohort)))
        self.books.split["evaluate"] += time.monotonic() - began

    def _prune(self, step: int) -> None:
        """Prune members that are behind their medians; at the end there is nothing left to prune."""
        medians, last = self.control.pruning_medians, self.configs[0].total_generator_steps
        if medians is None or step == last:
            return
        before = len(self.books.pruned_at)
        for member in set(range(len(self.configs))) - self._ended():
            config = self.configs[member]
            values = [m.metrics[medians.metric][member] for m in self.books.moments if medians.metric in m.metrics]
            if reason := medians.missed(config.run_id, values):
                self.books.pruned_at[member] = step
                self._report(f"{self.control.name}: seed {config.seed} is pruned at step {step} of {last}: {reason}")
        if len(self.books.pruned_at) > before:
            self.cohort.leave(self.books.pruned_at)

    # ── the end of a run ────────────────────────────────────────────────────────────────────────────────────────────

    def _outcome(self, member: int) -> Outcome:
        config, diverged_at = self.configs[member], self.books.diverged_at.get(member)
        pruned_at = self.books.pruned_at.get(member)
        until = diverged_at if pruned_at is None else pruned_at
        moments = [
            {
                "generator_step": moment.generator_step,
                "critic_step": moment.critic_step,
                "seconds": moment.seconds,
                "metrics": {name: values[member] for name, values in moment.metrics.items()},
                "probes": {p: {y: v[member] for y, v in ys.items()} for p, ys in moment.probes.items()},
            }
            for moment in self.books.moments
            if until is None or moment.generator_step <= until
        ]
        steps = self.cohort.generator_step if until is None else until
        return Outcome(
            run_id=config.run_id,
            status="pruned" if pruned_at is not None else "done" if diverged_at is None else "diverged",
            diverged_at=diverged_at,
            evaluations=moments,
            final=self._final(member, moments),
            facts={
                **self.reference.once(floors),
                "fid_protocol": self.reference.protocol,
                "done_generator_steps": steps,
                "done_critic_steps": steps * config.n_critic,
                "images_seen": steps * config.n_critic * config.batch_size,
                "seconds": self.books.split["train"] / len(self.configs),
                "cohort_size": len(self.configs),
                "arithmetic": config.precision if config.precision != "fp32" else self.control.arithmetic,
                "dataset_fingerprint": self.dataset.fingerprint,
                "features": self.reference.extractor.name,
                "features_fingerprint": self.reference.extractor.fingerprint,
                **(self.inception.floors if self.inception else {}),
                "flags": [s.skipped for s in (self.reference, self.inception) if s and s.skipped],
                "time_split": {name: value / len(self.configs) for name, value in self.books.split.items()},
            },
            samples=self._pictures[member],
            surface=self._surfaces[member],
            frames=self.kept.frames(member, steps),
        )

    def _save_generators(self, folder: Path) -> None:
        values = self.books.moments[-1].metrics if self.books.moments else {}
        fids = values.get("fid", [math.nan] * len(self.configs))
        last = [None if m in self._ended() else fid for m, fid in enumerate(fids)]
        self.kept.save_generators(folder, last, self.control.made_by)

    def _final(self, member: int, moments: list[dict[str, Any]]) -> dict[str, float]:
        if not moments:
            return {}
        norms = torch.cat(self.norms)[:, member].double().numpy()
        if member in self.books.pruned_at:
            norms = norms[: self.books.pruned_at[member] * self.configs[member].n_critic]
        steps = [m["generator_step"] for m in moments]
        names = moments[-1]["metrics"]
        record = TrainingRecord(steps, {n: [m["metrics"].get(n, math.nan) for m in moments] for n in names}, norms)
        final = dict(moments[-1]["metrics"])
        final |= {p: ys[""] for p, ys in moments[-1]["probes"].items() if "" in ys}
        final |= {name: entry.load()(record) for name, entry in registry.entries("stability").items()}
        if self.inception and member not in self._ended():
            final |= self.inception(self._last_samples[member])
        return final | {"best_fid": record.best_fid, "best_fid_step": record.best_fid_step}

    @cached_property
    def _last_samples(self) -> torch.Tensor:
        return sample(self.cohort, self.configs[0].evaluation_samples)[0]

    @cached_property
    def _pictures(self) -> list[np.ndarray]:
        kept = KEPT_POINTS if len(self.dataset.shape) == 1 else KEPT_IMAGES
        samples = sample(self.cohort, kept)[0] if self.generates else CriticView(self.cohort).fake[:, :kept].cpu()
        return [as_pictures(x) for x in samples]

    @cached_property
    def _surfaces(self) -> list[dict[str, np.ndarray]]:
        return value_surfaces(self.cohort) if len(self.dataset.shape) == 1 else [{} for _ in self.configs]

    # ── checkpoints ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _save(self, keep: bool = False) -> None:
        if self.control.checkpoint is None:
            return
        began = time.monotonic()
        tensors = {**self.cohort.tensors(), **self.kept.tensors(), "norms": torch.cat(self.norms)}
        books = self.books
        record = {
            "run_ids": [c.run_id for c in self.configs],
            "dataset_fingerprint": self.dataset.fingerprint,
            "generator_step": self.cohort.generator_step,
            "moments": [vars(m) for m in books.moments],
            "diverged_at": list(books.diverged_at.items()),
            "pruned_at": list(books.pruned_at.items()),
            "sums": books.sums,
            "counted": books.counted,
            "split": books.split,
            "kept": self.kept.record(),
            "keep": keep,
        }
        checkpoint.save(self.control.checkpoint, tensors, record)
        books.split["checkpoint"] += time.monotonic() - began

    def _restore(self) -> None:
        path = self.control.checkpoint
        if path is None:
            return
        found, note = checkpoint.load_latest(path)
        if found is not None:
            tensors, record = found
            if record.get("run_ids") != [c.run_id for c in self.configs]:
                raise AblateError(f"{path}: this checkpoint is of runs with other settings; delete it to train anew")
            if record.get("dataset_fingerprint", self.dataset.fingerprint) != self.dataset.fingerprint:
                self._report(f"{path}: this checkpoint is of other data than are here now; its runs are trained anew")
                return
            try:
                self._take_up(tensors, record)
            except (KeyError, TypeError) as error:
                raise AblateError(f"{path}: written by another version of ablate; delete it to train anew") from error
        if note:
            self._report(note)

    def _take_up(self, tensors: dict[str, torch.Tensor], record: dict[str, Any]) -> None:
        self.norms = [tensors.pop("norms")]
        self.kept.restore(tensors, record.get("kept"))  # checkpoints of before have none
        self.cohort.restore(tensors, record["generator_step"])
        self.books = _Books(
            [Evaluated(**m) for m in record["moments"]],
            dict(record["diverged_at"]),
            dict(record.get("pruned_at", [])),
            record["sums"],
            record["counted"],
            record["split"],
        )
        if self.books.pruned_at:
            self.cohort.leave(self.books.pruned_at)
