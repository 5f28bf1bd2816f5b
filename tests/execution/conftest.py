"""A study that trains in a second or two."""

from __future__ import annotations

from pathlib import Path

import pytest

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
  evaluation_samples: 500
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
