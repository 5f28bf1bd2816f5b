"""Work in a process of its own: what it gives, raises and warns of comes along; a process that dies is replaced."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from pathlib import Path

import pytest

from ablate.errors import AblateError, AblateWarning, UsageError
from ablate.execution.processes import TRIES, apart


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
        assert apart(warned, 41) == 42
    assert [str(each.message) for each in caught if "step" in str(each.message)] == ["mind the step"]
    assert not any("not for people" in str(each.message) for each in caught)


def test_what_it_raises_is_raised_here() -> None:
    with pytest.raises(UsageError, match="a wrong flag"):
        apart(raising, UsageError("a wrong flag"))
    with pytest.raises(MemoryError, match="all of it"):
        apart(raising, MemoryError("all of it"))
    with pytest.raises(RuntimeError, match="Foreign: of a component") as caught:
        apart(foreign)
    assert "in foreign" in caught.value.__notes__[0]


def test_it_is_another_process_with_this_ones_folder_and_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for value in ("first", "second"):  # what it is forked from has seen neither
        monkeypatch.setenv("ABLATE_TEST", value)
        monkeypatch.chdir(tmp_path)
        process, folder, found, _ = apart(surroundings)
        assert process != os.getpid()
        assert (folder, found) == (str(tmp_path), value)
    monkeypatch.delenv("ABLATE_TEST")
    assert apart(surroundings)[2] is None


@pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux alone")
def test_pytorch_is_there_without_being_imported_again() -> None:
    assert apart(surroundings)[3]


def test_a_process_that_dies_is_replaced_and_one_that_always_dies_is_an_error(tmp_path: Path) -> None:
    assert apart(dies, tmp_path, TRIES - 1) == "alive"
    with pytest.raises(AblateError, match=rf"{TRIES} processes died of dies; the exit code of the last one is -9"):
        apart(dies, tmp_path, 100)
