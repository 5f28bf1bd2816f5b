"""Pruned members leave their cohort as they are, the others train on as they would have."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from ablate.config.run_config import RunConfig
from ablate.datasets import dataset_of
from ablate.training.cohort import Cohort
from ablate.training.outcome import Control, Outcome, Progress, Stopped
from ablate.training.pruning import PruningMedians
from ablate.training.run import run_cohort

CPU = torch.device("cpu")
STEPS = (20, 40, 60)


def configs(optimizer: str = "adam") -> list[RunConfig]:
    settings = {
        "dataset": "ring8", "lipschitz": "gradient_penalty", "lambda_gp": 10.0, "width": 8, "batch_size": 16, "n_critic": 2,
        "optimizer": optimizer, "generator_steps": 60, "evaluations": 3, "evaluation_samples": 200, "precision": "fp64",
    }  # fmt: skip
    return [
        RunConfig.model_validate({**settings, "lr": lr, "seed": i}) for i, lr in enumerate((1e-3, 3e-3, 1e-2, 1e-4))
    ]


def medians_missed_at(runs: list[RunConfig], *pruned: tuple[int, int]) -> PruningMedians:
    """Medians that nothing passes at that step, and everything before: (member, step)."""
    at = {runs[m].run_id: [-1.0 if at_step == step else math.inf for at_step in STEPS] for m, step in pruned}
    return PruningMedians("fid", "less", at)


def assert_like(a: Outcome, b: Outcome) -> None:
    assert (a.status, a.facts["done_generator_steps"]) == (b.status, b.facts["done_generator_steps"])
    assert a.final.keys() == b.final.keys()
    np.testing.assert_allclose(list(a.final.values()), list(b.final.values()), rtol=1e-6, equal_nan=True)


@pytest.mark.parametrize("pruned", [(1,), (0, 1, 3)], ids=["most go on", "few go on"])
def test_compiled_steps_leave_pruned_members_as_they_were(pruned: tuple[int, ...]) -> None:
    runs = configs()
    cohort, whole = (Cohort(runs, dataset_of(runs[0]), CPU, compile="on") for _ in range(2))
    for one in (cohort, whole):
        one.advance(20)
    before = {name: value.clone() for name, value in cohort.tensors().items()}
    cohort.leave(pruned)
    for one in (cohort, whole):
        one.advance(20)
    others = [m for m in range(4) if m not in pruned]
    for name, value in cohort.tensors().items():
        if value.dim():
            torch.testing.assert_close(value[list(pruned)], before[name][list(pruned)], rtol=0, atol=0)
            torch.testing.assert_close(value[others], whole.tensors()[name][others], rtol=1e-7, atol=1e-9)


def test_what_becomes_of_a_pruned_member_is_not_divergence(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = configs()
    advance = Cohort.advance

    def diverging(cohort: Cohort, count: int) -> tuple[torch.Tensor, torch.Tensor]:
        critic, generator = advance(cohort, count)
        if len(cohort.configs) == 4 and cohort.generator_step > 20:
            generator[:, :, 1] = math.nan
        return critic, generator

    monkeypatch.setattr(Cohort, "advance", diverging)
    outcomes = run_cohort(runs, CPU, Control(pruning_medians=medians_missed_at(runs, (1, 20))))
    assert (outcomes[1].status, outcomes[1].diverged_at) == ("pruned", None)
    assert run_cohort(runs, CPU)[1].status == "diverged"


@pytest.mark.parametrize("optimizer", ["adam", "rmsprop"])
def test_the_others_train_on_as_they_would_have(optimizer: str) -> None:
    runs, told = configs(optimizer), list[Progress]()
    whole = run_cohort(runs, CPU)
    outcomes = run_cohort(
        runs, CPU, Control("c", report=told.append, pruning_medians=medians_missed_at(runs, (1, 20), (3, 40)))
    )
    assert [outcome.status for outcome in outcomes] == ["done", "pruned", "done", "pruned"]
    assert [outcome.facts["done_generator_steps"] for outcome in outcomes] == [60, 20, 60, 40]
    for member in (0, 2):
        assert_like(outcomes[member], whole[member])
    for member, moments in ((1, 1), (3, 2)):
        before = [m["metrics"]["fid"] for m in whole[member].evaluations[:moments]]
        assert [m["metrics"]["fid"] for m in outcomes[member].evaluations] == pytest.approx(before, rel=1e-6)
        assert outcomes[member].final["fid"] == pytest.approx(before[-1], rel=1e-6)
    notes = [progress.note for progress in told if progress.note]
    assert [note.split(":")[1] for note in notes] == [
        " seed 1 is pruned at step 20 of 60",
        " seed 3 is pruned at step 40 of 60",
    ]


def test_a_cohort_of_which_all_are_pruned_ends() -> None:
    runs, told = configs(), list[Progress]()
    outcomes = run_cohort(
        runs,
        CPU,
        Control(report=told.append, pruning_medians=medians_missed_at(runs, (0, 20), (1, 20), (2, 40), (3, 20))),
    )
    assert [outcome.facts["done_generator_steps"] for outcome in outcomes] == [20, 20, 40, 20]
    assert max(progress.step for progress in told if progress.step < 60) == 40


def test_stopped_after_every_segment_it_ends_the_same(tmp_path: Path) -> None:
    runs = configs()
    given = medians_missed_at(runs, (1, 20), (2, 40))
    straight, stops = run_cohort(runs, CPU, Control(pruning_medians=given)), 0
    while True:
        try:
            path = tmp_path / "c.safetensors"
            stopping = Control("c", path, should_stop=lambda: True, pruning_medians=given, checkpoint_seconds=0)
            resumed = run_cohort(runs, CPU, stopping)
            break
        except Stopped:
            stops += 1
    assert stops == 6  # a fifth of the steps at a time, and up to an evaluation
    for a, b in zip(straight, resumed, strict=True):
        assert a.final == b.final
        assert np.array_equal(a.samples, b.samples)


def test_pruned_runs_leave_their_best_generator_alone(tmp_path: Path) -> None:
    runs = configs()
    run_cohort(runs, CPU, Control(generators=tmp_path, pruning_medians=medians_missed_at(runs, (1, 20))))
    kinds = {run.seed: {p.name.split(".")[1] for p in tmp_path.glob(f"{run.run_id}.*")} for run in runs}
    assert kinds == {0: {"best", "last"}, 1: {"best"}, 2: {"best", "last"}, 3: {"best", "last"}}


@pytest.mark.parametrize(("better", "values", "gone"), [
    ("less", [3.0, 5.0], True), ("less", [1.0, 5.0], False), ("less", [2.0], False), ("less", [math.nan], False),
    ("greater", [1.0, 0.5], True), ("greater", [3.0, 0.5], False),
])  # fmt: skip
def test_the_best_value_so_far_is_held_against_the_median(better: str, values: list[float], gone: bool) -> None:
    easy = math.inf if better == "less" else -math.inf
    medians = PruningMedians("m", better, {"r": [*[easy] * (len(values) - 1), 2.0]})
    assert bool(medians.missed("r", values)) == gone
    assert not medians.missed("r", [*values, *values]), "no median at that evaluation"
    assert not medians.missed("other", values)
