"""A working folder in which two small studies have run: conditional images and points."""

from __future__ import annotations

from pathlib import Path

import pytest

from ablate.execution.display import Quiet
from ablate.execution.options import Options
from ablate.search.batches import run_study
from ablate.study.load import load_study

STUDY = """\
study: {name}
question: Is there a difference?
seeds: 4
datasets: [{dataset}]
base: {{width: 4, batch_size: 8, n_critic: 1, generator_steps: 6, evaluations: 3, evaluation_samples: 200, {more}}}
arms:
  gan: {{loss: non_saturating, lipschitz: none}}
"""
KINDS = {"pictures": ("digits", "architecture: conv, conditional: true"), "points": ("ring8", "architecture: mlp")}


@pytest.fixture(scope="session")
def studies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder; its tables are in runs/pictures and runs/points."""
    folder = tmp_path_factory.mktemp("studies")
    for name, (dataset, more) in KINDS.items():
        path = folder / f"{name}.yaml"
        path.write_text(STUDY.format(name=name, dataset=dataset, more=more))
        run_study(load_study(path), Options(folder / "runs" / name, workers=1), Quiet())
    return folder
