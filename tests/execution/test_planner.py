"""What trains together and in which order: even parts, the most work first, and what has begun stays together."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
import torch

from ablate.config.run_config import RunConfig
from ablate.datasets import dataset_of
from ablate.execution.planner import plan
from ablate.networks.pair import build
from ablate.study.study import Run
from ablate.training.compiled import step_flops


def runs(count: int, arm: str = "a", **settings: object) -> list[Run]:
    base = {"dataset": "ring8", "width": 8, "batch_size": 8, "n_critic": 1, "generator_steps": 10, **settings}
    configs = [RunConfig.model_validate({**base, "seed": seed}) for seed in range(count)]
    return [Run(arm, str(base["dataset"]), config) for config in configs]


def sizes(given: Sequence[Run], most: int, begun: Sequence[Sequence[str]] = ()) -> list[int]:
    return [len(cohort.runs) for cohort in plan(given, begun, lambda configs: most)]


def test_33_runs_with_at_most_32_together_are_17_and_16() -> None:
    assert sizes(runs(33), 32) == [17, 16]


@pytest.mark.parametrize("count", [1, 2, 7, 31, 32, 33, 64, 65, 97])
@pytest.mark.parametrize("most", [1, 2, 5, 32])
def test_parts_are_as_few_as_possible_and_none_is_larger_than_allowed(count: int, most: int) -> None:
    parts = sizes(runs(count), most)
    assert sum(parts) == count
    assert max(parts) <= most
    assert len(parts) == math.ceil(count / most)


def test_every_run_is_in_one_cohort_with_runs_of_its_structure_alone() -> None:
    given = [*runs(5), *runs(4, "b", width=16), *runs(3, "c", dataset="grid25"), *runs(2, "d", lr=1e-3)]
    plans = plan(given, most=lambda configs: 4)
    assert sorted(run.run_id for cohort in plans for run in cohort.runs) == sorted(run.run_id for run in given)
    for cohort in plans:
        assert len({(run.dataset, run.config.structure) for run in cohort.runs}) == 1


def operations(config: RunConfig, members: int) -> float:
    """Floating-point operations of the whole training, as PyTorch counts those of a step."""
    dataset = dataset_of(config)
    torch.manual_seed(0)
    pair = build(config, dataset.shape, dataset.n_classes, 1)
    return members * config.total_generator_steps * step_flops([config], pair, dataset.shape)


def test_the_cohort_with_the_most_operations_starts_first() -> None:
    given = [
        *runs(2, "few steps", width=64, lipschitz="none"),
        *runs(2, "many steps", width=64, lipschitz="none", generator_steps=1000),
        *runs(2, "penalty", width=65, lipschitz="gradient_penalty", lambda_gp=10.0, generator_steps=1000),
        *runs(2, "narrow", width=8, lipschitz="none"),
        *runs(20, "many runs", width=66, lipschitz="none", generator_steps=1000),
    ]
    order = [cohort.runs[0].arm for cohort in plan(given)]
    counted = {cohort.runs[0].arm: operations(cohort.runs[0].config, len(cohort.runs)) for cohort in plan(given)}
    assert order == sorted(counted, key=lambda arm: -counted[arm])


def test_what_has_begun_goes_on_whole_and_the_rest_is_grouped_without_it() -> None:
    given = runs(10)
    begun = [[run.run_id for run in given[2:9]]]
    plans = plan(given, begun, lambda configs: 3)
    assert [len(cohort.runs) for cohort in plans] == [7, 3], "larger than is allowed now, and not filled up"
    assert [run.run_id for run in plans[0].runs] == begun[0]


def test_a_begun_cohort_of_which_a_run_has_ended_is_grouped_anew() -> None:
    given = runs(6)
    begun = [[run.run_id for run in given[:3]], ["0123456789abcdef", given[5].run_id]]
    assert sizes(given, 32, begun) == [3, 3]
    assert sizes(given[1:], 32, begun) == [5]
