"""fid with Inception's features against pytorch-fid itself, on weights of the same layout that are made here."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from pytorch_fid import fid_score
from pytorch_fid import inception as theirs
from torch import Tensor

from ablate.datasets import load_dataset
from ablate.errors import AblateError
from ablate.metrics.evaluation import Reference
from ablate.metrics.frechet import Gaussian, frechet_distance
from ablate.metrics.inception import FILE, InceptionFeatures, InceptionFid, usual_path, why_missing

CPU = torch.device("cpu")
DIGITS = load_dataset("digits", {})


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights that keep the features of images apart, in the layout of the published file."""
    path = tmp_path_factory.mktemp("weights") / FILE
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(theirs, "load_state_dict_from_url", lambda *_, **__: fresh())
        torch.save(theirs.fid_inception_v3().state_dict(), path)
    return path


def fresh() -> dict[str, Tensor]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.nn.Module, "load_state_dict", lambda *_: None)
        patch.setattr(theirs, "load_state_dict_from_url", lambda *_, **__: {})
        network = theirs.fid_inception_v3()
    generator = torch.Generator().manual_seed(0)
    state: dict[str, Tensor] = network.state_dict()
    for name, value in state.items():
        if value.dim() > 1:
            deviation = (2 / value[0].numel()) ** 0.5
            state[name] = deviation * torch.randn(value.shape, generator=generator)
    return state


@pytest.fixture(scope="module")
def original(weights: Path) -> torch.nn.Module:
    """pytorch-fid's own network with these weights."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(theirs, "load_state_dict_from_url", lambda *_, **__: torch.load(weights, weights_only=True))
        network: torch.nn.Module = theirs.InceptionV3([3]).eval()
    return network


def images(n: int, channels: int, seed: int) -> Tensor:
    """Smooth images with 8-bit values in [-1, 1]."""
    coarse = torch.rand(n, channels, 4, 4, generator=torch.Generator().manual_seed(seed))
    levels = (torch.nn.functional.interpolate(coarse, (32, 32), mode="bicubic").clamp(0, 1) * 255).round()
    return levels.double() / 127.5 - 1


def saved(samples: Tensor, folder: Path) -> list[str]:
    folder.mkdir()
    levels = ((samples + 1) * 127.5).round().to(torch.uint8)
    paths = [folder / f"{i:03d}.png" for i in range(len(samples))]
    for image, path in zip(levels, paths, strict=True):
        Image.fromarray(image.permute(1, 2, 0).squeeze(-1).numpy()).save(path)
    return [str(path) for path in paths]


@pytest.mark.parametrize("channels", [1, 3])
def test_features_and_distance_are_pytorch_fids_of_the_saved_images(
    channels: int, weights: Path, original: torch.nn.Module, tmp_path: Path
) -> None:
    ours = InceptionFeatures(weights, CPU)
    samples = images(6, channels, 1), images(6, channels, 2)
    own = [ours.features(x) for x in samples]
    expected = [
        fid_score.get_activations(saved(x, tmp_path / str(i)), original, batch_size=3, num_workers=0)
        for i, x in enumerate(samples)
    ]
    for mine, other in zip(own, expected, strict=True):
        assert mine.shape == (6, 2048)
        assert np.allclose(mine.numpy(), other, rtol=1e-4, atol=1e-5 * np.abs(other).max())
    assert np.abs(expected[0] - expected[1]).max() > 0.1  # the network tells the images apart
    moments = [(x.mean(0), np.cov(x, rowvar=False)) for x in (e[:, :4] for e in expected)]
    distance = frechet_distance(*(Gaussian.of_features(x[:, :4]) for x in own))
    theirs_distance = fid_score.calculate_frechet_distance(*moments[0], *moments[1])
    assert distance == pytest.approx(theirs_distance, rel=1e-3)  # activations are in float32


def test_generated_values_are_rounded_to_8_bits_as_if_they_had_been_saved(weights: Path) -> None:
    ours, exact = InceptionFeatures(weights, CPU), images(2, 1, 3)
    assert torch.equal(ours.features(exact), ours.features(exact + 0.3 / 127.5))
    assert torch.equal(ours.features(torch.full_like(exact, 1.0)), ours.features(torch.full_like(exact, 9.0)))


def test_the_name_holds_the_number_of_samples_and_real_images_score_about_the_floor(weights: Path) -> None:
    reference = Reference(DIGITS, 8)
    inception = InceptionFid.of(reference, weights, CPU)
    assert inception is not None
    assert InceptionFid.of(reference, weights, CPU) is inception
    real = inception(reference.second_sample())
    assert set(real) == {"fid_inception_8"}
    assert inception.floors == {"fid_inception_8_floor": pytest.approx(real["fid_inception_8"])}
    noise = 2 * torch.rand(8, 1, 8, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64) - 1
    assert inception(noise)["fid_inception_8"] > 2 * real["fid_inception_8"]
    assert np.isnan(inception(noise / 0)["fid_inception_8"])


def test_points_have_none_and_nobody_gets_one_without_asking(weights: Path) -> None:
    assert InceptionFid.of(Reference(load_dataset("ring8", {}), 100), weights, CPU) is None
    assert InceptionFid.of(Reference(DIGITS, 100), None, CPU) is None


def test_missing_weights_are_skipped_and_say_where_to_get_them(tmp_path: Path) -> None:
    said = why_missing(tmp_path / FILE)
    assert str(tmp_path / FILE) in said
    assert "download them from https://github.com/mseitzer/pytorch-fid/releases/" in said
    inception = InceptionFid(Reference(DIGITS, 100), tmp_path / FILE, CPU)
    assert inception.skipped == said.replace(str(tmp_path / FILE), FILE), "tables say nothing of this machine's folders"
    assert inception.floors == inception(DIGITS.reference(100, 1)[0]) == {}


def test_a_missing_package_is_skipped_and_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, weights: Path
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "pip install 'ablate[inception]'" in why_missing(weights)


def test_the_usual_place_is_that_of_pytorch_fid(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert usual_path() == tmp_path / "hub" / "checkpoints" / theirs.FID_WEIGHTS_URL.rsplit("/", 1)[1]


class Harmful:
    """What a hostile file would hold."""

    def __reduce__(self) -> tuple[object, tuple[str, ...]]:
        return os.mkdir, ("harmed",)


def test_other_files_are_refused_and_no_code_in_them_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, weights: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "weights.pth"
    refused = r"weights\.pth: not the weights of pytorch-fid's Inception network .* download https"
    whole = weights.read_bytes()
    for content in (b"", whole[: len(whole) // 2], b"nothing of the kind", pickle.dumps(Harmful())):
        path.write_bytes(content)
        with pytest.raises(AblateError, match=refused):
            InceptionFeatures(path, CPU)
    for value in ({"a": torch.zeros(3)}, [1, 2], Harmful()):
        torch.save(value, path)
        with pytest.raises(AblateError, match=refused):
            InceptionFeatures(path, CPU)
    assert not (tmp_path / "harmed").exists()
