"""The steps compile to one full graph, and the compiled step is the eager one."""

from __future__ import annotations

import pytest
import torch

from ablate.config import RunConfig
from ablate.datasets import load_dataset
from ablate.training.cohort import Cohort

STRUCTURES = {
    "mlp penalty adam": {"dataset": "ring8", "lipschitz": "gradient_penalty", "lambda_gp": 10.0},
    "conv layer norm penalty": {
        "dataset": "digits", "architecture": "conv", "width": 4, "critic_norm": "layer", "generator_norm": "batch",
        "conditional": True, "lipschitz": "gradient_penalty", "lambda_gp": 10.0,
    },
    "conv instance norm clip rmsprop": {
        "dataset": "digits", "architecture": "conv", "width": 4, "critic_norm": "instance", "lipschitz": "clip",
        "clip_value": 0.1, "optimizer": "rmsprop",
    },
}  # fmt: skip


@pytest.mark.parametrize("settings", STRUCTURES.values(), ids=STRUCTURES.keys())
def test_both_steps_compile_to_a_full_graph_and_agree_with_eager(settings: dict[str, object]) -> None:
    base = {"width": 8, "batch_size": 8, "n_critic": 1, "generator_steps": 2, "precision": "fp64"}
    configs = [RunConfig.model_validate({**base, **settings, "seed": seed}) for seed in range(2)]
    data = load_dataset(configs[0].dataset, configs[0].dataset_options)
    eager, compiled = (Cohort(configs, data, torch.device("cpu")) for _ in range(2))
    # aot_eager traces the whole program, nested gradients included, and needs no C++ compiler
    for name in ("_step_critic", "_step_generator"):
        step = torch.compile(getattr(compiled, name), fullgraph=True, backend="aot_eager")
        setattr(compiled, name, step)
    eager.advance(2)
    compiled.advance(2)
    torch.testing.assert_close(compiled.critic, eager.critic, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(compiled.generator, eager.generator, rtol=1e-9, atol=1e-12)
