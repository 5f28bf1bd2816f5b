"""A reader that goes away, as in `ablate run … 2>&1 | head -1`, changes nothing of what is trained."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from ablate.execution.closed_pipes import closed_pipes_ignored
from ablate.results.tables import Results
from tests.support.timing import TIMING

CHATTY = """\
from ablate.registry import register
from ablate.training.losses import Wasserstein

@register("loss", "chatty")
class Chatty(Wasserstein):
    "Says something in every step."
    def critic(self, real, fake):
        print("a step", flush=True)
        return super().critic(real, fake)
"""


def content(folder: Path) -> list[pd.DataFrame]:
    results = Results.read(folder)
    return [results.runs.drop(columns=TIMING), results.curves.drop(columns="seconds"), results.probes]


@pytest.mark.parametrize("workers", [1, 2])
def test_rows_are_as_without_the_pipe(workers: int, study_file: Path, tmp_path: Path) -> None:
    plugin = tmp_path / "chatty.py"
    plugin.write_text(CHATTY)
    study_file.write_text(
        study_file.read_text().replace("loss: wasserstein, lipschitz: clip", "loss: chatty, lipschitz: clip")
    )
    words = [sys.executable, "-m", "ablate", "run", str(study_file), "--plugin", str(plugin), "--workers", str(workers)]
    subprocess.run([*words, "--out", str(tmp_path / "straight")], capture_output=True, timeout=120, check=True)
    reader, writer = os.pipe()
    process = subprocess.Popen([*words, "--out", str(tmp_path / "out")], stdout=writer, stderr=writer)
    os.close(writer)
    assert os.read(reader, 8) == b"training"
    os.close(reader)
    assert process.wait(timeout=120) == 0
    assert set(Results.read(tmp_path / "out").runs["status"]) == {"done"}
    for mine, other in zip(content(tmp_path / "straight"), content(tmp_path / "out"), strict=True):
        pd.testing.assert_frame_equal(mine, other, check_exact=True)


def test_what_is_written_while_there_is_a_reader_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    with open(writer, "w", encoding="utf-8", buffering=1) as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        with closed_pipes_ignored():
            print("heard")
            assert os.read(reader, 100) == b"heard\n"
            os.close(reader)
            print("unheard", flush=True)
            sys.stdout.writelines(["more\n"])
        assert sys.stdout is stream


def test_other_errors_are_not_hidden(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with open(tmp_path / "file", "w", encoding="utf-8") as stream:
        monkeypatch.setattr(sys, "stdout", stream)
    with closed_pipes_ignored(), pytest.raises(ValueError, match="closed file"):
        print("to a file that is closed")
