"""A study on a published set without a classifier is refused before anything is trained."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from ablate.errors import AblateError
from ablate.execution.display import Quiet
from ablate.execution.options import Options
from ablate.search.batches import run_study
from ablate.study.load import load_study

STUDY = """\
study: fashion
question: Does it say so at once?
seeds: 1
datasets: [ring8, fashion_mnist]
base: {loss: minimax, generator_steps: 2, evaluations: 1, evaluation_samples: 100}
arms: {a: {}}
"""


def test_the_command_that_trains_the_classifier_is_named_and_nothing_is_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ABLATE_DATA", str(tmp_path))
    raw = tmp_path / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    images = np.random.default_rng(0).integers(0, 256, (80, 28, 28), dtype=np.uint8)
    labels = (np.arange(80) % 10).astype(np.uint8)
    for part in ("train", "t10k"):
        (raw / f"{part}-images-idx3-ubyte").write_bytes(struct.pack(">4I", 0x803, 80, 28, 28) + images.tobytes())
        (raw / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 0x801, 80) + labels.tobytes())
    path = tmp_path / "fashion.yaml"
    path.write_text(STUDY)
    study, options = load_study(path, ()), Options(tmp_path / "out", workers=1)
    with pytest.raises(AblateError, match="`ablate train-classifier fashion_mnist` trains one"):
        run_study(study, options, Quiet())
    assert not (tmp_path / "out" / "runs.csv").exists()

    from ablate.datasets import load_dataset
    from ablate.metrics.classifier import train_classifier

    train_classifier(load_dataset("fashion_mnist", {}), epochs=1)
    assert run_study(study, options, Quiet()).counts == {"done": 2}
