"""A stop at any moment, by a kill, Ctrl-C or another run, changes nothing in the end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ablate.execution.display import Quiet
from ablate.execution.options import Options
from ablate.results.lock import Locked, locked
from ablate.search.batches import run_study
from tests.support.whole_tables import assert_same, command


def begin(*arguments: object) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", "ablate", *map(str, arguments)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.01)


LONGER = "--set=generator_steps=300"


def test_a_study_killed_at_several_moments_ends_with_the_same_table(study_file: Path, tmp_path: Path) -> None:
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    arguments = ("--workers", 2, "--checkpoint-seconds", 0)
    done = command("run", study_file, LONGER, "--out", straight, *arguments)
    assert done.returncode == 0, done.stderr

    def checkpoints() -> list[Path]:
        return sorted((killed / "checkpoints").glob("*.safetensors"))

    def state() -> list[tuple[str, int]]:
        try:
            return [(p.name, p.stat().st_mtime_ns) for p in checkpoints()]
        except FileNotFoundError:  # replaced while being listed
            return []

    moments: list[Callable[[], bool]] = [
        (killed / "runs.csv").exists,
        lambda: len(state()) == 2 and state() != before,
    ]
    for moment in moments:
        before = state()
        process = begin("run", study_file, LONGER, "--out", killed, *arguments)
        wait_until(moment, process)
        process.kill()
        process.communicate()
    assert checkpoints(), "the study ended before it was killed: make it longer"
    done = command("run", study_file, LONGER, "--out", killed, *arguments)
    assert done.returncode == 0, done.stderr
    assert_same(straight, killed)
    assert not (killed / "checkpoints").exists()


class InterruptedOnce(Quiet):
    """Sends Ctrl-C as soon as something trains."""

    def __init__(self) -> None:
        self.sent = False

    def progress(self, cohort: str, progress: object) -> None:
        if not self.sent:
            self.sent = True
            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_writes_checkpoints_and_the_next_call_goes_on(study_file: Path, tmp_path: Path, workers: int) -> None:
    from ablate.commands.run import _exit_code
    from ablate.study.load import load_study
    from ablate.training.checkpoint import load

    out = tmp_path / "out"
    study = load_study(study_file, ("generator_steps=20000",))
    summary = run_study(study, Options(out, workers=workers, checkpoint_seconds=3600), InterruptedOnce())
    assert _exit_code(summary) == 130
    assert summary.counts == {"missing": 6}
    found = [load(path)[1]["generator_step"] for path in (out / "checkpoints").glob("*.safetensors")]
    assert found
    assert all(0 < step < 20000 for step in found)


def test_a_second_run_on_the_same_folder_says_so_and_stops(study_file: Path, tmp_path: Path) -> None:
    with locked(tmp_path / "out"):
        done = command("run", study_file, "--out", tmp_path / "out")
        assert done.returncode == 2
        assert f"process {os.getpid()}" in done.stderr
        assert "Traceback" not in done.stderr
        with pytest.raises(Locked), locked(tmp_path / "out"):
            pass
