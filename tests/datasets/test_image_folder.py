"""Any folder of images: sizes and modes, class folders, broken images, the decoded file, and clear errors."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import CenterCrop, Compose, PILToTensor, Resize

from ablate.config.run_config import RunConfig
from ablate.datasets import dataset_of, load_dataset
from ablate.datasets.base import Dataset
from ablate.datasets.decode import decode
from ablate.errors import AblateWarning, MissingData, UsageError
from ablate.registry.components import sample_shape

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def own_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ABLATE_DATA", str(tmp_path / "data"))


def picture(path: Path, width: int = 20, height: int = 12, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(RNG.integers(0, 256, (height, width, 3), dtype=np.uint8)).save(path, **options)  # type: ignore[arg-type]
    return path


def load(folder: Path, size: int = 8, channels: int = 3) -> Dataset:
    return load_dataset("image_folder", {"path": str(folder), "size": size, "channels": channels})


# ── pixels ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("shape", [(20, 12), (12, 20), (8, 8), (5, 9), (300, 40)])
def test_the_shorter_side_is_resized_and_the_centre_cropped_as_torchvision_does(
    shape: tuple[int, int], tmp_path: Path
) -> None:
    path = picture(tmp_path / "a.png", *shape)
    expected = Compose([Resize(8), CenterCrop(8), PILToTensor()])(Image.open(path))
    pixels = decode(path, 8, 3)
    assert isinstance(pixels, np.ndarray)
    assert pixels.shape == (3, 8, 8)
    assert np.array_equal(pixels, expected.numpy())


def flat(image: Image.Image, path: Path, channels: int = 3) -> list[int]:
    """The colour of an image of one colour."""
    image.save(path)
    pixels = decode(path, 4, channels)
    assert isinstance(pixels, np.ndarray), pixels
    assert (pixels == pixels[:, :1, :1]).all()
    return [int(value) for value in pixels[:, 0, 0]]


def test_every_mode_becomes_the_channels_asked_for(tmp_path: Path) -> None:
    red = Image.new("RGB", (6, 6), (200, 0, 0))
    assert flat(red, tmp_path / "rgb.png") == [200, 0, 0]
    assert flat(red, tmp_path / "rgb.png", 1) == [60]  # ITU-R 601: 0.299 · 200
    assert flat(Image.new("L", (6, 6), 77), tmp_path / "grey.png") == [77, 77, 77]
    assert flat(Image.new("1", (6, 6), 1), tmp_path / "bit.png", 1) == [255]
    assert flat(red.quantize(4), tmp_path / "palette.png") == [200, 0, 0]
    assert flat(Image.new("CMYK", (6, 6), (0, 255, 255, 0)), tmp_path / "cmyk.tif") == [255, 0, 0]
    assert flat(Image.new("RGBA", (6, 6), (200, 0, 0, 255)), tmp_path / "opaque.png") == [200, 0, 0]
    assert flat(Image.new("RGBA", (6, 6), (200, 0, 0, 0)), tmp_path / "clear.png") == [255, 255, 255]
    assert flat(Image.new("LA", (6, 6), (0, 51)), tmp_path / "la.png", 1) == [204]  # a fifth of black on white


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_16_bit_greys_are_scaled_not_cut_off(suffix: str, tmp_path: Path) -> None:
    values = np.array([[0, 257, 25700, 65535]] * 4, dtype=np.uint16)
    Image.fromarray(values).save(tmp_path / f"deep.{suffix}")
    pixels = decode(tmp_path / f"deep.{suffix}", 4, 1)
    assert isinstance(pixels, np.ndarray)
    assert pixels[0].tolist() == [[0, 1, 100, 255]] * 4


def test_a_photograph_is_turned_as_its_camera_was(tmp_path: Path) -> None:
    image = Image.fromarray(np.repeat(np.array([[0, 255]], dtype=np.uint8), 2, axis=0))
    exif = Image.Exif()
    exif[0x112] = 6  # turned a quarter to the right for viewing
    image.save(tmp_path / "turned.png", exif=exif)
    pixels = decode(tmp_path / "turned.png", 2, 1)
    assert isinstance(pixels, np.ndarray)
    assert pixels[0].tolist() == [[0, 0], [255, 255]]


# ── a folder ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_flat_folder_has_no_labels_and_its_images_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    paths = [picture(tmp_path / "p" / f"{name}.png", 9 + i, 8) for i, name in enumerate("cab")]
    (tmp_path / "p" / "readme.txt").write_text("not an image")
    (tmp_path / "p" / ".hidden.png").write_text("nor this")
    dataset = load(tmp_path / "p")
    assert (dataset.shape, dataset.n_classes, dataset.labels) == ((3, 8, 8), 0, None)
    assert dataset.images is not None
    assert dataset.images.dtype == torch.uint8
    for image, path in zip(dataset.images, sorted(paths), strict=True):
        assert np.array_equal(image.numpy(), decode(path, 8, 3))


def test_class_folders_are_numbered_by_name_and_an_empty_one_is_no_class(tmp_path: Path) -> None:
    for name in ("dog/a.png", "cat/x.jpg", "cat/deeper/y.png", "owl/z.webp"):
        picture(tmp_path / name)
    (tmp_path / "bat").mkdir()
    dataset = load(tmp_path)
    assert dataset.n_classes == 3
    assert dataset.labels is not None
    assert dataset.labels.tolist() == [0, 0, 1, 2]


@pytest.mark.parametrize("names", [("one/a.png", "one/b.png"), ("a.png", "one/b.png", "two/c.png")])
def test_a_single_folder_or_images_beside_folders_are_no_classes(names: tuple[str, ...], tmp_path: Path) -> None:
    for name in names:
        picture(tmp_path / "p" / name)
    dataset = load(tmp_path / "p")
    assert (dataset.n_classes, dataset.labels) == (0, None)
    assert dataset.images is not None
    assert len(dataset.images) == len(names)


def test_broken_images_are_named_in_one_warning_and_left_out(tmp_path: Path) -> None:
    for name in ("a.png", "b.jpg", "c.png"):
        picture(tmp_path / "p" / name)
    (tmp_path / "p" / "empty.png").write_bytes(b"")
    (tmp_path / "p" / "cut.jpg").write_bytes((tmp_path / "p" / "b.jpg").read_bytes()[:200])
    (tmp_path / "p" / "page.gif").write_text("<html>")
    (tmp_path / "p" / "gone.png").symlink_to(tmp_path / "nowhere")
    for _ in range(2):  # decoded now, and known from the time before
        with pytest.warns(AblateWarning, match="4 of 7 images in .* left out") as caught:
            dataset = load(tmp_path / "p")
        assert len(caught) == 1
        assert all(name in str(caught[0].message) for name in ("empty.png", "cut.jpg", "page.gif", "gone.png"))
        assert dataset.images is not None
        assert len(dataset.images) == 3


def test_a_whole_folder_gives_no_warning(tmp_path: Path) -> None:
    picture(tmp_path / "p" / "a.png")
    picture(tmp_path / "p" / "b.png")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load(tmp_path / "p")


# ── the decoded file ────────────────────────────────────────────────────────────────────────────────────────────────


def test_images_are_decoded_once_and_again_only_when_a_file_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "p"
    for name in "abc":
        picture(folder / f"{name}.png")
    decoded: list[str] = []

    def counted(path: Path, size: int, channels: int) -> np.ndarray | str:
        decoded.append(path.name)
        return decode(path, size, channels)

    monkeypatch.setattr("ablate.datasets.image_folder.decode", counted)
    first = load(folder)
    again = load(folder)
    assert sorted(decoded) == ["a.png", "b.png", "c.png"]
    assert first.images is not None
    assert again.images is not None
    assert torch.equal(first.images, again.images)
    assert first.fingerprint == again.fingerprint
    before = first.images.clone()
    picture(folder / "b.png")
    changed = load(folder)
    assert len(decoded) == 6
    assert changed.images is not None
    assert changed.fingerprint != first.fingerprint
    assert torch.equal(first.images, before)  # who holds the pixels of before keeps them
    assert not torch.equal(changed.images[1], first.images[1])
    assert len(list((tmp_path / "data" / "decoded").glob("*.uint8"))) == 1
    load(folder, size=4)
    assert len(decoded) == 9


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="the system does not say what it has mapped")
def test_the_pixels_are_mapped_from_the_file_not_read(tmp_path: Path) -> None:
    picture(tmp_path / "p" / "a.png")
    picture(tmp_path / "p" / "b.png")
    dataset = load(tmp_path / "p")
    (pixels,) = (tmp_path / "data" / "decoded").glob("*.uint8")
    assert str(pixels) in Path("/proc/self/maps").read_text()
    assert dataset.images is not None
    assert dataset.images.numpy().tobytes() == pixels.read_bytes()


def test_the_fingerprint_is_of_pixels_and_labels_not_of_names_or_places(tmp_path: Path) -> None:
    one, two = picture(tmp_path / "p" / "a.png"), picture(tmp_path / "p" / "b.png")
    for folder, first, second in (("q", "x.png", "y.png"), ("r", "k/x.png", "l/y.png")):
        for source, name in ((one, first), (two, second)):
            target = tmp_path / folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    plain, moved, labelled = (load(tmp_path / folder).fingerprint for folder in "pqr")
    assert plain == moved != labelled
    assert load(tmp_path / "p", channels=1).fingerprint != plain


def test_a_decoded_file_that_is_cut_short_is_made_again(tmp_path: Path) -> None:
    picture(tmp_path / "p" / "a.png")
    picture(tmp_path / "p" / "b.png")
    images = load(tmp_path / "p").images
    assert images is not None
    before = images.clone()
    (pixels,) = (tmp_path / "data" / "decoded").glob("*.uint8")
    os.truncate(pixels, 100)
    repaired = load(tmp_path / "p").images
    assert repaired is not None
    assert torch.equal(repaired, before)


# ── bad input ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_folder_that_is_not_there_or_holds_no_images_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingData, match=rf"{tmp_path}/nowhere does not exist"):
        load(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingData, match=rf"no images in {tmp_path}/empty; looked for files ending in \.bmp"):
        load(tmp_path / "empty")
    with pytest.raises(MissingData, match="is not a folder"):
        load(picture(tmp_path / "a.png"))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "a.png").write_bytes(b"")
    with pytest.warns(AblateWarning), pytest.raises(MissingData, match="holds 0 readable images"):
        load(tmp_path / "broken")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "dataset image_folder needs path, which is not given"),
        ({"path": "x", "channels": 2}, "channels is 2, expected one of: 1, 3"),
        ({"path": "x", "size": 0}, "size is 0, expected a whole number above 0"),
        ({"path": 3}, "path is 3, expected a text"),
        ({"path": "x", "sise": 8}, "unknown option of image_folder 'sise'.*did you mean 'size'"),
    ],
)
def test_options_are_checked_before_anything_is_loaded(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RunConfig(dataset="image_folder", dataset_options=options, generator_steps=1)


def test_shapes_follow_the_options() -> None:
    assert sample_shape("image_folder", {"path": "x", "size": 16, "channels": 1}) == (1, 16, 16)
    assert sample_shape("image_folder", {}) == (3, 64, 64)
    assert sample_shape("ring8", {}) == (2,)
    settings = {"dataset": "image_folder", "architecture": "conv", "generator_steps": 1}
    assert RunConfig(**settings, dataset_options={"path": "x", "size": 16})
    with pytest.raises(
        ValueError, match=r"needs images with sides divisible by 4, image_folder has shape \(3, 30, 30\)"
    ):
        RunConfig(**settings, dataset_options={"path": "x", "size": 30})


def test_labels_may_be_asked_for_only_with_class_folders(tmp_path: Path) -> None:
    picture(tmp_path / "p" / "k" / "a.png")
    picture(tmp_path / "p" / "k" / "b.png")
    config = RunConfig(
        dataset="image_folder", dataset_options={"path": str(tmp_path / "p")}, conditional=True, generator_steps=1
    )
    with pytest.raises(
        UsageError, match=rf"conditional needs labels, but image_folder \(path={tmp_path}/p .*\) has none"
    ):
        dataset_of(config)
    picture(tmp_path / "p" / "l" / "c.png")
    assert dataset_of(config).n_classes == 2
