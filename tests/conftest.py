"""What tests need of the machine: a test that it does not offer is skipped, with the reason."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

os.environ["OMP_NUM_THREADS"] = "1"  # tests are small, and run side by side


def _reason_to_skip(item: pytest.Item) -> str | None:
    if item.get_closest_marker("mnist") and not (Path(os.environ.get("ABLATE_DATA", "")) / "MNIST" / "raw").is_dir():
        return "needs MNIST: set ABLATE_DATA to the folder that holds MNIST/raw"
    if item.get_closest_marker("browser") and not (shutil.which("chromium") or shutil.which("chromium-browser")):
        return "needs Chromium"
    if item.get_closest_marker("gpu"):
        import torch

        if not torch.cuda.is_available():
            return "needs a CUDA device"
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what cannot run here."""
    for item in items:
        reason = _reason_to_skip(item)
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(autouse=True)
def _same_draws() -> None:
    """What a test draws from PyTorch's own generator is the same in every run of it."""
    if torch := sys.modules.get("torch"):
        torch.manual_seed(0)


SMALL = """\
study: small
question: Does anything change at all?
seeds: 3
datasets: [ring8]
base:
  width: 8
  batch_size: 16
  n_critic: 2
  lr: 1e-3
  generator_steps: 60
  evaluations: 3
  evaluation_samples: 200
arms:
  wgan_gp: {loss: wasserstein, lipschitz: gradient_penalty, lambda_gp: 10}
  wgan: {loss: wasserstein, lipschitz: clip, clip_value: 0.1, optimizer: rmsprop}
"""


@pytest.fixture
def study_file(tmp_path: Path) -> Path:
    """A small study in a folder of its own."""
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    return path


@pytest.fixture(scope="session")
def _tables_of_small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.support.small_runs import run

    folder = tmp_path_factory.mktemp("small")
    (folder / "small.yaml").write_text(SMALL)
    run(folder / "small.yaml", folder / "out")
    return folder / "out"


@pytest.fixture
def trained(_tables_of_small: Path, study_file: Path) -> Path:
    """The folder `out` beside the small study's file, as a run of it leaves it; it is trained once for many tests."""
    return Path(shutil.copytree(_tables_of_small, study_file.with_name("out")))
