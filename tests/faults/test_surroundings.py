"""A full disk, a folder that cannot be written to, a clock that jumps, files that change: told, and nothing is lost."""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from ablate.errors import AblateError
from ablate.execution.display import Quiet
from ablate.execution.job import Summary
from ablate.execution.options import Options
from ablate.files import whole_files
from ablate.results.tables import Results
from ablate.search.batches import run_study
from ablate.study.load import load_study
from ablate.training import checkpoint
from tests.support.kills import STUDY
from tests.support.timing import TIMING

TEXT = STUDY.replace("generator_steps: 300", "generator_steps: 20").replace("seeds: 3", "seeds: 2")


@pytest.fixture
def study_file(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(TEXT)
    return path


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study's tables where nothing disturbs it, to be compared with."""
    folder = tmp_path_factory.mktemp("straight")
    (folder / "small.yaml").write_text(TEXT)
    run(folder / "small.yaml", folder / "out")
    return folder / "out"


def run(path: Path, out: Path, display: Quiet | None = None) -> Summary:
    return run_study(load_study(path), Options(out, workers=1, checkpoint_seconds=0), display or Quiet())


def content(folder: Path) -> list[pd.DataFrame]:
    results = Results.read(folder)
    return [results.runs.drop(columns=TIMING), results.curves.drop(columns="seconds"), results.probes]


def assert_same(a: Path, b: Path) -> None:
    for mine, other in zip(content(a), content(b), strict=True):
        pd.testing.assert_frame_equal(mine, other, check_exact=True)


# ── a disk that is full ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("full", ["runs.csv", "curves.parquet", "checksums.json", "checkpoint"])
def test_a_disk_that_fills_up_while_a_file_is_written_is_told_and_costs_nothing_that_was_there(
    full: str, study_file: Path, straight: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace, save_file, calls = whole_files.replace, checkpoint.save_file, [0]

    def no_space(file: Path) -> None:
        Path(file).write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def fails(due: bool) -> bool:
        calls[0] += due
        return due and calls[0] > 1  # the first write of it succeeds

    monkeypatch.setattr(
        whole_files, "replace", lambda p, write: replace(p, no_space if fails(p.name == full) else write)
    )
    monkeypatch.setattr(
        checkpoint,
        "save_file",
        lambda tensors, file, **more: (
            no_space(file) if fails(full == "checkpoint") else save_file(tensors, file, **more)
        ),
    )
    out = tmp_path / "out"
    with pytest.raises(AblateError, match=r"could not be written: .*No space left on device") as raised:
        run(study_file, out)
    assert "kept" in str(raised.value)
    assert not list(out.rglob("*.tmp"))
    monkeypatch.undo()
    run(study_file, out)
    assert_same(straight, out)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], capture_output=True)
    if done.returncode != 0:
        pytest.skip("mounting needs rights that are not given here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "ablate", *map(str, arguments)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_a_disk_that_is_really_full_is_one_clear_message(study_file: Path, small_disk: Path, tmp_path: Path) -> None:
    filler = small_disk / "filler"
    with contextlib.suppress(OSError), open(filler, "wb") as file:
        while True:
            file.write(bytes(4096))
    out = small_disk / "out"
    out.mkdir()
    done = command("run", study_file, "--workers", 2, "--out", out)
    assert done.returncode == 1, done.stderr
    assert "No space left on device" in done.stderr
    filler.unlink()
    done = command("run", study_file, "--workers", 2, "--out", out)
    assert done.returncode == 0, done.stderr


def test_a_results_folder_that_cannot_be_written_to_is_named(study_file: Path, small_disk: Path) -> None:
    out = small_disk / "out"
    run(study_file, out)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    done = command("run", study_file, "--seeds", 3, "--out", out)
    assert done.returncode == 1
    assert f"{out}: cannot be written to: Read-only file system; choose another folder with --out" in done.stderr
    done = command("verify", out)
    assert done.returncode == 0, "to read it needs no writing"


# ── a clock, and files that change ──────────────────────────────────────────────────────────────────────────────────


def test_a_clock_that_jumps_changes_nothing(
    study_file: Path, straight: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jumps = iter(range(10**6))
    monkeypatch.setattr(time, "time", lambda: 1e9 + (-1) ** next(jumps) * 1e8)
    monkeypatch.setattr("ablate.results.provenance.now", lambda: f"{2026 - next(jumps)}-01-01T00:00:00Z")
    run(study_file, tmp_path / "jumping")
    assert_same(straight, tmp_path / "jumping")


class Once(Quiet):
    """Does something as soon as the first cohort has ended."""

    def __init__(self, action: Callable[[], object]) -> None:
        self.actions = [action]

    def finished(self, plan: object, ended: object) -> None:
        while self.actions:
            self.actions.pop()()


def test_a_study_file_that_changes_in_the_middle_counts_from_the_next_call_on(
    study_file: Path, straight: Path, tmp_path: Path
) -> None:
    before = study_file.read_text()
    after = before.replace("lambda_gp: 10", "lambda_gp: 5")
    out = tmp_path / "out"
    run(study_file, out, Once(lambda: study_file.write_text(after)))
    assert_same(straight, out)
    assert (out / "study.yaml").read_text() == before
    summary = run(study_file, out)
    assert (summary.trained, len(summary.unused_rows)) == (2, 2)
    assert (out / "study.yaml").read_text() == after


OWN_IMAGES = """\
study: own
question: Do the data stay the same?
seeds: {seeds}
datasets:
  mine: {{dataset: image_folder, path: {path}, size: 8, channels: 1}}
base:
  {{lipschitz: gradient_penalty, lambda_gp: 10, architecture: conv, width: 4, batch_size: 8, n_critic: 1, generator_steps: 4,
   evaluations: 2, evaluation_samples: 100}}
arms:
  one: {{lr: 0.0001}}
"""


def test_data_that_change_between_two_calls_are_told_and_not_mixed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ABLATE_DATA", str(tmp_path / "data"))
    images = tmp_path / "images"
    images.mkdir()
    draw = np.random.default_rng(0)
    for i in range(40):
        Image.fromarray(draw.integers(0, 256, (8, 8), np.uint8)).save(images / f"{i}.png")
    study, out = tmp_path / "own.yaml", tmp_path / "out"
    study.write_text(OWN_IMAGES.format(seeds=2, path=images))
    assert command("run", study, "--workers", 1, "--out", out).returncode == 0
    table = (out / "runs.csv").read_bytes()
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(images / "7.png")
    study.write_text(OWN_IMAGES.format(seeds=3, path=images))
    done = command("run", study, "--workers", 1, "--out", out)
    assert done.returncode == 1
    assert "dataset 'mine': its data have changed" in done.stderr
    assert (out / "runs.csv").read_bytes() == table
    done = command("verify", out, "--rerun", 1)
    assert done.returncode == 3
    assert "the data are others" in done.stdout


def test_a_checkpoint_of_other_data_is_not_gone_on_from(study_file: Path, tmp_path: Path) -> None:
    from ablate.training.outcome import Control, Progress
    from ablate.training.run import run_cohort

    configs = [run.config for run in load_study(study_file).runs() if run.arm == "gan"]
    import torch

    path, told = tmp_path / "x.safetensors", list[Progress]()
    first = run_cohort(configs, torch.device("cpu"), Control(checkpoint=path, keep_checkpoints=True))
    tensors, record = checkpoint.load(path)
    checkpoint.save(path, tensors, {**record, "dataset_fingerprint": "other"})
    again = run_cohort(configs, torch.device("cpu"), Control(checkpoint=path, report=told.append))
    assert "of other data than are here now" in told[0].note
    assert told[1].step < configs[0].total_generator_steps, "trained from the beginning"
    assert [o.final["fid"] for o in again] == [o.final["fid"] for o in first]
