"""Options of a dataset on the command line are values as in a study file."""

from __future__ import annotations

from typing import Any

import pytest

from ablate.commands.classifier import read_options
from ablate.errors import UsageError
from ablate.registry import Setting, register, registry


@pytest.fixture
def dataset(monkeypatch: pytest.MonkeyPatch) -> str:
    """A dataset with an option of every kind."""
    monkeypatch.setattr(registry, "_plugins", {})
    monkeypatch.setattr(registry, "sources", {})
    settings = (
        Setting("grey", "flag", False), Setting("size", "whole", 8, above=0), Setting("noise", default=0.1, least=0),
        Setting("folder", "text", "here"),
    )  # fmt: skip
    register("dataset", "of_options", shape=(1, "size", "size"), settings=settings)(read_options)
    return "of_options"


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ("grey=false", {"grey": False}),
        ("grey=true", {"grey": True}),
        ("size=16", {"size": 16}),
        ("noise=1e-2", {"noise": 0.01}),
        ("noise=1", {"noise": 1}),
        ("folder=12", {"folder": "12"}),
        ("folder=a=b", {"folder": "a=b"}),
    ],
)
def test_a_text_becomes_a_value_of_the_options_kind(dataset: str, given: str, options: dict[str, Any]) -> None:
    read = read_options(dataset, [given])
    assert read == options
    assert [type(value) for value in read.values()] == [type(value) for value in options.values()]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("grey=yes", "grey is 'yes', expected true or false"),
        ("size=1_0", "size is '1_0', expected a whole number above 0"),
        ("size=[", "size is '[', expected a whole number above 0"),
        ("sise=8", "did you mean 'size'?"),
        ("size", "expected OPTION=VALUE"),
    ],
)
def test_a_wrong_option_is_explained(dataset: str, given: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_options(dataset, [given])
    assert said in str(caught.value)
