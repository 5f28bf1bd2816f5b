"""The untrained generator's fid: what it is, that it changes no number of the run, and that a checkpoint keeps it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from ablate.datasets import dataset_of
from ablate.metrics.evaluation import Reference, evaluate
from ablate.training import run
from ablate.training.cohort import Cohort
from ablate.training.outcome import Control, Outcome, Stopped
from ablate.training.run import run_cohort
from ablate.training.sampling import sample
from tests.support.small_runs import CPU, configs


def test_it_is_the_fid_of_the_generator_before_the_first_step() -> None:
    runs = configs(2, generator_steps=9, evaluations=9)
    outcomes = run_cohort(runs, CPU)
    cohort = Cohort(runs, dataset_of(runs[0]), CPU)
    samples, labels = sample(cohort, 200)
    reference = Reference.of(dataset_of(runs[0]), 200)
    for outcome, own in zip(outcomes, samples, strict=True):
        assert outcome.final["untrained_fid"] == pytest.approx(evaluate(own, labels, reference)["fid"], rel=1e-9)
        assert outcome.final["failed_20"] == float(outcome.final["fid"] > 0.2 * outcome.final["untrained_fid"])
    assert outcomes[0].final["untrained_fid"] != outcomes[1].final["untrained_fid"]


def test_an_evaluation_at_step_0_gives_the_same() -> None:
    (outcome,) = run_cohort(configs(1, generator_steps=5, evaluations=(0,)), CPU)
    assert outcome.evaluations[0]["generator_step"] == 0
    assert outcome.final["untrained_fid"] == outcome.evaluations[0]["metrics"]["fid"]


def test_no_other_number_of_the_run_depends_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = configs(2, generator_steps=20)
    with_it = run_cohort(runs, CPU)
    monkeypatch.setattr(run._Training, "_measure_untrained", lambda self: None)
    without = run_cohort(runs, CPU)
    for one, other in zip(with_it, without, strict=True):
        assert [e["metrics"] for e in one.evaluations] == [e["metrics"] for e in other.evaluations]
        assert [e["probes"] for e in one.evaluations] == [e["probes"] for e in other.evaluations]
        differing = {name for name in one.final if one.final[name] != other.final[name]}
        assert differing == {"untrained_fid", "failed_50", "failed_20", "failed_10", "failed_5"}
        assert math.isnan(other.final["failed_20"])


def test_a_run_that_goes_on_from_a_checkpoint_keeps_it(tmp_path: Path) -> None:
    straight = run_cohort(configs(), CPU)
    path, taken = tmp_path / "c.safetensors", []
    measure = run._Training._measure_untrained

    def counting(self: Any) -> None:
        taken.append(self.cohort.generator_step)
        measure(self)

    outcomes: list[Outcome] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run._Training, "_measure_untrained", counting)
        while not outcomes:
            try:
                outcomes = run_cohort(
                    configs(), CPU, Control("t", path, checkpoint_seconds=0, should_stop=lambda: True)
                )
            except Stopped:
                continue
    assert taken == [0], "once, not at each resumption"
    assert [o.final["untrained_fid"] for o in outcomes] == [o.final["untrained_fid"] for o in straight]


def test_a_diverged_run_failed_and_a_run_without_a_generator_has_no_such_figures() -> None:
    sgd = {"lipschitz": "none", "lambda_gp": None, "loss": "least_squares", "optimizer": "sgd", "lr": 10.0}
    (outcome,) = run_cohort(configs(1, **sgd, generator_steps=60, evaluations=(0,)), CPU)
    assert (outcome.status, outcome.final["failed_50"]) == ("diverged", 1)
    points = {"dataset": "ring8", "architecture": "mlp", "conditional": False, "generator_norm": "none"}
    (held,) = run_cohort(configs(1, **points, fakes="noisy_real", generator_steps=20, evaluations=10), CPU)
    figures = ("untrained_fid", "failed_20", "tail_fid", "tail_w1", "roughness", "late_slope")
    assert not set(figures) & set(held.final)
    assert "late_regression" in held.final
    (trained,) = run_cohort(configs(1, **points, generator_steps=20, evaluations=10), CPU)
    assert set(figures) <= set(trained.final)
