"""The classifiers in the package: what their record says is so, and other files are refused."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from ablate.datasets import load_dataset
from ablate.datasets.published import DEBIAN
from ablate.errors import AblateError
from ablate.metrics.classifier import (
    FEATURES,
    WEIGHTS,
    accuracy_of,
    load_classifier,
    path_of,
    split,
    train_classifier,
)
from ablate.metrics.features import ClassifierFeatures, extractor_for
from ablate.metrics.frechet import Gaussian, frechet_distance

DIGITS = load_dataset("digits", {})


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("digits", 0.98),
        pytest.param("mnist", 0.99, marks=pytest.mark.mnist),
        pytest.param("mnist32", 0.99, marks=pytest.mark.mnist),
        pytest.param(
            "fashion_mnist", 0.92, marks=pytest.mark.skipif(not DEBIAN.is_dir(), reason="Fashion-MNIST is not here")
        ),
    ],
)
def test_the_accuracy_in_the_record_is_the_one_measured_on_the_images_held_out(name: str, least: float) -> None:
    dataset = load_dataset(name, {})
    assert dataset.images is not None
    assert dataset.labels is not None
    model, record = load_classifier(dataset)
    _, held_out = split(len(dataset.images), torch.Generator().manual_seed(record["seed"]))
    accuracy = accuracy_of(model, dataset.images[held_out], dataset.labels[held_out])
    assert record["dataset_fingerprint"] == dataset.fingerprint
    assert record["tested_on"] == len(held_out)
    # another processor may round one image to another side
    assert accuracy == pytest.approx(record["accuracy"], abs=1.5 / len(held_out))
    assert accuracy >= least


def test_the_files_are_small_and_say_how_they_were_made() -> None:
    for name in ("digits", "mnist", "mnist32", "fashion_mnist"):
        path = WEIGHTS / f"{name}.safetensors"
        assert path.stat().st_size < 600_000
        record = record_of(path)
        assert {"dataset", "dataset_fingerprint", "architecture", "accuracy", "seed", "ablate", "torch"} <= set(record)


def test_training_again_gives_the_weights_in_the_package(tmp_path: Path) -> None:
    record = train_classifier(DIGITS, tmp_path / "digits.safetensors")
    assert record["accuracy"] == pytest.approx(record_of(WEIGHTS / "digits.safetensors")["accuracy"], abs=0.01)


def test_a_classifier_of_other_images_is_kept_in_the_users_folder_under_their_fingerprint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert DIGITS.images is not None
    assert DIGITS.labels is not None
    monkeypatch.setenv("ABLATE_DATA", str(tmp_path))
    fewer = replace(DIGITS, images=DIGITS.images[:300], labels=DIGITS.labels[:300], fingerprint="0123")
    with pytest.raises(AblateError, match="no classifier for these images of digits"):
        load_classifier(fewer)
    record = train_classifier(fewer, epochs=1)
    assert path_of(fewer) == tmp_path / "classifiers" / "digits-0123.safetensors"
    assert load_classifier(fewer)[1] == record
    assert path_of(DIGITS) == WEIGHTS / "digits.safetensors"


@pytest.mark.parametrize("n", [60, 61, 77])
def test_a_set_smaller_than_a_batch_is_trained_on_whole(n: int, tmp_path: Path) -> None:
    assert DIGITS.images is not None
    assert DIGITS.labels is not None
    few = replace(DIGITS, images=DIGITS.images[:n], labels=DIGITS.labels[:n])
    record = train_classifier(few, tmp_path / "few.safetensors")
    assert record["tested_on"] == n // 6
    assert record["accuracy"] > 0.3  # of ten classes


def test_too_few_images_or_classes_are_refused(tmp_path: Path) -> None:
    assert DIGITS.images is not None
    assert DIGITS.labels is not None
    few = replace(DIGITS, images=DIGITS.images[:59], labels=DIGITS.labels[:59])
    with pytest.raises(AblateError, match="digits has 59 images of 10 classes; a classifier needs at least 60"):
        train_classifier(few, tmp_path / "x.safetensors")
    with pytest.raises(AblateError, match=r"1797 images of 1 classes; .* of 2 classes"):
        train_classifier(replace(DIGITS, n_classes=1), tmp_path / "x.safetensors")


def test_what_is_held_out_is_not_trained_on() -> None:
    kept, held_out = split(1797, torch.Generator().manual_seed(0))
    assert sorted(torch.cat([kept, held_out]).tolist()) == list(range(1797))
    assert len(held_out) == 299


def test_training_is_repeatable_saves_what_it_reports_and_leaves_the_global_generator_alone(tmp_path: Path) -> None:
    dataset = load_dataset("digits", {})
    state = torch.get_rng_state()
    records = [
        train_classifier(dataset, tmp_path / f"{i}.safetensors", epochs=1, seed=seed)
        for i, seed in enumerate((0, 0, 1))
    ]
    assert torch.equal(torch.get_rng_state(), state)
    assert records[0] == records[1]
    assert records[0]["fingerprint"] != records[2]["fingerprint"]
    model, loaded = load_classifier(dataset, tmp_path / "0.safetensors")
    assert loaded == records[0]
    assert model.embed(torch.zeros(3, 1, 8, 8)).shape == (3, FEATURES)
    assert not model.training


def test_data_that_a_classifier_cannot_be_trained_on_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AblateError, match="ring8 is not a stored set of labelled images"):
        train_classifier(load_dataset("ring8", {}), tmp_path / "x.safetensors")
    digits = load_dataset("digits", {})
    assert digits.images is not None
    odd = replace(digits, shape=(1, 7, 8), images=digits.images[:, :, :7])
    with pytest.raises(AblateError, match=r"\[1, 7, 8\]; a classifier needs sides divisible by 4"):
        train_classifier(odd, tmp_path / "x.safetensors")


def test_a_missing_file_names_the_command_that_makes_it(tmp_path: Path) -> None:
    expected = r"no classifier for these images of digits, .*`ablate train-classifier digits` trains one"
    with pytest.raises(AblateError, match=expected):
        load_classifier(DIGITS, tmp_path / "digits.safetensors")


def test_a_file_of_another_dataset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AblateError, match="the classifier of digits, not of letters"):
        load_classifier(replace(DIGITS, name="letters"), WEIGHTS / "digits.safetensors")


def test_a_file_of_other_images_of_the_dataset_is_refused() -> None:
    with pytest.raises(
        AblateError, match=r"trained on other images of digits \(fingerprint \w+\) than those here \(0123"
    ):
        load_classifier(replace(DIGITS, fingerprint="0123"), WEIGHTS / "digits.safetensors")


def test_a_file_for_images_of_another_shape_is_refused() -> None:
    with pytest.raises(AblateError, match=r"for images of shape \[1, 8, 8\], but digits has \[1, 28, 28\]"):
        load_classifier(replace(DIGITS, shape=(1, 28, 28)), WEIGHTS / "digits.safetensors")


def test_a_changed_weight_is_found_by_its_fingerprint(tmp_path: Path) -> None:
    tensors, record = tensors_of(WEIGHTS / "digits.safetensors"), record_of(WEIGHTS / "digits.safetensors")
    tensors["head.bias"][0] += 1e-6
    write(tmp_path, tensors, record)
    with pytest.raises(AblateError, match="its record says 2448ab114923b4d9"):
        load_classifier(DIGITS, tmp_path / "digits.safetensors")


def test_a_cut_foreign_or_pickled_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "digits.safetensors"
    whole = (WEIGHTS / "digits.safetensors").read_bytes()
    tensors, record = tensors_of(WEIGHTS / "digits.safetensors"), record_of(WEIGHTS / "digits.safetensors")
    refused = r"digits\.safetensors: not the weights of a classifier .* train it again"
    for content in (b"", whole[: len(whole) // 2], b"not safetensors at all"):
        path.write_bytes(content)
        with pytest.raises(AblateError, match=refused):
            load_classifier(DIGITS, tmp_path / "digits.safetensors")
    torch.save(tensors, path)
    with pytest.raises(AblateError, match=refused):
        load_classifier(DIGITS, tmp_path / "digits.safetensors")
    save_file(tensors, path)  # without a record
    with pytest.raises(AblateError, match=refused):
        load_classifier(DIGITS, tmp_path / "digits.safetensors")
    write(tmp_path, {"something": torch.zeros(3)}, record)
    with pytest.raises(AblateError, match=refused):
        load_classifier(DIGITS, tmp_path / "digits.safetensors")


def record_of(path: Path) -> dict[str, Any]:
    with safe_open(path, framework="pt") as file:
        record: dict[str, Any] = json.loads(file.metadata()["record"])
    return record


def tensors_of(path: Path) -> dict[str, torch.Tensor]:
    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118


def write(folder: Path, tensors: dict[str, torch.Tensor], record: dict[str, Any]) -> None:
    save_file(tensors, folder / "digits.safetensors", metadata={"record": json.dumps(record)})


@pytest.mark.parametrize("name", ["digits", "mnist5k"])
def test_fid_of_the_fast_layers_is_that_of_the_layers_as_trained_in_double_precision(name: str) -> None:
    dataset = load_dataset(name, {})
    extractor = extractor_for(dataset)
    assert isinstance(extractor, ClassifierFeatures)
    exact = copy.deepcopy(extractor.classifier).double()
    real, fake = dataset.reference(600, 5)[0], dataset.reference(600, 6)[0].mul(0.9)
    with torch.no_grad():
        expected = frechet_distance(*(Gaussian.of_features(exact.embed(images)) for images in (real, fake)))
    value = frechet_distance(*(Gaussian.of_features(extractor.features(images)) for images in (real, fake)))
    assert value == pytest.approx(expected, rel=1e-6)
