"""ablate sample and ablate animate, as a user types them."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ablate
from ablate.cli import main
from ablate.results.tables import Results
from tests.support.commands import ablate as command


def run_id(studies: Path, name: str, seed: int = 0) -> str:
    runs = Results.read(studies / "runs" / name).runs
    return str(runs.loc[runs["seed"] == seed, "run_id"].iloc[0])


def test_every_run_leaves_its_generators_and_the_first_three_seeds_pictures(studies: Path) -> None:
    for name in ("pictures", "points"):
        folder = studies / "runs" / name
        ids = [run_id(studies, name, seed) for seed in range(4)]
        generators = {p.name for p in (folder / "generators").iterdir()}
        assert generators == {f"{i}.{which}.safetensors" for i in ids for which in ("best", "last")}
        assert {p.stem for p in (folder / "frames").iterdir()} == set(ids[:3])
        assert {p.stem for p in (folder / "samples").glob("[!r]*")} == set(ids[:3])


def test_a_conditional_generator_draws_a_row_for_each_class(studies: Path, tmp_path: Path) -> None:
    run, npz, png = run_id(studies, "pictures"), tmp_path / "x.npz", tmp_path / "grid.png"
    done = command("sample", run[:10], "--npz", npz, "--out", png, "--seed", 3, cwd=studies)
    assert done.returncode == 0, done.stderr
    assert "100 samples of the best generator" in done.stdout
    with np.load(npz) as file:
        x, labels = file["x"], file["labels"]
    assert list(labels) == [label for label in range(10) for _ in range(10)]
    generator = ablate.load_generator(studies / "runs" / "pictures" / "generators" / f"{run}.best.safetensors")
    np.testing.assert_array_equal(x, generator.sample(100, 3, list(labels)).numpy())
    with Image.open(png) as image:
        drawn = np.asarray(image.convert("L")).astype(int)
    times = len(drawn) // 89
    assert drawn.shape == (89 * times, 89 * times)
    second = drawn[9 * times : 17 * times : times, : 8 * times : times]  # the first image of class 1
    np.testing.assert_allclose(second, (x[10, 0] + 1) * 127.5, atol=0.51)


def test_one_label_and_the_last_generator(studies: Path, tmp_path: Path) -> None:
    run, npz = run_id(studies, "pictures", 3), tmp_path / "x.npz"
    options = ("--n", 12, "--label", 7, "--which", "last", "--npz", npz, "--out", tmp_path / "seven.png")
    done = command("sample", run, *options, cwd=studies)
    assert done.returncode == 0, done.stderr
    assert "12 samples of the last generator" in done.stdout
    with np.load(npz) as file:
        assert file["x"].shape == (12, 1, 8, 8)
        assert list(file["labels"]) == [7] * 12


def test_an_interpolation_has_ten_steps_a_row(studies: Path, tmp_path: Path) -> None:
    run, npz, png = run_id(studies, "pictures"), tmp_path / "x.npz", tmp_path / "way.png"
    done = command("sample", run, "--interpolate", 3, "--npz", npz, "--out", png, cwd=studies)
    assert done.returncode == 0, done.stderr
    with np.load(npz) as file:
        assert list(file["labels"]) == [0] * 10 + [1] * 10 + [2] * 10
    with Image.open(png) as image:
        assert image.width == image.height // 26 * 89


def test_points_are_drawn_over_real_ones_and_a_path_may_be_given(studies: Path, tmp_path: Path) -> None:
    path = studies / "runs" / "points" / "generators" / f"{run_id(studies, 'points')}.best.safetensors"
    done = command("sample", path, "--npz", tmp_path / "x.npz", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "x.npz") as file:
        assert {name: file[name].shape for name in file} == {"x": (500, 2)}
    with Image.open(tmp_path / f"{path.stem}.png") as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    grey = (pixels.max(2) - pixels.min(2) < 8) & (pixels.max(2) < 230)
    assert grey.any(), "no real points"
    assert (pixels[..., 2] - pixels[..., 0] > 60).any(), "no generated points"


@pytest.mark.parametrize("name", ["pictures", "points"])
def test_a_gif_has_a_picture_for_each_evaluation(name: str, studies: Path, tmp_path: Path) -> None:
    run = run_id(studies, name)
    done = command("animate", run, "--out", tmp_path / "a.gif", "--duration", 120, cwd=studies)
    assert done.returncode == 0, done.stderr
    assert "3 pictures, generator steps 2 to 6" in done.stdout
    with Image.open(tmp_path / "a.gif") as image:
        assert (image.n_frames, image.info["duration"], image.info["loop"]) == (3, 120, 0)


def test_frames_carried_elsewhere_are_animated_without_their_tables(studies: Path, tmp_path: Path) -> None:
    run = run_id(studies, "points")
    shutil.copy(studies / "runs" / "points" / "frames" / f"{run}.npz", tmp_path)
    done = command("animate", tmp_path / f"{run}.npz", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / f"{run}.gif").exists()


def mistakes(studies: Path) -> list[tuple[tuple[object, ...], str]]:
    images, points = run_id(studies, "pictures"), run_id(studies, "points")
    fourth = run_id(studies, "pictures", 3)
    (studies / "text.safetensors").write_text("nothing")
    (studies / "text.npz").write_text("nothing")
    return [
        (("sample", images, "--label", 10), "label 10 is out of range: this generator has labels 0 to 9"),
        (("sample", points, "--label", 0), "unconditional"),
        (("sample", points, "--label", 0, "--interpolate", 2), "unconditional"),
        (("sample", "zzzz"), "no run whose id begins with 'zzzz'"),
        (("sample", ""), "is the beginning of 8 run_ids"),
        (("sample", "nowhere.safetensors"), "no such file"),
        (("sample", "text.safetensors"), "not a readable safetensors file"),
        (("sample", images, "--runs", "nowhere"), "nowhere/*/generators"),
        (("sample", images, "--out", "a.jpg"), "ends in .png"),
        (("sample", images, "--npz", "a.csv"), "ends in .npz"),
        (("sample", images, "--n", 3, "--interpolate", 2), "leave one out"),
        (("sample", images, "--which", "middle"), "middle"),
        (("animate", fourth), "left pictures over time"),
        (("animate", "text.npz"), "not readable pictures"),
        (("animate", f"runs/pictures/samples/{images}.npz"), "not readable pictures"),
        (("animate", images, "--out", "a.png"), "ends in .gif"),
        (("animate", images, "--duration", 1), "--duration"),
    ]


@pytest.mark.parametrize("number", range(17))
def test_a_mistake_is_one_clear_message(
    number: int, studies: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, said = mistakes(studies)[number]
    monkeypatch.chdir(studies)
    monkeypatch.setattr(sys, "argv", ["ablate", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code in (1, 2)
    told = capsys.readouterr()
    assert said in told.err
    assert told.out == ""


def test_a_run_that_diverged_has_only_a_best_generator_and_the_error_says_so(studies: Path, tmp_path: Path) -> None:
    run = run_id(studies, "points")
    (tmp_path / "generators").mkdir()
    shutil.copy(studies / "runs" / "points" / "generators" / f"{run}.best.safetensors", tmp_path / "generators")
    done = command("sample", run, "--which", "last", "--runs", tmp_path, cwd=tmp_path)
    assert done.returncode == 2
    assert "diverged has only a best one" in done.stderr
    assert command("sample", run, "--runs", tmp_path, cwd=tmp_path).returncode == 0
