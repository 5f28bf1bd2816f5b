"""Coarser arithmetic changes the products and nothing else, and is written into the row."""

from __future__ import annotations

import pytest
import torch

from ablate.config.run_config import RunConfig
from ablate.datasets import load_dataset
from ablate.training.arithmetic import choose, products_in
from ablate.training.cohort import Cohort
from ablate.training.outcome import Control
from ablate.training.run import run_cohort

CPU = torch.device("cpu")


def configs(**settings: object) -> list[RunConfig]:
    base = {
        "dataset": "ring8", "width": 16, "batch_size": 32, "n_critic": 2, "generator_steps": 20, "evaluations": 1,
        "evaluation_samples": 300, "lipschitz": "gradient_penalty", "lambda_gp": 10.0,
    }  # fmt: skip
    return [RunConfig.model_validate({**base, **settings, "seed": seed}) for seed in range(2)]


def trained(runs: list[RunConfig], arithmetic: str, device: torch.device = CPU, compile: str = "off") -> Cohort:
    cohort = Cohort(runs, load_dataset("ring8", {}), device, compile, arithmetic)  # type: ignore[arg-type]
    with products_in(arithmetic):  # type: ignore[arg-type]
        cohort.advance(5)
    return cohort


@pytest.mark.parametrize(
    ("wanted", "device", "chosen"),
    [("auto", "cpu", "fp32"), ("auto", "cuda", "tf32"), ("tf32", "cpu", "fp32"), ("bf16", "cpu", "bf16")],
)
def test_auto_is_the_devices_fast_format(wanted: str, device: str, chosen: str) -> None:
    assert choose(wanted, device) == chosen  # type: ignore[arg-type]


def test_bfloat16_is_close_to_float32_but_not_the_same_and_weights_stay_float32() -> None:
    coarse, fine = trained(configs(), "bf16"), trained(configs(), "fp32")
    assert coarse.critic.dtype == torch.float32
    change = (coarse.critic - fine.critic).norm() / fine.critic.norm()
    assert 0 < change < 0.01


def test_the_precision_of_the_settings_comes_first() -> None:
    """Tests in float64 would mean nothing in bfloat16."""
    runs = configs(precision="fp64")
    assert torch.equal(trained(runs, "bf16").critic, trained(runs, "fp32").critic)


def test_the_outcome_says_in_what_it_was_trained() -> None:
    for precision, arithmetic, said in (("fp32", "bf16", "bf16"), ("fp64", "bf16", "fp64"), ("fp32", "fp32", "fp32")):
        outcomes = run_cohort(configs(precision=precision), CPU, Control(arithmetic=arithmetic))  # type: ignore[arg-type]
        assert outcomes[0].facts["arithmetic"] == said
        assert outcomes[0].status == "done"


def test_tf32_is_set_within_the_block_only() -> None:
    before = torch.backends.cuda.matmul.allow_tf32
    with products_in("tf32"):
        assert torch.backends.cuda.matmul.allow_tf32
        assert torch.backends.cudnn.allow_tf32
    with products_in("fp32"):
        assert not torch.backends.cudnn.allow_tf32
    assert torch.backends.cuda.matmul.allow_tf32 == before


@pytest.mark.gpu
@pytest.mark.parametrize("arithmetic", ["fp32", "tf32", "bf16"])
def test_a_cuda_graph_gives_what_eager_steps_give(arithmetic: str) -> None:
    device = torch.device("cuda")
    graph, eager = (trained(configs(), arithmetic, device, compile) for compile in ("on", "off"))
    assert graph.compiled
    tolerance = 1e-4 if arithmetic == "fp32" else 2e-2
    torch.testing.assert_close(graph.critic, eager.critic, rtol=tolerance, atol=tolerance)
    torch.testing.assert_close(graph.generator, eager.generator, rtol=tolerance, atol=tolerance)
