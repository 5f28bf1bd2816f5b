"""A plugin is importable by its file's name, and takes no other module's place."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

import pytest

from ablate import registry
from ablate.errors import UsageError

EMPTY = "VALUE = 1\n"


def write(folder: Path, name: str, text: str = EMPTY) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "name", ["random.py", "json.py", "yaml.py", "torch.py", "ablate.py", "sys.py", "antigravity.py"]
)
def test_a_file_with_another_modules_name_is_refused(name: str, tmp_path: Path) -> None:
    """Of the standard library, loaded or not, or of an installed package."""
    before = dict(sys.modules)
    with pytest.raises(UsageError, match=f"--plugin .*there is another module named {name[:-3]} .*rename the file"):
        registry.load_plugin(str(write(tmp_path, name)))
    assert sys.modules == before
    assert (sys.modules["random"], sys.modules["json"]) == (random, json)


def test_a_file_whose_name_no_module_can_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"a module cannot be named my\.plugin, with a dot; rename the file"):
        registry.load_plugin(str(write(tmp_path, "my.plugin.py")))


def test_a_plugin_can_be_imported_by_others_under_its_files_name(tmp_path: Path) -> None:
    registry.load_plugin(str(write(tmp_path, "plugin_first.py")))
    registry.load_plugin(
        str(write(tmp_path, "plugin_second.py", "import plugin_first\nassert plugin_first.VALUE == 1\n"))
    )
    assert registry.sources() == (str(tmp_path / "plugin_first.py"), str(tmp_path / "plugin_second.py"))


def test_the_same_file_can_be_loaded_twice_and_another_of_its_name_cannot(tmp_path: Path) -> None:
    path, other = write(tmp_path, "plugin_twice.py"), tmp_path / "other"
    registry.load_plugin(str(path))
    registry.load_plugin(str(path))
    other.mkdir()
    with pytest.raises(UsageError, match="there is another module named plugin_twice"):
        registry.load_plugin(str(write(other, "plugin_twice.py")))


def test_a_plugin_that_fails_leaves_the_modules_as_they_were(tmp_path: Path) -> None:
    text = (
        "from ablate import registry\n@registry.register('loss', 'half')\nclass Half: ...\nraise RuntimeError('no')\n"
    )
    path = write(tmp_path, "plugin_failing.py", text)
    before = dict(sys.modules)
    with pytest.raises(UsageError, match="RuntimeError: no"):
        registry.load_plugin(str(path))
    assert sys.modules == before
    assert registry.find("loss", "half") is None, "nothing of it is registered"
    assert registry.sources() == ()
    path.write_text(EMPTY)
    registry.load_plugin(str(path))
    first = sys.modules["plugin_failing"]
    path.write_text("raise RuntimeError('again, longer')\n")
    with pytest.raises(UsageError, match="again"):
        registry.load_plugin(str(path))
    assert sys.modules["plugin_failing"] is first
