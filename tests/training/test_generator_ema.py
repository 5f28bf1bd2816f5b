"""The moving average of the generator's weights: a plain sum of what the weights were, measured and saved beside them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

import ablate
from ablate.config.run_config import RunConfig
from ablate.datasets import load_dataset
from ablate.metrics.evaluation import Reference, evaluate
from ablate.networks.generator_names import generator_path
from ablate.training.cohort import Cohort
from ablate.training.outcome import Control, Outcome, Stopped
from ablate.training.run import run_cohort

CPU, DECAY = torch.device("cpu"), 0.8
BASE = {
    "dataset": "ring8", "width": 6, "depth": 1, "batch_size": 8, "n_critic": 1, "generator_steps": 5, "precision": "fp64",
    "lr": 0.01, "evaluation_samples": 200, "evaluations": 2, "generator_ema": DECAY, "generator_norm": "batch",
}  # fmt: skip


def configs(**settings: object) -> list[RunConfig]:
    return [RunConfig.model_validate(BASE | settings | {"seed": seed}) for seed in (0, 1)]


def cohort_of(**settings: object) -> Cohort:
    return Cohort(configs(**settings), load_dataset("ring8", {}), CPU)


def test_the_average_weighs_all_weights_so_far_by_powers_of_the_decay() -> None:
    cohort, weights = cohort_of(), []
    for _ in range(5):
        weights.append(cohort.generator)
        cohort.advance(1)
    weights.append(cohort.generator)
    expected = DECAY**5 * weights[0]
    for i in range(1, 6):
        expected = expected + (1 - DECAY) * DECAY ** (5 - i) * weights[i]
    torch.testing.assert_close(cohort.average, expected, rtol=1e-12, atol=1e-14)
    plain = cohort_of(generator_ema=0.0)
    plain.advance(5)
    assert plain.average is None
    assert torch.equal(plain.generator, cohort.generator)


def test_a_held_generator_is_averaged_no_further() -> None:
    held, whole = cohort_of(hold_generator_at=2), cohort_of()
    held.advance(5)
    whole.advance(2)
    assert held.average is not None
    assert torch.equal(held.average, whole.average)


def test_members_that_leave_keep_their_average_and_the_others_go_on() -> None:
    whole, left = cohort_of(), cohort_of()
    for cohort in (whole, left):
        cohort.advance(2)
    before = left.average
    left.leave({1})
    for cohort in (whole, left):
        cohort.advance(3)
    assert left.average is not None
    assert before is not None
    assert whole.average is not None
    assert torch.equal(left.average[1], before[1])
    torch.testing.assert_close(left.average[0], whole.average[0], rtol=1e-10, atol=1e-12)


def trained(folder: Path, stops: bool) -> list[Outcome]:
    folder.mkdir()
    control = Control("test", None, generators=folder, made_by={"commit": "c0ffee"})
    if not stops:
        return run_cohort(configs(), CPU, control)
    at_once = dataclasses.replace(control, checkpoint=folder / "c", checkpoint_seconds=0, should_stop=lambda: True)
    for _ in range(20):
        try:
            return run_cohort(configs(), CPU, at_once)
        except Stopped:
            continue
    raise AssertionError("never came to its end")


def test_it_is_measured_saved_and_goes_on_from_a_checkpoint(tmp_path: Path) -> None:
    straight, resumed = trained(tmp_path / "a", stops=False), trained(tmp_path / "b", stops=True)
    dataset = load_dataset("ring8", {})
    latent = Cohort(configs(), dataset, CPU).noise("evaluation latent", (200, 2), "normal").take(0, 1)
    for m, (one, other) in enumerate(zip(straight, resumed, strict=True)):
        paths = [generator_path(tmp_path / folder, one.run_id, "ema") for folder in "ab"]
        assert paths[0].read_bytes() == paths[1].read_bytes()
        averaged = {name for name in one.final if name.endswith("_ema")}
        assert averaged == {"fid_ema", "basins_ema", "basin_kl_ema", "high_quality_ema"}
        assert [one.final[name] for name in averaged] == [other.final[name] for name in averaged]
        assert all("fid_ema" in evaluation["metrics"] for evaluation in one.evaluations)
        generator = ablate.load_generator(paths[0])
        assert (generator.record["which"], generator.record["generator_step"]) == ("ema", 5)
        again = evaluate(generator(latent[0, m]).double(), None, Reference.of(dataset, 200))
        for name in averaged:
            assert one.final[name] == pytest.approx(again[name.removesuffix("_ema")], rel=1e-6)
        assert one.final["fid_ema"] == generator.record["fid"] != one.final["fid"]


def test_runs_without_it_have_neither_metrics_nor_a_file(tmp_path: Path) -> None:
    (first, _) = run_cohort(configs(generator_ema=0.0), CPU, Control("test", None, generators=tmp_path))
    assert not [name for name in first.final if name.endswith("_ema")]
    assert not list(tmp_path.glob("*.ema.safetensors"))
