"""Coarser arithmetic changes the products and nothing else, and is written into the row."""

from __future__ import annotations

import pytest
import torch

from ablate.config.run_config import RunConfig
from ablate.datasets import load_dataset
from ablate.errors import AblateWarning
from ablate.training.arithmetic import choose, in_bfloat16, products_in
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


def trained(
    runs: list[RunConfig], arithmetic: str = "fp32", device: torch.device = CPU, compile: str = "off"
) -> Cohort:
    cohort = Cohort(runs, load_dataset("ring8", {}), device, compile, arithmetic)  # type: ignore[arg-type]
    with products_in(arithmetic):  # type: ignore[arg-type]
        cohort.advance(5)
    return cohort


@pytest.mark.parametrize(
    ("wanted", "device", "chosen"),
    [("auto", "cpu", "fp32"), ("auto", "cuda", "tf32"), ("tf32", "cpu", "fp32"), ("fp32", "cuda", "fp32")],
)
def test_auto_is_the_devices_fast_format(wanted: str, device: str, chosen: str) -> None:
    assert choose(wanted, device) == chosen  # type: ignore[arg-type]


def test_bfloat16_is_close_to_float32_but_not_the_same_and_weights_stay_float32() -> None:
    coarse, fine = trained(configs(precision="bf16")), trained(configs())
    assert coarse.critic.dtype == coarse.critic_state["mean"].dtype == torch.float32
    change = (coarse.critic - fine.critic).norm() / fine.critic.norm()
    assert 0 < change < 0.01


def test_in_bfloat16_each_product_is_of_rounded_numbers_and_everything_between_is_kept_apart() -> None:
    cohort = Cohort(configs(precision="bf16", depth=1), load_dataset("ring8", {}), CPU)
    ((batch, _),), _ = cohort.batches.take(0, 1)
    views = [part.bfloat16() for part in cohort.pair.critic.views(cohort.critic).values()]
    weight, bias, out_weight, out_bias = views
    hidden = torch.nn.functional.leaky_relu(batch.real.bfloat16() @ weight + bias, configs()[0].critic_leak)
    expected = (hidden @ out_weight + out_bias).squeeze(2).float()
    score = in_bfloat16(cohort.pair.critic, CPU)(cohort.critic, batch.real, None)
    torch.testing.assert_close(score.float(), expected, rtol=2e-2, atol=2e-2)
    assert score.dtype == torch.bfloat16
    loss, _ = in_bfloat16(cohort.steps.critic_loss, CPU)(cohort.critic, batch.real, batch)
    assert loss.dtype == torch.float32


def test_the_outcome_says_in_what_it_was_trained() -> None:
    for precision in ("bf16", "fp64", "fp32"):
        outcomes = run_cohort(configs(precision=precision), CPU, Control(arithmetic="fp32"))
        assert outcomes[0].facts["arithmetic"] == precision
        assert outcomes[0].status == "done"


def test_a_processor_without_bfloat16_is_said_to_be_slower(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True})
    with pytest.warns(AblateWarning, match="precision bf16: the cpu here has no bfloat16 arithmetic"):
        run_cohort(configs(precision="bf16"), CPU)


def test_tf32_is_set_within_the_block_only() -> None:
    before = torch.backends.cuda.matmul.allow_tf32
    with products_in("tf32"):
        assert torch.backends.cuda.matmul.allow_tf32
        assert torch.backends.cudnn.allow_tf32
    with products_in("fp32"):
        assert not torch.backends.cudnn.allow_tf32
    assert torch.backends.cuda.matmul.allow_tf32 == before


@pytest.mark.gpu
@pytest.mark.parametrize(("arithmetic", "precision"), [("fp32", "fp32"), ("tf32", "fp32"), ("fp32", "bf16")])
def test_a_cuda_graph_gives_what_eager_steps_give(arithmetic: str, precision: str) -> None:
    runs, device = configs(precision=precision), torch.device("cuda")
    graph, eager = (trained(runs, arithmetic, device, compile) for compile in ("on", "off"))
    assert graph.compiled
    tolerance = 1e-4 if (arithmetic, precision) == ("fp32", "fp32") else 2e-2
    torch.testing.assert_close(graph.critic, eager.critic, rtol=tolerance, atol=tolerance)
    torch.testing.assert_close(graph.generator, eager.generator, rtol=tolerance, atol=tolerance)
