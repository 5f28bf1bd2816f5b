"""Runs and studies that train in a second or two."""

from __future__ import annotations

from pathlib import Path

import torch

from ablate.config.run_config import RunConfig
from ablate.execution.display import Quiet
from ablate.execution.job import Summary
from ablate.execution.options import Options
from ablate.search.batches import run_study

CPU = torch.device("cpu")


def configs(count: int = 2, **settings: object) -> list[RunConfig]:
    base: dict[str, object] = {
        "dataset": "digits", "architecture": "conv", "width": 4, "conditional": True, "generator_norm": "batch",
        "lipschitz": "gradient_penalty", "lambda_gp": 10.0, "n_critic": 2, "batch_size": 16, "generator_steps": 34,
        "evaluations": 4, "evaluation_samples": 200, **settings,
    }  # fmt: skip
    return [RunConfig.model_validate({**base, "seed": seed}) for seed in range(count)]


def run(path: Path, folder: Path, overrides: tuple[str, ...] = (), **options: object) -> Summary:
    from ablate.study.load import load_study

    settings = {"workers": 1, **options}
    return run_study(load_study(path, overrides), Options(folder, **settings), Quiet())  # type: ignore[arg-type]
