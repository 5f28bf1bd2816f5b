"""The steps compile to one full graph, and the compiled step is the eager one, as is that of any cohort size."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch
from scipy.stats import mannwhitneyu

from ablate.config.run_config import RunConfig
from ablate.datasets import load_dataset
from ablate.training.cohort import Cohort
from ablate.training.outcome import Control
from ablate.training.run import run_cohort

STRUCTURES = {
    "mlp penalty adam": {"dataset": "ring8", "schedule": "cosine", "weight_decay": 0.1,
        "lipschitz": "gradient_penalty", "lambda_gp": 10.0},
    "conv layer norm penalty": {
        "dataset": "digits", "architecture": "conv", "width": 4, "critic_norm": "layer", "generator_norm": "batch",
        "conditional": True, "lipschitz": "gradient_penalty", "lambda_gp": 10.0,
    },
    "mlp dragan of packs": {"dataset": "ring8", "lipschitz": "dragan", "lambda_gp": 10.0, "loss": "relativistic", "pack": 2},
    "mlp pairs and both ends' penalty": {
        "dataset": "ring8", "loss": "relativistic", "lipschitz": "r1_r2", "lambda_gp": 1.0, "reuse_latent": True,
    },
    "mlp dragan": {"dataset": "ring8", "lipschitz": "dragan", "lambda_gp": 10.0, "loss": "non_saturating",
        "instance_noise": 0.1},
    "conv spectral norm penalty": {
        "dataset": "digits", "architecture": "conv", "width": 4, "spectral_norm": True, "lipschitz": "gradient_penalty",
        "lambda_gp": 1.0,
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


TOY = {
    "dataset": "ring8", "dataset_options": {"std": 0.05}, "width": 16, "depth": 2, "batch_size": 32, "n_critic": 2,
    "generator_steps": 200, "evaluations": 1, "evaluation_samples": 1000, "lipschitz": "gradient_penalty",
    "lambda_gp": 0.1, "lr": 1e-3,
}  # fmt: skip
COMPILER = pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs a C++ compiler on a CPU")


def toys(seeds: range, **settings: object) -> list[RunConfig]:
    return [RunConfig.model_validate({**TOY, **settings, "seed": seed}) for seed in seeds]


@COMPILER
def test_compiled_and_eager_steps_and_any_cohort_size_give_the_same_results() -> None:
    """To rounding in the first steps; then rounding grows, and the final metrics agree as samples of one distribution."""
    seeds = range(12)
    cohorts = {
        "eager": [(toys(seeds), "off")],
        "small": [(toys(seeds[:6]), "off"), (toys(seeds[6:]), "off")],
        "compiled": [(toys(seeds), "on")],
    }
    data, early, final = load_dataset("ring8", {"std": 0.05}), {}, {}
    for name, parts in cohorts.items():
        started = [Cohort(runs, data, torch.device("cpu"), compile) for runs, compile in parts]
        for cohort in started:
            cohort.advance(20)
        early[name] = torch.cat([cohort.generator for cohort in started])
        outcomes = [
            o for runs, compile in parts for o in run_cohort(runs, torch.device("cpu"), Control(compile=compile))
        ]
        final[name] = [outcome.final["w1"] for outcome in outcomes]
    for other in ("small", "compiled"):
        torch.testing.assert_close(early[other], early["eager"], rtol=1e-3, atol=1e-4)
        assert mannwhitneyu(final[other], final["eager"]).pvalue > 0.01
        assert abs(np.median(np.log(final[other])) - np.median(np.log(final["eager"]))) < 0.2


@COMPILER
def test_a_process_may_compile_any_number_of_cohorts(capfd: pytest.CaptureFixture[str]) -> None:
    """PyTorch recompiles a function only so often; each cohort's steps are functions of their own."""
    data = load_dataset("ring8", {"std": 0.05})
    with torch._dynamo.config.patch(recompile_limit=1):
        for batch_size in (4, 6):
            eager, compiled = (
                Cohort(toys(range(1), batch_size=batch_size, width=4), data, torch.device("cpu"), compile)
                for compile in ("off", "on")
            )
            for cohort in (eager, compiled):
                cohort.advance(2)
            torch.testing.assert_close(compiled.critic, eager.critic, rtol=1e-4, atol=1e-5)
    assert "compiling failed" not in capfd.readouterr().err
