"""A run's settings: identity, structure, budget, evaluations, and what is refused."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest
from pydantic import ValidationError

from ablate import registry
from ablate.config.run_config import RunConfig, SettingErrors, inapplicable
from ablate.errors import UsageError
from ablate.registry import Setting

VALID: dict[str, Any] = {
    "dataset": "ring8", "lipschitz": "gradient_penalty", "lambda_gp": 10.0, "generator_steps": 1000
}  # fmt: skip

CHANGED: dict[str, Any] = {
    "dataset": "grid25", "dataset_options": {"std": 0.02}, "seed": 1, "width": 65, "depth": 4, "latent_size": 3,
    "critic_leak": 0.1, "generator_leak": 0.1, "critic_activation": "elu", "generator_activation": "tanh",
    "critic_width": 9, "critic_depth": 2, "points_output": "tanh", "start": "he", "spectral_norm": True,
    "schedule": "linear", "instance_noise": 0.7, "weight_decay": 0.01,
    "critic_norm": "layer", "generator_norm": "batch", "conditional": True,
    "loss": "hinge", "lipschitz": "r1", "lambda_gp": 11.0, "n_critic": 4, "optimizer": "rmsprop", "lr": 2e-4,
    "critic_lr": 3e-4, "beta1": 0.5, "beta2": 0.9, "batch_size": 64, "generator_steps": 999, "evaluations": 9,
    "evaluation_samples": 9000, "precision": "fp64",
}  # fmt: skip
"""Another value for each setting that VALID uses."""


def config(**changes: Any) -> RunConfig:
    return RunConfig(**{**VALID, **changes})


def problems(**changes: Any) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as caught:
        config(**changes)
    (error,) = caught.value.errors()
    cause = error["ctx"]["error"]
    assert isinstance(cause, SettingErrors)
    return cause.problems


@pytest.mark.parametrize("name", CHANGED)
def test_any_changed_setting_changes_the_identity(name: str) -> None:
    assert config(**{name: CHANGED[name]}).run_id != config().run_id


@pytest.mark.parametrize("name", CHANGED)
def test_the_structure_depends_on_what_cannot_be_stacked(name: str) -> None:
    same = config(**{name: CHANGED[name]}).structure == config().structure
    stackable = {"weight_decay", "seed", "lr", "critic_lr", "beta1", "beta2", "momentum", "lambda_gp", "clip_value"}
    assert same == (name in stackable)


def test_clip_value_and_momentum_may_differ_in_a_cohort() -> None:
    clip = {"dataset": "ring8", "lipschitz": "clip", "clip_value": 0.1, "optimizer": "sgd", "generator_steps": 10}
    one, other = RunConfig(**clip), RunConfig(**{**clip, "clip_value": 0.2, "momentum": 0.9})
    assert one.structure == other.structure
    assert one.run_id != other.run_id


def test_the_identity_does_not_depend_on_how_a_value_is_written() -> None:
    one = config(lr=1.0, dataset_options={"radius": 1.0}).run_id
    assert config(lr=1, dataset_options={"radius": 1}).run_id == one
    assert RunConfig(**dict(reversed({**VALID, "lr": 1.0}.items()))).run_id == one
    assert len(one) == 16


def test_defaults_of_the_components_are_part_of_the_settings() -> None:
    run = config()
    assert run.own.items() >= {"beta1": 0.9, "beta2": 0.999, "depth": 3, "lambda_gp": 10.0, "critic_depth": 0}.items()
    assert config(beta1=0.9, depth=3).run_id == run.run_id


def test_the_budget_can_be_given_in_critic_steps() -> None:
    run = config(generator_steps=None, critic_steps=52, n_critic=5)
    assert run.total_generator_steps == 10
    assert run.evaluation_steps[-1] == 10


@pytest.mark.parametrize(
    ("evaluations", "total", "steps"),
    [
        (4, 1000, (250, 500, 750, 1000)), (3, 10, (3, 7, 10)), (10, 4, (1, 2, 3, 4)), (1, 7, (7,)),
        ((500, 10), 1000, (10, 500, 1000)), ((1000,), 1000, (1000,)), ((), 5, (5,)), ((0, 0), 5, (0, 5)),
        ({"count": 5, "spacing": "log"}, 10_000, (100, 316, 1000, 3162, 10_000)),
        ({"count": 4, "spacing": "log"}, 100, (1, 5, 22, 100)), ({"count": 5, "spacing": "log"}, 9, (1, 2, 3, 4, 9)),
        ({"count": 1, "spacing": "log"}, 7, (7,)), ({"count": 8, "spacing": "log"}, 3, (1, 2, 3)),
    ],
)  # fmt: skip
def test_evaluations_are_ascending_and_end_with_the_run(evaluations: Any, total: int, steps: tuple[int, ...]) -> None:
    assert config(evaluations=evaluations, generator_steps=total).evaluation_steps == steps


@pytest.mark.parametrize("total", [1, 2, 5, 12, 13, 40, 100, 999, 8000])
@pytest.mark.parametrize("count", [1, 2, 9, 12, 60])
def test_log_spaced_evaluations_are_as_many_as_were_asked_for_and_no_step_twice(count: int, total: int) -> None:
    steps = config(evaluations={"count": count, "spacing": "log"}, generator_steps=total).evaluation_steps
    assert len(steps) == min(count, total)
    assert list(steps) == sorted(set(steps))
    assert steps[0] >= 1
    assert steps[-1] == total
    if total == 8000 and count > 1:
        ratios = [math.log(late / early) for early, late in pairwise(steps) if early > 1000]
        assert ratios == pytest.approx([math.log(100) / (count - 1)] * len(ratios), abs=2e-3)


def test_the_spacing_of_evaluations_is_part_of_the_identity_and_takes_a_budget_in_critic_steps() -> None:
    spaced = config(evaluations={"count": 10, "spacing": "log"})
    assert spaced.run_id != config(evaluations=10).run_id
    assert spaced.structure != config(evaluations=10).structure
    critic = config(evaluations={"count": 3, "spacing": "log"}, generator_steps=None, critic_steps=2000, n_critic=5)
    assert critic.evaluation_steps == (4, 40, 400)


@pytest.mark.parametrize(
    ("changes", "setting", "phrase"),
    [
        ({"lambda_gp": None}, "lipschitz", "needs lambda_gp"),
        ({"lipschitz": "none"}, "lambda_gp", "has no effect here"),
        ({"lipschitz": "clip"}, "lipschitz", "needs clip_value"),
        ({"momentum": 0.5}, "momentum", "used only by optimizer rmsprop, optimizer sgd"),
        ({"generator_steps": None}, "", "neither is given"),
        ({"critic_steps": 10}, "critic_steps", "both are given"),
        ({"generator_steps": None, "critic_steps": 4}, "critic_steps", "no generator step"),
        ({"evaluations": (1001,)}, "evaluations", "behind the end of the run, 1000"),
        ({"evaluations": 0}, "evaluations", "at least 1"),
        ({"evaluations": 10**9}, "evaluations", "at most 100000"),
        ({"simultaneous": True}, "simultaneous", "simultaneous needs n_critic: 1"),
        (
            {"simultaneous": True, "n_critic": 1, "generator_first": True},
            "generator_first",
            "neither network goes first",
        ),
        ({"simultaneous": True, "n_critic": 1, "reuse_latent": True}, "reuse_latent", "share their noise in any case"),
        ({"simultaneous": True, "n_critic": 1, "fakes": "noisy_real"}, "simultaneous", "no generator is trained"),
        ({"n_generator": 2, "simultaneous": True, "n_critic": 1}, "simultaneous", "simultaneous needs n_generator: 1"),
        ({"n_generator": 2, "reuse_latent": True}, "reuse_latent", "each generator step has noise of its own"),
        ({"n_generator": 2, "fakes": "noisy_real"}, "n_generator", "no generator is trained"),
        ({"n_generator": 1000, "generator_steps": 999}, "n_generator", "more than the run's generator steps, 999"),
        ({"pack": 3}, "pack", "pack 3 does not divide batch_size 128"),
        ({"pack": 2, "conditional": True}, "pack", "labels of their own"),
        ({"pack": 2, "fakes": "noisy_real"}, "pack", "expected fakes: generator"),
        ({"generator_ema": 0.9, "fakes": "noisy_real"}, "generator_ema", "no generator is trained"),
        ({"architecture": "conv"}, "architecture", "needs images with sides divisible by 4"),
        ({"critic_norm": "instance"}, "critic_norm", "expected one of: none, batch, layer"),
        ({"dataset": "swiss_roll", "conditional": True}, "conditional", "needs labels"),
        ({"dataset_options": {"sdt": 1.0}}, "dataset_options.sdt", "did you mean 'std'?"),
        ({"dataset_options": {"std": float("nan")}}, "dataset_options.std", "a finite number above 0"),
        ({"dataset_options": {"std": float("inf")}}, "dataset_options.std", "a finite number above 0"),
        ({"dataset_options": {"std": True}}, "dataset_options.std", "a finite number above 0"),
        ({"dataset": "cifar10", "dataset_options": {"std": 1.0}}, "dataset_options.std", "unknown option 'std'"),
        ({"dataset": "mnist", "dataset_options": {"scale": 0.0}}, "dataset_options.scale", "a finite number above 0"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(changes: dict[str, Any], setting: str, phrase: str) -> None:
    assert [(s, phrase in message) for s, message in problems(**changes) if s == setting] == [(setting, True)]


def test_all_that_does_not_fit_is_told_at_once() -> None:
    told = problems(momentum=0.5, evaluations=0, critic_norm="instance", dataset_options={"a": 1.0, "b": 2.0})
    assert [setting for setting, _ in told] == [
        "momentum", "dataset_options.a", "dataset_options.b", "evaluations", "critic_norm"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {"lr": 0}, {"lr": -1e-4}, {"lr": float("nan")}, {"lambda_gp": float("inf")}, {"lr": "1e-4"}, {"n_critic": 0},
        {"n_critic": 2.0}, {"n_critic": True}, {"batch_size": 1}, {"seed": -1}, {"seed": 2**31}, {"beta1": 1.0},
        {"loss": "hing"}, {"loss": ["hinge"]}, {"lipschitz": {}}, {"dataset": None}, {"precision": "fp16"},
        {"generator_steps": 10**10}, {"no_such_setting": 1}, {"dataset_options": [1]}, {"evaluations": (-1,)},
        {"evaluations": {"count": 0, "spacing": "log"}}, {"evaluations": {"count": 5}}, {"evaluations": {"count": 2.5}},
        {"evaluations": {"count": 5, "spacing": "lin"}}, {"evaluations": {"count": 5, "spacing": "log", "from": 1}},
        {"evaluations": {"count": 10**6, "spacing": "log"}},
    ],
)  # fmt: skip
def test_values_out_of_range_or_of_another_type_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        config(**changes)


def test_a_run_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        config().lr = 1.0  # type: ignore[misc]


@pytest.mark.parametrize(
    ("changes", "phrase"),
    [
        ({"critic_norm": "batch"}, "batch norm in the critic under a penalty"),
        ({"lipschitz": "clip", "lambda_gp": None, "clip_value": 0.1}, "momentum with weight clipping"),
        ({"lipschitz": "none", "lambda_gp": None}, "without a Lipschitz constraint"),
    ],
)
def test_doubtful_settings_are_flagged(changes: dict[str, Any], phrase: str) -> None:
    assert config().flags == ()
    assert [phrase in flag for flag in config(**changes).flags] == [True]


def test_two_components_may_give_one_setting_different_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what is built in, neither the run_id nor the columns change by it."""
    clip = {"dataset": "ring8", "lipschitz": "clip", "clip_value": 0.1, "generator_steps": 10}
    before = RunConfig.model_validate(clip), config()
    monkeypatch.setattr(registry.registry, "_plugins", {})
    monkeypatch.setattr(registry.registry, "sources", {})
    own = (Setting("clip_before", "flag", True), Setting("clip_value", default=0.5, above=0))
    registry.register("lipschitz", "other_clip", settings=own)(object)
    after = RunConfig.model_validate(clip), config()
    assert [run.run_id for run in after] == [run.run_id for run in before]
    assert [run.by_name() for run in after] == [run.by_name() for run in before]
    other = RunConfig.model_validate({"dataset": "ring8", "lipschitz": "other_clip", "generator_steps": 10})
    assert other.own["clip_before"] is True
    assert other.run_id == RunConfig.model_validate({**other.model_dump(), "clip_value": 0.5}).run_id
    assert other.run_id != RunConfig.model_validate({**other.model_dump(), "clip_before": False}).run_id


@pytest.mark.parametrize("kind", ["architecture", "loss", "lipschitz", "optimizer"])
def test_a_component_of_another_kind_may_own_a_setting_too(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what is built in, nothing changes by it: neither what can be set, nor what is left out, nor a run_id."""
    given = {**VALID, "lambda_gp": 0.1, "beta1": 0.5}
    idle = {"dataset": "ring8", "generator_steps": 10, "lipschitz": "clip", "clip_value": 0.1, "clip_before": False}
    before = RunConfig.model_validate(given), RunConfig.model_validate(idle)
    monkeypatch.setattr(registry.registry, "_plugins", {})
    monkeypatch.setattr(registry.registry, "sources", {})
    own = (
        Setting("beta1", default=0.0, least=0, below=1, always_in_id=True), Setting("lambda_gp", above=0),
        Setting("clip_before", "flag", True),
    )  # fmt: skip
    registry.register(kind, "mine", settings=own)(object)
    after = RunConfig.model_validate(given), RunConfig.model_validate(idle)
    assert inapplicable(given) == set()
    assert [run.run_id for run in after] == [run.run_id for run in before]
    assert [run.by_name() for run in after] == [run.by_name() for run in before]
    assert inapplicable({**VALID, "clip_before": False}) == set(), "as it is by default, it says nothing"


def test_a_component_may_not_own_a_setting_that_every_run_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry.registry, "_plugins", {})
    monkeypatch.setattr(registry.registry, "sources", {})
    with pytest.raises(UsageError, match="every run has a setting 'lr'"):
        registry.register("optimizer", "mine", settings=(Setting("lr", default=1.0),))(object)
