"""Published sets of images, read from small files in their formats; missing and damaged files are one clear error."""

from __future__ import annotations

import gzip
import hashlib
import pickle
import struct
from pathlib import Path
from typing import Any
from urllib.error import URLError

import numpy as np
import pytest
import torch
from torchvision.datasets import CIFAR10
from torchvision.transforms import Compose, Resize, ToPILImage, ToTensor

from ablate.datasets import load_dataset, published
from ablate.errors import MissingData

IDX_FOLDERS = {"mnist": "MNIST", "fashion_mnist": "FashionMNIST"}
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (40, 28, 28), dtype=np.uint8)
LABELS = (np.arange(40) % 10).astype(np.uint8)
COLOURS = RNG.integers(0, 256, (50, 3, 32, 32), dtype=np.uint8)


@pytest.fixture(autouse=True)
def empty_folder_without_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: Any) -> None:
    if request.node.get_closest_marker("mnist"):
        return
    monkeypatch.setenv("ABLATE_DATA", str(tmp_path))
    monkeypatch.setattr(published, "DEBIAN", tmp_path / "debian")

    def no_network(*_: Any, **__: Any) -> None:
        raise URLError("no network in tests")

    for module in ("mnist", "cifar"):
        monkeypatch.setattr(f"torchvision.datasets.{module}.download_and_extract_archive", no_network)


def write_idx(folder: Path, images: np.ndarray = IMAGES, labels: np.ndarray = LABELS) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for part in ("train", "t10k"):
        header = struct.pack(">IIII", 0x803, *images.shape)
        (folder / f"{part}-images-idx3-ubyte").write_bytes(header + images.tobytes())
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, len(labels)) + labels.tobytes())


def write_cifar(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five batches of ten images, with the checksums that torchvision asks for set to theirs."""
    folder = folder / CIFAR10.base_folder
    folder.mkdir()

    def write(name: str, content: dict[str, Any]) -> str:
        (folder / name).write_bytes(pickle.dumps(content))
        return hashlib.md5((folder / name).read_bytes()).hexdigest()

    names = [f"data_batch_{i + 1}" for i in range(5)] + ["test_batch"]
    sums = []
    for i, name in enumerate(names):
        part = COLOURS[10 * i :][:10]
        sums.append([name, write(name, {"data": part.reshape(-1, 3072), "labels": list(range(len(part)))})])
    monkeypatch.setattr(CIFAR10, "train_list", sums[:5])
    monkeypatch.setattr(CIFAR10, "test_list", sums[5:])
    meta = {**CIFAR10.meta, "md5": write("batches.meta", {"label_names": [str(i) for i in range(10)]})}
    monkeypatch.setattr(CIFAR10, "meta", meta)


@pytest.mark.parametrize(("name", "folder"), IDX_FOLDERS.items())
def test_idx_files_give_their_images_and_labels(name: str, folder: str, tmp_path: Path) -> None:
    write_idx(tmp_path / folder / "raw")
    dataset = load_dataset(name, {})
    assert (dataset.name, dataset.shape, dataset.n_classes) == (name, (1, 28, 28), 10)
    assert dataset.images is not None
    assert dataset.labels is not None
    assert np.array_equal(dataset.images[:, 0].numpy(), IMAGES)
    assert np.array_equal(dataset.labels.numpy(), LABELS)


def test_cifar_batches_give_their_images_in_order_with_channels_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_cifar(tmp_path, monkeypatch)
    dataset = load_dataset("cifar10", {})
    assert (dataset.shape, dataset.n_classes) == ((3, 32, 32), 10)
    assert dataset.images is not None
    assert dataset.labels is not None
    assert np.array_equal(dataset.images.numpy(), COLOURS)
    assert dataset.images.is_contiguous()
    assert dataset.labels.tolist() == [*range(10)] * 5


@pytest.mark.parametrize(
    ("name", "inside", "file"),
    [
        ("mnist", "MNIST/raw", "train-images-idx3-ubyte"),
        ("fashion_mnist", "FashionMNIST/raw", "t10k-labels-idx1-ubyte"),
        ("cifar10", "cifar-10-batches-py", "data_batch_3"),
    ],
)
def test_missing_data_say_which_files_belong_where(name: str, inside: str, file: str, tmp_path: Path) -> None:
    with pytest.raises(MissingData, match=r"could not be downloaded .*--data or ABLATE_DATA") as caught:
        load_dataset(name, {})
    assert file in str(caught.value)
    assert str(tmp_path / inside) in str(caught.value)


@pytest.mark.parametrize("name", IDX_FOLDERS)
@pytest.mark.parametrize("file", ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"])
@pytest.mark.parametrize("damage", ["empty", "cut in the header", "cut in the middle", "another format", "longer"])
def test_a_damaged_idx_file_is_one_clear_error(name: str, file: str, damage: str, tmp_path: Path) -> None:
    raw = tmp_path / IDX_FOLDERS[name] / "raw"
    write_idx(raw)
    whole = (raw / file).read_bytes()
    (raw / file).write_bytes(
        {
            "empty": b"",
            "cut in the header": whole[:6],
            "cut in the middle": whole[: len(whole) - 9],
            "another format": b"<html>404 not found</html>",
            "longer": whole + b"123",
        }[damage]
    )
    with pytest.raises(MissingData, match=r"are there, but cannot be read .*Delete that folder") as caught:
        load_dataset(name, {})
    assert str(raw) in str(caught.value)
    assert "\n" not in str(caught.value)


def write_debian(folder: Path, images: np.ndarray = IMAGES) -> None:
    """The package's files: idx, compressed, of which the training part is read."""
    write_idx(folder, images)
    for path in folder.iterdir():
        Path(f"{path}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()


def test_fashion_mnist_is_read_from_debians_package_where_the_folder_of_the_data_has_none(tmp_path: Path) -> None:
    write_debian(tmp_path / "debian")
    packaged = load_dataset("fashion_mnist", {})
    assert packaged.images is not None
    assert packaged.labels is not None
    assert np.array_equal(packaged.images[:, 0].numpy(), IMAGES)
    assert np.array_equal(packaged.labels.numpy(), LABELS)
    write_idx(tmp_path / "FashionMNIST" / "raw", IMAGES[::-1])
    own = load_dataset("fashion_mnist", {})
    assert own.images is not None
    assert np.array_equal(own.images[:, 0].numpy(), IMAGES[::-1])
    with pytest.raises(MissingData, match="MNIST is not in"):
        load_dataset("mnist", {})


@pytest.mark.parametrize("damage", ["empty", "cut", "not gzip", "other sizes"])
def test_a_damaged_file_of_debians_package_is_one_clear_error(damage: str, tmp_path: Path) -> None:
    write_debian(tmp_path / "debian", IMAGES[:, :14] if damage == "other sizes" else IMAGES)
    path = tmp_path / "debian" / "train-images-idx3-ubyte.gz"
    whole = path.read_bytes()
    path.write_bytes({"empty": b"", "cut": whole[:-900], "not gzip": b"<html>", "other sizes": whole}[damage])
    with pytest.raises(MissingData, match=r"cannot be read .*apt-get install --reinstall") as caught:
        load_dataset("fashion_mnist", {})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("images", "labels", "reason"),
    [
        (IMAGES, LABELS[:39], "40 images, but 39 labels"),
        (IMAGES[:, :14], LABELS, r"40 images of shape \(1, 14, 28\), expected \(1, 28, 28\)"),
        (IMAGES, LABELS + 3, "labels from 3 to 12, expected 0 to 9"),
        (IMAGES[:0], LABELS[:0], "must be non-negative"),
    ],
)
def test_idx_files_that_do_not_fit_together_are_refused(
    images: np.ndarray, labels: np.ndarray, reason: str, tmp_path: Path
) -> None:
    write_idx(tmp_path / "MNIST" / "raw", images, labels)
    with pytest.raises(MissingData, match=reason):
        load_dataset("mnist", {})


def test_a_cifar_batch_with_another_checksum_is_not_unpickled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_cifar(tmp_path, monkeypatch)
    path = tmp_path / CIFAR10.base_folder / "data_batch_2"
    path.write_bytes(b"cos\nsystem\n(S'touch " + str(tmp_path / "harmed").encode() + b"'\ntR.")
    with pytest.raises(MissingData, match="are there, but cannot be read"):
        load_dataset("cifar10", {})
    assert not (tmp_path / "harmed").exists()


@pytest.mark.mnist
def test_mnist32_holds_what_d1s_transform_makes_of_mnist() -> None:
    mnist, resized = load_dataset("mnist", {}), load_dataset("mnist32", {})
    assert mnist.images is not None
    assert resized.images is not None
    assert resized.labels is not None
    assert mnist.labels is not None
    assert resized.images.shape == (60_000, 1, 32, 32)
    assert torch.equal(resized.labels, mnist.labels)
    transform = Compose([ToPILImage(), Resize(32), ToTensor()])
    for i in (0, 1, 59_999):
        assert torch.equal(transform(mnist.images[i]), resized.images[i].float() / 255)
