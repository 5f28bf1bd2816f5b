"""The end of a cohort: what each of its runs leaves, out of the cohort, its record and its reference."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ablate import registry
from ablate.metrics.evaluation import Reference
from ablate.metrics.floors import floors
from ablate.metrics.inception import InceptionFid
from ablate.metrics.stability import TrainingRecord
from ablate.registry import MeasureFacts
from ablate.registry.needs import unmet
from ablate.training.best_generators import BestGenerators
from ablate.training.cohort import Cohort
from ablate.training.options import Arithmetic
from ablate.training.outcome import Evaluated, Outcome
from ablate.training.probes.view import CriticView
from ablate.training.record import CohortRecord
from ablate.training.sampling import KEPT_IMAGES, KEPT_POINTS, as_pictures, sample
from ablate.training.surfaces import value_surfaces


@dataclass
class Ending:
    """A cohort that has trained to its end."""

    cohort: Cohort
    record: CohortRecord
    best_generators: BestGenerators
    reference: Reference
    inception: InceptionFid | None
    arithmetic: Arithmetic

    def outcomes(self) -> list[Outcome]:
        """What each run leaves, in the cohort's order."""
        return [self._outcome(member) for member in range(len(self.cohort.configs))]

    def last_fids(self, metric: str) -> list[float | None]:
        """Each run's fid at the last evaluation, by that name, NaN where there is none; None for a run that ended before."""
        values = self.record.evaluations[-1].metrics if self.record.evaluations else {}
        fids = values.get(metric, [math.nan] * len(self.cohort.configs))
        return [None if member in self.record.ended else fid for member, fid in enumerate(fids)]

    def _outcome(self, member: int) -> Outcome:
        record, until = self.record, self.record.ended_at(member)
        evaluations = [
            _of_member(evaluated, member)
            for evaluated in record.evaluations
            if until is None or evaluated.generator_step <= until
        ]
        steps = self.cohort.generator_step if until is None else until
        diverged_at, pruned = record.diverged_at.get(member), member in record.pruned_at
        return Outcome(
            run_id=self.cohort.configs[member].run_id,
            status="pruned" if pruned else "done" if diverged_at is None else "diverged",
            diverged_at=diverged_at,
            evaluations=evaluations,
            final=self._final(member, evaluations),
            facts=self._facts(member, steps),
            samples=self._pictures[member],
            surface=self._surfaces[member],
            frames=self.best_generators.frames(member, steps),
        )

    def _facts(self, member: int, steps: int) -> dict[str, Any]:
        config, members, reference = self.cohort.configs[member], len(self.cohort.configs), self.reference
        return {
            **reference.once(floors),
            "fid_protocol": reference.protocol,
            "done_generator_steps": steps,
            "done_critic_steps": config.critic_steps_by(steps),
            "images_seen": config.critic_steps_by(steps) * config.batch_size,
            "seconds": self.record.seconds["train"] / members,
            **self.record.step_seconds,
            "cohort_size": members,
            "arithmetic": config.precision if config.precision != "fp32" else self.arithmetic,
            "dataset_fingerprint": self.cohort.dataset.fingerprint,
            "features": reference.extractor.name,
            "features_fingerprint": reference.extractor.fingerprint,
            **(self.inception.floors if self.inception else {}),
            "flags": [part.skipped for part in (reference, self.inception) if part and part.skipped],
            "time_split": {work: seconds / members for work, seconds in self.record.seconds.items()},
        }

    def _final(self, member: int, evaluations: list[dict[str, Any]]) -> dict[str, float]:
        """Metrics and one-valued probes of the last evaluation, then what the whole record tells."""
        if not evaluations:
            return {}
        steps, last = [evaluated["generator_step"] for evaluated in evaluations], evaluations[-1]
        curves = {name: [e["metrics"].get(name, math.nan) for e in evaluations] for name in last["metrics"]}
        untrained = self.record.untrained_fids[member] if self.record.untrained_fids else math.nan
        record = TrainingRecord(steps, curves, self._norms(member), untrained, member in self.record.diverged_at)
        subject = self.reference.subject(self.cohort.configs[member].by_name())
        final = dict(last["metrics"])
        final |= {probe: layers[""] for probe, layers in last["probes"].items() if "" in layers}
        final |= {
            name: entry.load()(record)
            for name, entry in registry.entries("stability").items()
            if isinstance(entry.facts, MeasureFacts) and unmet(entry.facts.needs, subject) is None
        }
        if self.inception and member not in self.record.ended:
            final |= self.inception(self._last_samples[member])
        return final | {"best_fid": record.best_fid, "best_fid_step": record.best_fid_step}

    def _norms(self, member: int) -> np.ndarray:
        """The norm of the critic's gradient at every critic step, up to where the member was pruned."""
        norms: np.ndarray = torch.cat(self.record.norms)[:, member].double().numpy()
        pruned_at = self.record.pruned_at.get(member)
        return norms if pruned_at is None else norms[: self.cohort.configs[member].critic_steps_by(pruned_at)]

    @cached_property
    def _last_samples(self) -> Tensor:
        return sample(self.cohort, self.cohort.configs[0].evaluation_samples)[0]

    @cached_property
    def _pictures(self) -> list[np.ndarray]:
        count = KEPT_POINTS if len(self.cohort.dataset.shape) == 1 else KEPT_IMAGES
        generates = self.cohort.configs[0].fakes == "generator"
        samples = sample(self.cohort, count)[0] if generates else self._shown_fakes(count)
        return [as_pictures(own) for own in samples]

    def _shown_fakes(self, count: int) -> Tensor:
        """Fakes that no generator made, at the scale of the reference: [member, count, *sample]."""
        return CriticView(self.cohort).fake[:, :count].cpu() / self.cohort.dataset.scale

    @cached_property
    def _surfaces(self) -> list[dict[str, np.ndarray]]:
        points = len(self.cohort.dataset.shape) == 1 and self.cohort.configs[0].pack == 1  # a pack is no point
        return value_surfaces(self.cohort) if points else [{} for _ in self.cohort.configs]


def _of_member(evaluated: Evaluated, member: int) -> dict[str, Any]:
    """One member's part of an evaluation."""
    return {
        "generator_step": evaluated.generator_step,
        "critic_step": evaluated.critic_step,
        "seconds": evaluated.seconds,
        "metrics": {name: values[member] for name, values in evaluated.metrics.items()},
        "probes": {
            probe: {layer: values[member] for layer, values in layers.items()}
            for probe, layers in evaluated.probes.items()
        },
    }
