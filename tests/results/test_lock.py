"""One process at a time works in a folder; one that is killed leaves no lock behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ablate.errors import AblateError
from ablate.results.lock import Locked, locked

WITHOUT_FCNTL = "import sys, warnings; sys.modules['fcntl'] = None; warnings.simplefilter('ignore')\n"
HOLD = """\
import sys, time
from pathlib import Path
from ablate.errors import AblateError
from ablate.results.lock import locked
try:
    with locked(Path(sys.argv[1])):
        print("held", flush=True)
        time.sleep(float(sys.argv[2]))
except AblateError as error:
    print(error)
"""


def holding(folder: Path, seconds: float, before: str = "") -> subprocess.Popen[str]:
    words = [sys.executable, "-c", before + HOLD, str(folder), str(seconds)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)


@pytest.fixture(params=["", WITHOUT_FCNTL], ids=["system's lock", "without fcntl"])
def holder(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A process that holds the folder, and how others must begin to lock as it does."""
    process = holding(tmp_path / "out", 100, request.param)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield request.param, process
    process.kill()
    process.communicate()


def test_the_holder_is_named_and_when_it_is_killed_the_folder_is_free(
    holder: tuple[str, subprocess.Popen[str]], tmp_path: Path
) -> None:
    before, process = holder
    said, _ = holding(tmp_path / "out", 0, before).communicate(timeout=60)
    assert said == (
        f"{tmp_path / 'out'}: another `ablate run` works here (process {process.pid}); wait for it, stop it, or use --out\n"
    )
    process.kill()
    process.wait()
    assert (tmp_path / "out" / ".lock.holder").read_text() == str(process.pid), "it could not take its name away"
    said, _ = holding(tmp_path / "out", 0, before).communicate(timeout=60)
    assert said == "held\n"


def test_a_refusal_does_not_wait(tmp_path: Path) -> None:
    with locked(tmp_path):
        began = time.monotonic()
        with pytest.raises(Locked, match=f"process {os.getpid()}"), locked(tmp_path):
            pass
        assert time.monotonic() - began < 1
    with locked(tmp_path):
        pass
    assert not (tmp_path / ".lock.holder").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(AblateError, match=r"cannot be written to: .*; choose another folder with --out"),
        locked(tmp_path / "file"),
    ):
        pass
