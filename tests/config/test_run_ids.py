"""Pinned run_ids: tables in results/ rest on them, so that those of no version may ever change."""

from __future__ import annotations

from typing import Any

import pytest

from ablate.config.run_config import RESULTS_VERSION, RunConfig

BASE = {"dataset": "ring8", "generator_steps": 100}
GP = {"lipschitz": "gradient_penalty", "lambda_gp": 10.0}
PINNED: dict[str, tuple[str, dict[str, Any]]] = {
    "a penalty": ("aca6c070cd990fbf", GP),
    "penalty, another weight": ("a05e46bbce3b73ca", {"lipschitz": "gradient_penalty", "lambda_gp": 0.1}),
    "one-sided penalty": ("ac9462e55d139b3a", {"lipschitz": "one_sided_penalty", "lambda_gp": 10.0}),
    "R1": ("8fc0b6426cb91357", {"lipschitz": "r1", "lambda_gp": 10.0}),
    "Adam's decays": ("0b0db9eb4a0f923d", {**GP, "beta1": 0.5, "beta2": 0.9}),
    "three layers, as by default": ("aca6c070cd990fbf", {**GP, "depth": 3}),
    "four layers": ("59c18fedf525546e", {**GP, "depth": 4}),
    "another seed": ("1af7516ce8a85de2", {**GP, "seed": 3, "critic_norm": "none"}),
    "RMSprop": ("c3f6932918ebe5ac", {"optimizer": "rmsprop"}),
    "RMSprop with momentum": ("46af396ce3b9401c", {"optimizer": "rmsprop", "momentum": 0.9}),
    "SGD": ("d394790718df48e7", {"optimizer": "sgd"}),
    "SGD with momentum": ("8a6bff610b4c4be6", {"optimizer": "sgd", "momentum": 0.5}),
    "clipping": ("c69361e06c082152", {"lipschitz": "clip", "clip_value": 0.1}),
    "clipping before the step": ("00a6ede0f2836bcb", {"lipschitz": "clip", "clip_value": 0.1, "clip_before": True}),
    "clipping after the step, as by default": (
        "c69361e06c082152", {"lipschitz": "clip", "clip_value": 0.1, "clip_before": False}
    ),
    "DCGAN": ("9abd3c513ed8f50d", {"dataset": "mnist32", "architecture": "dcgan"}),
    "DCGAN without biases": ("8a84e8d0ff842ccf", {"dataset": "mnist32", "architecture": "dcgan", "bias": False}),
    "WGAN's MNIST pair": ("47a796cceccda1a0", {"dataset": "mnist", "architecture": "wgan_mnist"}),
    "WGAN's MNIST pair without dropout": (
        "b6bd304bb85b00b6", {"dataset": "mnist", "architecture": "wgan_mnist", "critic_dropout": 0.0}
    ),
    "conv": ("fee49e553151d0d7", {"dataset": "digits", "architecture": "conv"}),
    "points": ("7855c875183214ff", {}),
    "an option of the data": ("5ef92982c8b47246", {"dataset_options": {"std": 0.02}}),
    "options of the data, as by default": ("7855c875183214ff", {"dataset_options": {"std": 0.01, "radius": 1.0}}),
    "a counterpart": (
        "fe0eae29fe212913", {"dataset": "normals", "fakes": "counterpart", "dataset_options": {"distance": 2, "spread": 0.5}}
    ),
    "stacked MNIST's own number of samples": ("243691f9feb6efd7", {"dataset": "stacked_mnist", "architecture": "conv"}),
    "hinge in double precision": ("2e0e5aba402f7e5f", {"loss": "hinge", "precision": "fp64"}),
}  # fmt: skip
"""What is special in the settings → run_id in the first version, and the settings beside BASE"""
VERSION_2 = "fcc35b7049f5a392"
"""run_id of BASE in the second version"""
SAME = (
    ("a penalty", "three layers, as by default"), ("clipping", "clipping after the step, as by default"),
    ("points", "options of the data, as by default"),
)  # fmt: skip


@pytest.mark.parametrize("what", PINNED)
def test_a_run_id_is_what_it_has_always_been(what: str) -> None:
    run_id, settings = PINNED[what]
    assert RunConfig.model_validate({**BASE, **settings}).identity(1) == run_id


def test_each_version_of_the_results_has_run_ids_of_its_own() -> None:
    config = RunConfig.model_validate(BASE)
    assert [config.identity(version) for version in (1, 2)] == ["7855c875183214ff", VERSION_2]
    assert config.run_id == config.identity(RESULTS_VERSION)


def test_only_settings_that_say_the_same_share_a_run_id() -> None:
    ids: dict[str, list[str]] = {}
    for what, (run_id, _) in PINNED.items():
        ids.setdefault(run_id, []).append(what)
    assert {tuple(names) for names in ids.values() if len(names) > 1} == set(SAME)
