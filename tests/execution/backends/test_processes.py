"""Work in a process of its own: what it gives, raises and warns of comes along; a process that dies is replaced."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import ablate
from ablate.errors import AblateError, AblateWarning, UsageError
from ablate.execution.backends.processes import TRIES, run_in_process

PROJECT = Path(ablate.__file__).parents[1]


class Foreign(Exception):
    """An error that only its own process need know."""


def warned(value: int) -> int:
    warnings.warn("mind the step", AblateWarning, stacklevel=2)
    warnings.warn("not for people", DeprecationWarning, stacklevel=2)
    return value + 1


def raising(error: Exception) -> None:
    raise error


def foreign() -> None:
    raise Foreign("of a component")


def unpicklable() -> None:
    raise ValueError("the real reason", threading.Lock())


def leaves(seconds: float) -> None:
    """Ends at once, with a child that goes on and holds all that it has open."""
    if not os.fork():
        time.sleep(seconds)
        os._exit(0)
    os._exit(7)


def surroundings() -> tuple[int, str, str | None, bool]:
    return os.getpid(), os.getcwd(), os.environ.get("ABLATE_TEST"), "torch" in sys.modules


def dies(folder: Path, times: int) -> str:
    """Dies at its first calls, as a process does that the system kills."""
    (folder / str(os.getpid())).touch()
    if len(list(folder.iterdir())) <= times:
        os.kill(os.getpid(), signal.SIGKILL)
    return "alive"


def test_a_value_and_our_warnings_come_along() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert run_in_process(warned, 41) == 42
    assert [str(warning.message) for warning in caught if "step" in str(warning.message)] == ["mind the step"]
    assert not any("not for people" in str(warning.message) for warning in caught)


def test_what_it_raises_is_raised_here() -> None:
    with pytest.raises(UsageError, match="a wrong flag"):
        run_in_process(raising, UsageError("a wrong flag"))
    with pytest.raises(MemoryError, match="all of it"):
        run_in_process(raising, MemoryError("all of it"))
    with pytest.raises(RuntimeError, match="Foreign: of a component") as caught:
        run_in_process(foreign)
    assert "in foreign" in caught.value.__notes__[0]
    with pytest.raises(RuntimeError, match=r"ValueError: .*the real reason"):
        run_in_process(unpicklable)


def test_one_that_ends_without_a_word_is_an_error_though_a_child_of_it_lives() -> None:
    began = time.monotonic()
    with pytest.raises(AblateError, match="the process of leaves ended with exit code 7"):
        run_in_process(leaves, 20.0)
    assert time.monotonic() - began < 15


def test_it_is_another_process_with_this_ones_folder_and_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for value in ("first", "second"):  # what it is forked from has seen neither
        monkeypatch.setenv("ABLATE_TEST", value)
        monkeypatch.chdir(tmp_path)
        process, folder, found, _ = run_in_process(surroundings)
        assert process != os.getpid()
        assert (folder, found) == (str(tmp_path), value)
    monkeypatch.delenv("ABLATE_TEST")
    assert run_in_process(surroundings)[2] is None


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux alone")
def test_pytorch_is_there_without_being_imported_again() -> None:
    assert run_in_process(surroundings)[3]


def python(program: str, folder: Path, **options: Any) -> subprocess.Popen[str]:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"} | {"PYTHONPATH": str(PROJECT)}
    words = [sys.executable, "-P", "-c", program]
    pipe = subprocess.PIPE
    return subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True, cwd=folder, env=environment, **options)


def test_what_it_prints_is_seen(tmp_path: Path) -> None:
    process = python(
        "from ablate.execution.backends.processes import run_in_process\nrun_in_process(print, 'from there')\nprint('here')",
        tmp_path,
    )
    assert process.communicate(timeout=60) == ("from there\nhere\n", "")


def test_files_in_the_current_folder_are_not_taken_for_modules(tmp_path: Path) -> None:
    (tmp_path / "numbers.py").write_text("raise SystemExit('the wrong module')")
    program = "from ablate.execution.backends.processes import run_in_process\nprint(run_in_process(len, 'four'))"
    process = python(program, tmp_path)
    assert process.communicate(timeout=60) == ("4\n", "")


def test_threads_that_start_processes_at_once_leave_everything_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path, Path("no text")])  # which Python ignores
    main, before = sys.modules["__main__"], dict(os.environ)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda word: run_in_process(len, word), ["a", "bb", "ccc", "dddd"])) == [1, 2, 3, 4]
    assert sys.modules["__main__"] is main
    assert dict(os.environ) == before


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux alone")
def test_a_forkserver_killed_at_any_moment_is_replaced(tmp_path: Path) -> None:
    program = """
import os, signal, threading, time
from multiprocessing import forkserver
from ablate.execution.backends.processes import run_in_process
def kill():
    for pause in (0.2, 1.0, 2.0):
        time.sleep(pause)
        if forkserver._forkserver._forkserver_pid:
            os.kill(forkserver._forkserver._forkserver_pid, signal.SIGKILL)
            print('killed')
thread = threading.Thread(target=kill)
thread.start()
while thread.is_alive():
    assert run_in_process(len, 'four') == 4
"""
    out, error = python(program, tmp_path).communicate(timeout=100)
    assert "killed" in out
    assert error == ""


@pytest.mark.parametrize("seconds", [1.0, 2.5])
def test_ctrl_c_before_anything_is_trained_is_one_line(seconds: float, study_file: Path, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "ablate", "run", str(study_file), "--workers", "2", "--out", str(tmp_path / "out")]
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        words, stdout=pipe, stderr=pipe, text=True, start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # whoever started the tests may ignore it
    )  # fmt: skip
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert error == "ablate: interrupted; run the same command again to go on\n"


def test_a_process_that_dies_is_replaced_and_one_that_always_dies_is_an_error(tmp_path: Path) -> None:
    assert run_in_process(dies, tmp_path, TRIES - 1) == "alive"
    with pytest.raises(
        AblateError, match=rf"{TRIES} processes of dies died, the last one with exit code -9, as the system"
    ):
        run_in_process(dies, tmp_path, 100)


TAKES_LEAVE = """
import atexit, os, sys
def leave(own=os.getpid()):
    if os.getpid() == own:
        os.write(2, b"all that I know")
if any("forkserver" in argument for argument in sys.orig_argv):
    atexit.register(leave)
"""


def test_libraries_say_nothing_when_the_process_that_workers_are_forked_from_ends(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(TAKES_LEAVE)
    code = (
        "import os, sys\n"
        "from ablate.execution.backends.processes import run_in_process\n"
        "print(run_in_process(os.getenv, 'PYTHONPATH'))\n"
    )
    path = os.pathsep.join([str(tmp_path), str(Path(ablate.__file__).parents[1])])
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env={**os.environ, "PYTHONPATH": path}
    )
    assert str(tmp_path) in done.stdout, done.stderr
    assert done.stderr == ""
