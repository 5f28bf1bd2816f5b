"""A study on a folder of images: it trains without a classifier, says once what is skipped, and has fid with one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from ablate.errors import AblateError, AblateWarning
from ablate.execution.display import Quiet
from ablate.execution.job import Summary
from ablate.execution.options import Options
from ablate.search.batches import run_study
from ablate.study.load import load_study

STUDY = """\
study: own_images
question: Does it run on images of mine?
seeds: 2
datasets:
  mine: {{dataset: image_folder, path: {path}, size: 8, channels: 1}}
base:
  {{loss: wasserstein, lipschitz: gradient_penalty, lambda_gp: 10, architecture: conv, width: 4, batch_size: 16,
   n_critic: 1, generator_steps: 4, evaluations: 2, evaluation_samples: 100, conditional: {conditional}}}
arms:
  slow: {{lr: 0.0001}}
"""


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """100 digits in folders by class."""
    monkeypatch.setenv("ABLATE_DATA", str(tmp_path / "data"))
    digits = load_digits()
    for i, (image, label) in enumerate(zip(digits.images[:100], digits.target, strict=False)):
        path = tmp_path / "mine" / str(label) / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray((image * 15).astype(np.uint8)).save(path)
    return tmp_path / "mine"


def run(images: Path, name: str, conditional: str = "true") -> Summary:
    path = images.parent / "own.yaml"
    path.write_text(STUDY.format(path=images, conditional=conditional))
    return run_study(load_study(path, ()), Options(images.parent / name, workers=1), Quiet())


def test_it_trains_without_a_classifier_and_its_rows_say_what_was_skipped(images: Path) -> None:
    (images / "3" / "broken.png").write_bytes(b"x")
    with pytest.warns(AblateWarning) as caught:
        summary = run(images, "out")
    said = {str(warning.message) for warning in caught}
    assert len(said) == 2
    assert any("3/broken.png" in text for text in said)
    assert any("`ablate train-classifier image_folder" in text for text in said)
    runs = summary.results.runs
    assert list(runs["status"]) == ["done", "done"]
    assert (runs["features"] == "none").all()
    assert runs["flags"].str.contains("skipped").all()
    assert not runs["flags"].str.contains(" /").any(), "tables say nothing of this machine's folders"
    assert "fid" not in runs or runs["fid"].isna().all()
    assert runs["critic_loss"].notna().all()


def test_with_a_classifier_it_has_fid_and_label_accuracy(images: Path) -> None:
    from ablate.datasets import load_dataset
    from ablate.metrics.classifier import train_classifier

    train_classifier(load_dataset("image_folder", {"path": str(images), "size": 8, "channels": 1}), epochs=2)
    runs = run(images, "out").results.runs
    assert runs["fid"].notna().all()
    assert runs["label_accuracy"].notna().all()
    assert (runs["fid_protocol"] == "fid_classifier_100").all()
    assert not runs["flags"].fillna("").str.contains("skipped").any()


def test_labels_of_a_folder_without_classes_are_refused_before_anything_is_trained(images: Path) -> None:
    for path in list(images.glob("*/*.png")):
        path.rename(images / path.name)
    with pytest.raises(AblateError, match=r"conditional needs labels, but image_folder .* has none"):
        run(images, "out")
    with pytest.warns(AblateWarning, match="no class folders"):
        assert list(run(images, "other", "false").results.runs["status"]) == ["done", "done"]


def test_inception_is_skipped_without_its_weights_and_is_a_column_beside_fid_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from ablate.metrics import inception

    path = tmp_path / "both.yaml"
    base = "{width: 4, batch_size: 16, n_critic: 1, generator_steps: 4, evaluations: 2, evaluation_samples: 100}"
    path.write_text(
        f"study: both\nquestion: Does it?\nseeds: 2\ndatasets: [digits, ring8]\nbase: {base}\narms: {{a: {{loss: minimax}}}}\n"
    )

    def features_of(weights: Path | None, name: str) -> Summary:
        options = Options(tmp_path / name, workers=1, features="inception", inception_weights=weights)
        return run_study(load_study(path, ()), options, Quiet())

    monkeypatch.setattr(inception, "usual_path", lambda: tmp_path / "no.pth")
    with pytest.warns(AblateWarning, match="fid_inception is skipped: its weights .* are missing") as caught:
        runs = features_of(None, "without").results.runs
    assert len(caught) == 1
    assert (runs["status"] == "done").all()
    assert runs["fid"].notna().all()
    assert list(runs["flags"].fillna("").str.contains("fid_inception is skipped")) == list(runs["dataset"] == "digits")
    assert not runs["flags"].fillna("").str.contains(str(tmp_path)).any()

    def halves(self: object, samples: torch.Tensor) -> torch.Tensor:
        return samples.flatten(1)[:, ::2]

    monkeypatch.setattr(inception.InceptionFeatures, "__init__", lambda *_: None)  # the network has tests of its own
    monkeypatch.setattr(inception.InceptionFeatures, "features", halves)
    (tmp_path / "yes.pth").write_bytes(b"")
    runs = features_of(tmp_path / "yes.pth", "with").results.runs
    for name in ("fid_inception_100", "fid_inception_100_floor"):
        assert list(runs[name].notna()) == list(runs["dataset"] == "digits")
    assert not runs["flags"].fillna("").str.contains("skipped").any()
    assert (runs.loc[runs["dataset"] == "digits", "fid_protocol"] == "fid_classifier_100").all()
