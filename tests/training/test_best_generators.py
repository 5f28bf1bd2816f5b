"""What a run leaves besides numbers: its best and last generator and pictures over time, whatever stops it meanwhile."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path

import numpy as np
import pytest
import torch

import ablate
from ablate.config.run_config import RunConfig
from ablate.datasets import load_dataset
from ablate.metrics.evaluation import Reference, evaluate
from ablate.networks.generator_names import generator_path
from ablate.training import best_generators, checkpoint
from ablate.training.best_generators import BestGenerators
from ablate.training.checkpoint_files import previous, run_ids_in
from ablate.training.cohort import Cohort
from ablate.training.outcome import Control, Outcome, Progress, Stopped
from ablate.training.resume import FORMER_NAMES
from ablate.training.run import run_cohort
from ablate.training.sampling import as_pictures
from tests.support.small_runs import CPU, configs


@functools.cache
def undisturbed(count: int) -> list[Outcome]:
    """What so many runs give without a stop."""
    return run_cohort(configs(count), CPU)


def control(folder: Path, runs: list[RunConfig], **settings: object) -> Control:
    settings = {"pictured": {runs[0].run_id}, "generators": folder, "made_by": {"commit": "c0ffee"}, **settings}
    return Control("test", folder / "c.safetensors", checkpoint_seconds=0, **settings)  # type: ignore[arg-type]


def generators(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for which in ("best", "last") for p in folder.glob(f"*.{which}.safetensors")}


def again_until_the_end(runs: list[RunConfig], how: Control) -> list[Outcome]:
    stopping = dataclasses.replace(how, should_stop=lambda: True)
    while True:
        try:
            return run_cohort(runs, CPU, stopping)
        except Stopped:
            continue


def test_a_run_stopped_after_every_segment_leaves_the_same_generators_and_pictures(tmp_path: Path) -> None:
    runs = configs(2)
    straight = run_cohort(runs, CPU, dataclasses.replace(control(tmp_path / "a", runs), checkpoint=None))
    (tmp_path / "b").mkdir()
    resumed = again_until_the_end(runs, control(tmp_path / "b", runs))
    files = generators(tmp_path / "a")
    assert len(files) == 4
    assert files == generators(tmp_path / "b")
    ours, theirs = straight[0].frames, resumed[0].frames
    assert ours is not None
    assert theirs is not None
    assert ours.steps == theirs.steps == [m["generator_step"] for m in straight[0].evaluations]
    assert np.array_equal(ours.x, theirs.x)
    assert straight[1].frames is resumed[1].frames is None


def test_the_best_generator_has_the_runs_lowest_fid_and_the_last_the_final_one(tmp_path: Path) -> None:
    runs = configs(3, precision="fp64", lr=0.02, generator_steps=60, evaluations=6)
    outcomes = run_cohort(runs, CPU, dataclasses.replace(control(tmp_path, runs), checkpoint=None))
    cohort = Cohort(runs, load_dataset("digits", {}), CPU)
    latent = cohort.noise("evaluation latent", (200, runs[0].latent_size), "normal").take(0, 1)
    reference, labels = Reference.of(cohort.dataset, 200), torch.arange(200) % 10
    for m, outcome in enumerate(outcomes):
        for which, fid, step in (
            ("best", outcome.final["best_fid"], outcome.final["best_fid_step"]),
            ("last", outcome.final["fid"], 60),
        ):
            generator = ablate.load_generator(generator_path(tmp_path, runs[m].run_id, which))
            facts = {**generator.record, "config": None}
            assert (facts["run_id"], facts["which"], facts["commit"]) == (outcome.run_id, which, "c0ffee")
            assert (facts["generator_step"], facts["fid"]) == (step, fid)
            again = evaluate(generator(latent[0, m], labels).double(), labels, reference)["fid"]
            assert again == pytest.approx(fid, rel=1e-6)
    assert any(o.final["best_fid_step"] < 60 for o in outcomes), "no run got worse: the test shows nothing"


def test_the_last_generator_gives_the_samples_that_the_run_kept(tmp_path: Path) -> None:
    runs = configs(2, generator_steps=20)
    outcomes = run_cohort(runs, CPU, dataclasses.replace(control(tmp_path, runs), checkpoint=None))
    cohort = Cohort(runs, load_dataset("digits", {}), CPU)
    latent = cohort.noise("evaluation latent", (64, runs[0].latent_size), "normal").take(0, 1)
    for m, outcome in enumerate(outcomes):
        generator = ablate.load_generator(generator_path(tmp_path, runs[m].run_id, "last"))
        pictures = as_pictures(generator(latent[0, m], torch.arange(64) % 10)).astype(int)
        assert np.abs(pictures - outcome.samples).max() <= 1  # grey levels: a rounding may fall to the other side


def test_a_diverged_run_leaves_its_best_generator_and_pictures_up_to_there_and_no_last(tmp_path: Path) -> None:
    wild = configs(2, lipschitz="none", lambda_gp=None, loss="least_squares", optimizer="sgd", generator_steps=60)
    wild = [c.model_copy(update={"lr": 1e-4 if c.seed == 0 else 0.5, "evaluations": (1, 30)}) for c in wild]
    old = generator_path(tmp_path, wild[1].run_id, "last")
    old.touch()
    _, lost = run_cohort(wild, CPU, control(tmp_path, wild, pictured={c.run_id for c in wild}))
    assert lost.status == "diverged"
    assert [m["generator_step"] for m in lost.evaluations] == [1]
    assert lost.frames is not None
    assert lost.frames.steps == [1]
    assert {name for name in generators(tmp_path) if name.startswith(lost.run_id)} == {
        f"{lost.run_id}.best.safetensors"
    }


def test_pictures_are_thinned_where_there_are_too_many_and_the_last_is_always_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(best_generators, "MOST_FRAMES", 4)
    runs = configs(1, generator_steps=10, evaluations=10)
    (outcome,) = run_cohort(runs, CPU, Control(pictured={runs[0].run_id}))
    assert outcome.frames is not None
    assert outcome.frames.steps == [1, 4, 7, 10]
    assert outcome.frames.x.shape == (4, 100, 1, 8, 8)  # ten classes, a row each
    assert outcome.frames.across == 10


def test_pictures_of_points_and_of_unconditional_images() -> None:
    for settings, shape in (
        ({"dataset": "ring8", "architecture": "mlp", "conditional": False}, (2, 500, 2)),
        ({"conditional": False}, (2, 64, 1, 8, 8)),
    ):
        runs = configs(1, generator_steps=4, evaluations=2, **settings)
        (outcome,) = run_cohort(runs, CPU, Control(pictured={runs[0].run_id}))
        assert outcome.frames is not None
        assert outcome.frames.x.shape == shape


def test_a_checkpoint_from_before_anything_was_kept_is_taken_up(tmp_path: Path) -> None:
    runs = configs(1)
    path = tmp_path / "c.safetensors"
    stop_once(path, runs)
    tensors, record = checkpoint.load(path)
    del record["best_generators"], tensors["best_generators.best"]
    checkpoint.save(path, tensors, record)
    (outcome,) = run_cohort(runs, CPU, control(tmp_path, runs))
    assert outcome.final == undisturbed(1)[0].final
    assert len(generators(tmp_path)) == 2


def stop_once(path: Path, runs: list[RunConfig]) -> None:
    with pytest.raises(Stopped):
        run_cohort(runs, CPU, Control("test", path, checkpoint_seconds=0, should_stop=lambda: True))


def test_a_checkpoint_whose_parts_had_other_names_is_taken_up(tmp_path: Path) -> None:
    runs, path, told = configs(1), tmp_path / "c.safetensors", list[Progress]()
    stop_once(path, runs)
    tensors, record = checkpoint.load(path)
    former = {new: old for old, new in FORMER_NAMES.items()}
    assert former.keys() - {"best_generators.frames"} <= tensors.keys() | record.keys()
    renamed = ({former.get(k, k): v for k, v in part.items()} for part in (tensors, record))
    checkpoint.save(path, *renamed)
    (outcome,) = run_cohort(runs, CPU, Control("test", path, report=told.append))
    assert told[0].step > record["generator_step"] > 0, "gone on from there"
    assert outcome.final == undisturbed(1)[0].final


@pytest.mark.parametrize("damage", ["a record", "a tensor", "a shape"])
def test_a_checkpoint_of_another_version_is_said_and_its_runs_train_anew(tmp_path: Path, damage: str) -> None:
    runs, path, told = configs(1), tmp_path / "c.safetensors", list[Progress]()
    stop_once(path, runs)
    tensors, record = checkpoint.load(path)
    if damage == "a record":
        del record["evaluations"]
    elif damage == "a tensor":
        del tensors["critic_state.mean"]
    else:
        tensors["critic"] = tensors["critic"][:, 1:]
    checkpoint.save(path, tensors, record)
    (outcome,) = run_cohort(runs, CPU, Control("test", path, report=told.append))
    assert "written by another version of ablate" in told[0].note
    assert "trained anew" in told[0].note
    assert told[1].step <= record["generator_step"], "from the beginning"
    assert outcome.final == undisturbed(1)[0].final


def test_a_member_without_fid_has_no_best() -> None:
    cohort = Cohort(configs(2), load_dataset("digits", {}), CPU)
    cohort.advance(1)
    best = BestGenerators(cohort)
    best.note([float("nan"), 3.0], {})
    best.note([float("nan"), 5.0], {})
    assert (best.best_step, best.best_fid[1]) == ([-1, 1], 3.0)
    assert not best.best[0].any()
    assert torch.equal(best.best[1], cohort.generator[1])


# ── checkpoints that cannot be read ─────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def stopped(tmp_path: Path) -> Path:
    """The checkpoint of a training that was stopped twice, with the one before beside it."""
    path = tmp_path / "c.safetensors"
    for _ in range(2):
        stop_once(path, configs())
    assert checkpoint.load(previous(path))[1]["generator_step"] == 6
    assert checkpoint.load(path)[1]["generator_step"] == 8
    return path


def taken_up(path: Path) -> tuple[list[Outcome], list[Progress]]:
    heard: list[Progress] = []
    return run_cohort(configs(), CPU, Control("test", path, heard.append, checkpoint_seconds=3600)), heard


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def test_a_checkpoint_cut_short_falls_back_on_the_one_before_and_says_so(stopped: Path) -> None:
    cut(stopped)
    outcomes, heard = taken_up(stopped)
    (said,) = [p for p in heard if p.note]
    assert said.step == 6
    assert str(stopped) in said.note
    assert "going on from the checkpoint before it" in said.note
    assert [o.final for o in outcomes] == [o.final for o in undisturbed(2)]


def test_where_no_checkpoint_can_be_read_the_runs_train_anew_and_it_is_said(stopped: Path) -> None:
    cut(stopped)
    cut(previous(stopped))
    outcomes, heard = taken_up(stopped)
    (said,) = [p for p in heard if p.note]
    assert said.step == 0
    assert "trained anew" in said.note
    assert [o.final for o in outcomes] == [o.final for o in undisturbed(2)]


def test_a_process_killed_between_the_two_renames_goes_on_from_the_checkpoint_before(stopped: Path) -> None:
    stopped.unlink()
    _, heard = taken_up(stopped)
    assert not any(p.note for p in heard)
    assert min(p.step for p in heard) > 6
    assert run_ids_in(stopped.parent) == [[c.run_id for c in configs()]]


def test_the_runs_of_a_checkpoint_are_known_from_the_one_before_it(stopped: Path) -> None:
    cut(stopped)
    assert run_ids_in(stopped.parent) == [[c.run_id for c in configs()]]
    cut(previous(stopped))
    assert run_ids_in(stopped.parent) == []


def test_the_checkpoint_of_the_end_gives_the_outcome_again(tmp_path: Path) -> None:
    path = tmp_path / "c.safetensors"
    first = run_cohort(configs(), CPU, Control("test", path, checkpoint_seconds=3600, keep_checkpoints=True))
    assert checkpoint.load(path)[1]["generator_step"] == 34
    heard: list[Progress] = []
    second = run_cohort(configs(), CPU, Control("test", path, heard.append, checkpoint_seconds=3600))
    assert not heard
    assert [o.final for o in first] == [o.final for o in second]
