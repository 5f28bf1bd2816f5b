"""Components are found by name, without importing them, and unknown names are explained."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ablate import registry
from ablate.errors import UsageError


@pytest.fixture(autouse=True)
def _no_plugin_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry.registry, "_plugins", {})
    monkeypatch.setattr(registry.registry, "sources", {})


def test_the_built_in_components_are_known_without_importing_torch() -> None:
    program = (
        "import sys; from ablate import registry\n"
        "assert all(registry.entries(kind) for kind in registry.KINDS), 'a kind is empty'\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("kind", registry.KINDS)
def test_each_component_can_be_loaded_and_has_a_summary(kind: str) -> None:
    for name, entry in registry.entries(kind).items():
        assert callable(registry.get(kind, name)), name
        assert entry.summary, name


def test_facts_are_read_from_the_source() -> None:
    clip = registry.entry("lipschitz", "clip").facts.settings
    assert [(setting.name, setting.default) for setting in clip] == [("clip_value", None), ("clip_before", False)]
    assert registry.facts_about(registry.DatasetFacts, "ring8").shape == (2,)


def test_an_unknown_name_is_explained() -> None:
    with pytest.raises(UsageError, match=r"unknown loss 'hing', expected one of: .*hinge.*; did you mean 'hinge'\?"):
        registry.get("loss", "hing")
    assert registry.find("loss", "hing") is None


def test_a_long_list_of_names_is_cut() -> None:
    message = registry.unknown("arm", "x", [f"arm_{i}" for i in range(100)])
    assert "arm_39, and 60 more" in message
    assert "arm_40" not in message


def test_a_plugin_file_registers_components(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "plugin_of_test.py"
    path.write_text(
        "from ablate.registry import Setting, register\n"
        "@register('loss', 'mine', settings=(Setting('a', default=1.0),))\n"
        "class Mine:\n    '''My loss.\n\n    More.'''\n"
    )
    monkeypatch.delitem(sys.modules, path.stem, raising=False)
    registry.load_plugin(str(path))
    entry = registry.entry("loss", "mine")
    assert (entry.summary, entry.facts) == (
        "My loss.",
        registry.LossFacts(settings=(registry.Setting("a", default=1.0),)),
    )
    assert registry.get("loss", "mine").__name__ == "Mine"
    assert list(registry.entries("loss"))[-1] == "mine"
    assert registry.sources() == (str(path),)


def test_other_processes_load_what_was_loaded_here_in_its_order_and_what_registered_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tmp_path / "first_of_test.py", tmp_path / "second_of_test.py"
    first.write_text("VALUE = 1\n")  # registers nothing, and is needed by the second
    second.write_text(
        "import first_of_test\nfrom ablate import registry\n"
        "@registry.register('loss', 'second')\nclass Second:\n    'A loss.'\n"
    )
    for path in (first, second):
        monkeypatch.delitem(sys.modules, path.stem, raising=False)
        registry.load_plugin(str(path))
    registry.register("loss", "of_another")(Path)  # of another module, but registered by this one
    assert registry.sources() == (str(first), str(second), __name__)
    with pytest.raises(UsageError):
        registry.load_plugin(str(tmp_path / "none.py"))
    assert len(registry.sources()) == 3


@pytest.mark.parametrize(
    ("source", "phrase"),
    [
        ("raise RuntimeError('broken')", "RuntimeError: broken"),
        ("import no_such_module_at_all", "ModuleNotFoundError"),
        ("def", "SyntaxError"),
        (
            "from ablate.registry import register\n@register('los', 'a')\nclass A: ...",
            "unknown kind .los., expected one of: dataset",
        ),
        (
            "from ablate.registry import register\n@register('loss', 'hinge')\nclass A: ...",
            r"loss 'hinge' is already built in \(ablate.training.losses.Hinge\): use that one, and leave it out of "
            "broken_plugin_of_test, or register another name$",
        ),
        (
            "from ablate.registry import register\n@register('loss', 'hinge', options={})\nclass A: ...",
            "loss 'hinge' is already built in",  # whatever else is wrong in it
        ),
    ],
)
def test_a_plugin_that_fails_is_a_usage_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, phrase: str
) -> None:
    path = tmp_path / "broken_plugin_of_test.py"
    path.write_text(source)
    monkeypatch.delitem(sys.modules, path.stem, raising=False)
    with pytest.raises(UsageError, match=phrase):
        registry.load_plugin(str(path))


@pytest.mark.parametrize("name", ["no_such_file.py", "no_such_module_at_all"])
def test_a_plugin_that_is_not_there_is_a_usage_error(name: str) -> None:
    with pytest.raises(UsageError, match=f"--plugin {name}"):
        registry.load_plugin(name)
