"""Studies from texts: each is written to a file and read as any study file is; also studies that are crossed with a grid."""

from __future__ import annotations

from pathlib import Path

from ablate.config.run_config import RunConfig
from ablate.study.load import load_study
from ablate.study.study import Study
from tests.support.broken_studies import VALID

GRID = VALID[: VALID.index("arms:")] + "grid: {lambda_gp: [0.1, 10.0], lr: [1e-5, 1e-3]}\n"
"""The valid study, with a grid instead of its arms and claims"""


def study_of(folder: Path, text: str, *overrides: str, seeds: str | None = None) -> Study:
    """The study of a text; `overrides` and `seeds` are those of the command line."""
    path = folder / "x.yaml"
    path.write_text(text, encoding="utf-8")
    return load_study(path, overrides, seeds)


def config_of(folder: Path, text: str, *overrides: str, dataset: str = "ring8", arm: str = "wgan_gp") -> RunConfig:
    """The settings of an arm of such a study on a dataset, with its first seed."""
    return study_of(folder, text, *overrides).config(dataset, arm)
