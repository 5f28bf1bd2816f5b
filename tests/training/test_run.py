"""A cohort from settings to outcomes: resume is exact, divergence is noted, evaluation sees what was asked for."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ablate.config.run_config import RunConfig
from ablate.datasets import load_dataset
from ablate.errors import AblateError
from ablate.registry.measures import CRITIC_SERIES, GENERATOR_SERIES, of_origin
from ablate.training import checkpoint
from ablate.training.cohort import Cohort
from ablate.training.outcome import Control, Outcome, Stopped
from ablate.training.run import run_cohort
from ablate.training.sampling import sample
from tests.support.small_runs import CPU, configs


def to_the_end(path: Path, runs: list[RunConfig]) -> tuple[list[Outcome], int]:
    """Train with a stop after every segment."""
    stops = 0
    while True:
        try:
            return run_cohort(runs, CPU, Control("test", path, checkpoint_seconds=0, should_stop=lambda: True)), stops
        except Stopped:
            stops += 1


def test_a_run_stopped_after_every_segment_ends_as_one_that_was_not(tmp_path: Path) -> None:
    straight = run_cohort(configs(), CPU)
    resumed, stops = to_the_end(tmp_path / "c.safetensors", configs())
    assert stops >= 3
    for a, b in zip(straight, resumed, strict=True):
        assert a.final == b.final
        assert np.array_equal(a.samples, b.samples)
        for one, other in zip(a.evaluations, b.evaluations, strict=True):
            assert one["metrics"] == other["metrics"]
            assert one["probes"] == other["probes"]


def test_evaluations_come_when_they_were_asked_for() -> None:
    (outcome,) = run_cohort(configs(1, generator_steps=30, evaluations=(5, 20)), CPU)
    assert [m["generator_step"] for m in outcome.evaluations] == [5, 20, 30]
    assert [m["critic_step"] for m in outcome.evaluations] == [10, 40, 60]
    assert 0 <= outcome.final["label_accuracy"] <= 1
    assert outcome.facts["fid_protocol"] == "fid_classifier_200"


def test_the_series_that_claims_may_name_are_those_that_training_records() -> None:
    (outcome,) = run_cohort(configs(1, generator_steps=2, evaluations=1), CPU)
    of_metrics = of_origin("metric")
    assert set(outcome.evaluations[0]["metrics"]) - set(of_metrics) == set(of_origin("series"))
    critic, generator = Cohort(configs(1), load_dataset("digits", {}), CPU).advance(1)
    assert critic.shape[1:] == (len(CRITIC_SERIES), 1)
    assert generator.shape[1:] == (len(GENERATOR_SERIES), 1)


def test_a_budget_in_critic_steps_is_divided_by_n_critic() -> None:
    (outcome,) = run_cohort(configs(1, generator_steps=None, critic_steps=21, evaluations=1), CPU)
    assert outcome.facts["done_generator_steps"] == 10
    assert outcome.facts["done_critic_steps"] == 20


def test_a_diverging_member_is_noted_with_its_step_and_the_others_go_on() -> None:
    wild = configs(3, lipschitz="none", lambda_gp=None, loss="least_squares", optimizer="sgd", generator_steps=60)
    wild = [c.model_copy(update={"lr": 1e-4 if c.seed != 1 else 10.0}) for c in wild]
    outcomes = run_cohort(wild, CPU)
    assert [o.status for o in outcomes] == ["done", "diverged", "done"]
    assert outcomes[1].diverged_at is not None
    assert outcomes[1].diverged_at < 60
    calm = run_cohort([wild[0], wild[2]], CPU)
    assert outcomes[0].final["fid"] == pytest.approx(calm[0].final["fid"], rel=1e-3)


def test_a_generator_whose_samples_are_beyond_measure_has_diverged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights may still be finite; such a run must not end as done without a value."""
    from ablate.training import run

    def overflowing(cohort: Cohort, n: int, *rest: Any) -> tuple[torch.Tensor, torch.Tensor | None]:
        samples, labels = sample(cohort, n, *rest)
        if cohort.generator_step >= 20:
            samples[[member == 1 for member in rest[-1]]] = float("inf")
        return samples, labels

    monkeypatch.setattr(run, "sample", overflowing)
    well, ill = run_cohort(configs(2, generator_steps=30, evaluations=3), CPU)
    assert (well.status, ill.status, ill.diverged_at) == ("done", "diverged", 19)
    assert [m["generator_step"] for m in ill.evaluations] == [10]
    assert np.isfinite(ill.final["fid"])


def test_a_checkpoint_of_other_settings_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    with pytest.raises(Stopped):
        run_cohort(configs(), CPU, Control("test", path, checkpoint_seconds=0, should_stop=lambda: True))
    with pytest.raises(AblateError, match="of runs with other settings"):
        run_cohort(configs(lr=1e-3), CPU, Control("test", path))


def test_a_checkpoint_cut_short_is_named_and_nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    with pytest.raises(Stopped):
        run_cohort(configs(), CPU, Control("test", path, checkpoint_seconds=0, should_stop=lambda: True))
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(AblateError, match="not a readable checkpoint"):
        checkpoint.load(path)


@pytest.mark.mnist
def test_mnist_trains_with_its_own_classifiers_features() -> None:
    runs = configs(1, dataset="mnist", generator_steps=3, evaluations=1, evaluation_samples=300)
    (outcome,) = run_cohort(runs, CPU)
    assert outcome.samples.shape == (64, 1, 28, 28)
    assert outcome.final["fid"] > outcome.facts["fid_floor"]


@pytest.mark.gpu
def test_a_cohort_trains_on_a_cuda_device_as_on_a_cpu() -> None:
    """Streams differ between devices, so the comparison is of what training achieves."""
    settings = {"width": 32, "lambda_gp": 0.1, "lr": 1e-3, "generator_steps": 130}
    runs = configs(4, dataset="ring8", architecture="mlp", conditional=False, **settings)
    for_cuda, for_cpu = (run_cohort(runs, torch.device(name)) for name in ("cuda", "cpu"))
    for outcomes in (for_cuda, for_cpu):
        assert all(o.status == "done" for o in outcomes)
    means = [np.mean([np.log(o.final["w1"]) for o in outcomes]) for outcomes in (for_cuda, for_cpu)]
    assert abs(means[0] - means[1]) < 1


@pytest.mark.parametrize("settings", [{}, {"dataset": "ring8", "architecture": "mlp", "generator_norm": "none"}])
def test_a_cohort_that_has_ended_leaves_no_tensors_to_the_garbage_collector(settings: dict[str, object]) -> None:
    def alive() -> set[int]:
        return {id(tensor) for tensor in gc.get_objects() if type(tensor) is torch.Tensor and tensor.numel() > 1000}

    run_cohort(configs(generator_steps=3, **settings), CPU)  # what is made once for all stays
    gc.collect()
    before = alive()
    gc.disable()
    try:
        run_cohort(configs(generator_steps=3, **settings), CPU)
        assert alive() <= before
    finally:
        gc.enable()
