"""Worker processes die one at a time: a death costs a cohort's unsaved steps, and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from ablate.execution.backends import worker_process
from ablate.execution.options import Options
from ablate.results.tables import Results
from ablate.search.batches import run_study
from ablate.study.load import load_study
from ablate.training.outcome import Progress
from tests.support.kills import forkserver_of, workers_of
from tests.support.timing import TIMING

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds worker processes by /proc")

LONGER = "--set=generator_steps=300"
DEADLY = """\
import os, signal
from ablate.registry import register
from ablate.training.losses import Wasserstein

@register("loss", "deadly")
class Deadly(Wasserstein):
    "Kills the process that trains more members than that."
    def critic(self, real, fake):
        if len(real) > {members}:
            os.kill(os.getpid(), signal.SIGKILL)
        return (fake - real).mean(1)
"""


def words(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "ablate", *map(str, arguments)]


def content(folder: Path) -> list[pd.DataFrame]:
    results = Results.read(folder)
    return [results.runs.drop(columns=TIMING), results.curves.drop(columns="seconds"), results.probes]


def test_a_worker_killed_in_the_middle_changes_nothing_in_the_end(study_file: Path, tmp_path: Path) -> None:
    straight = tmp_path / "straight"
    arguments = ("run", study_file, LONGER, "--workers", 2, "--checkpoint-seconds", 0, "--out")
    done = subprocess.run(words(*arguments, straight), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    killed_and_compared((*arguments, tmp_path / "1"), straight, workers_of, "was killed by SIGKILL")
    lost = "was lost with the process that it was forked from"
    killed_and_compared((*arguments, tmp_path / "2"), straight, forkserver_of, lost)


def killed_and_compared(
    arguments: tuple[object, ...], straight: Path, victims: Callable[[int], list[int]], said: str
) -> None:
    *_, killed = arguments
    assert isinstance(killed, Path)
    process = subprocess.Popen(words(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 60
    while len(list((killed / "checkpoints").glob("*.safetensors"))) < 2:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.01)
    os.kill(victims(process.pid)[0], signal.SIGKILL)
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 0, stderr
    assert f"the worker process {said}" in stderr
    assert "trained again from the last checkpoint (try 2 of 3)" in stderr
    for mine, other in zip(content(straight), content(killed), strict=True):
        pd.testing.assert_frame_equal(mine, other, check_exact=True)
    assert not (killed / "checkpoints").exists()


def test_a_cohort_that_always_kills_its_worker_fails_and_the_others_go_on(study_file: Path, tmp_path: Path) -> None:
    plugin = tmp_path / "deadly.py"
    plugin.write_text(DEADLY.format(members=0))
    study_file.write_text(study_file.read_text() + "  bad: {loss: deadly, lipschitz: none}\n")
    arguments = words("run", study_file, "--workers", 2, "--plugin", plugin, "--out", tmp_path / "out")
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=120)
    assert done.returncode == 3, done.stderr
    assert "(try 2 of 3)" in done.stderr
    assert "(try 3 of 3)" in done.stderr
    runs = Results.read(tmp_path / "out").runs
    assert runs.groupby("arm")["status"].first().to_dict() == {"bad": "failed", "wgan": "done", "wgan_gp": "done"}
    reasons = set(runs.loc[runs["arm"] == "bad", "error"])
    assert reasons == {"WorkerDied: 3 worker processes died training it; the last one was killed by SIGKILL"}


class Notes:
    """Keeps what is told."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.finished_plans: list[dict[str, int]] = []

    def start(self, plans: object, workers: int, device: str) -> None:
        pass

    def progress(self, cohort: str, progress: Progress) -> None:
        self.notes += [progress.note] if progress.note else []

    def finished(self, plan: object, ended: dict[str, int]) -> None:
        self.finished_plans.append(dict(ended))

    def stop(self) -> None:
        pass


def test_a_cohort_killed_for_want_of_memory_is_split(
    study_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = tmp_path / "deadly.py"
    plugin.write_text(DEADLY.format(members=1))
    text = study_file.read_text()
    study_file.write_text(text[: text.index("arms:")] + "arms:\n  bad: {loss: deadly, lipschitz: none}\n")
    kills = iter(range(100))
    monkeypatch.setattr(worker_process, "kills_for_memory", lambda: (next(kills),))
    from ablate import registry

    monkeypatch.setattr(registry.registry, "_plugins", dict(registry.registry._plugins))
    monkeypatch.setattr(registry.registry, "sources", dict(registry.registry.sources))
    registry.load_plugin(str(plugin))
    notes = Notes()
    options = Options(tmp_path / "out", workers=2)
    runs = run_study(load_study(study_file), options, notes).results.runs
    assert list(runs["status"]) == ["done"] * 3
    assert list(runs["cohort_size"]) == [1, 1, 1]
    assert [note.split("; ")[-1] for note in notes.notes] == [
        "its cohort is trained again in 2 parts (try 2 of 3)",
        "its cohort is trained again in 4 parts (try 3 of 3)",
    ]
    assert all("for lack of memory" in note for note in notes.notes)
    assert notes.finished_plans == [{"done": 3}]
