"""What a component may say of itself: misspelt facts, unknown needs and wrong values are refused when it is registered."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest

from ablate import registry
from ablate.errors import UsageError
from ablate.registry import MeasureFacts, Setting
from ablate.registry.components import COMPONENT_KINDS
from ablate.registry.facts import FACTS
from ablate.registry.registry import entries_of_all_kinds


@pytest.fixture(autouse=True)
def _nothing_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry.registry, "_plugins", {})
    monkeypatch.setattr(registry.registry, "sources", {})


MISTAKES: list[tuple[str, dict[str, Any], str]] = [
    ("metric", {"beter": "less"}, r"unknown fact of a metric 'beter', expected one of: .*; did you mean 'better'\?"),
    ("metric", {"better": "les"}, r"unknown better 'les', expected one of: less, greater, none; did you mean 'less'\?"),
    ("metric", {"scale": "ratios"}, r"unknown scale 'ratios', .*did you mean 'ratio'\?"),
    ("metric", {"needs": ("featurs",)}, r"unknown need 'featurs', expected one of: .*; did you mean 'features'\?"),
    ("metric", {"needs": ("modes or clases",)}, r"unknown need 'clases', .*did you mean 'classes'\?"),
    ("metric", {"needs": "points"}, r"needs is the text 'points', expected a tuple: \('points',\)"),
    ("metric", {"shown": ("tabel",)}, r"unknown place in shown 'tabel', .*did you mean 'table'\?"),
    ("metric", {"order": "first"}, r"order is 'first', expected int"),
    ("metric", {"at_end": 1}, r"at_end is 1, expected bool"),
    ("stability", {"at_end": True}, r"unknown fact of a stability 'at_end'"),
    ("probe", {"need": ("points",)}, r"unknown fact of a probe 'need', .*did you mean 'needs'\?"),
    ("loss", {"logloss": True}, r"unknown fact of a loss 'logloss', .*did you mean 'log_loss'\?"),
    ("loss", {"log_loss": "yes"}, r"log_loss is 'yes', expected bool"),
    ("lipschitz", {"penalties": True}, r"unknown fact of a lipschitz 'penalties', .*did you mean 'penalty'\?"),
    ("optimizer", {"penalty": True}, r"unknown fact of a optimizer 'penalty', expected one of: settings"),
    ("architecture", {"norms": ("bacth",)}, r"unknown norm 'bacth', .*did you mean 'batch'\?"),
    ("architecture", {"image_sides": ("28",)}, r"image_sides is \('28',\), expected tuple\[int, \.\.\.\]"),
    ("dataset", {"shape": (2, 2)}, r"shape is \(2, 2\), expected \(dimension,\) or \(channels, height, width\)"),
    ("dataset", {"shape": ("sides",)}, r"unknown option in shape 'sides'"),
    ("dataset", {}, r"shape is \(\), expected"),
    ("need", {"word": "points"}, r"unknown fact of a need 'word', .*did you mean 'words'\?"),
    ("claim", {"better": "less"}, r"unknown fact of a claim 'better'"),
    ("loss", {"settings": (Setting("a", default=1.0), Setting("a", default=1.0))}, r"a setting is given twice: a, a"),
    ("loss", {"settings": (Setting("lambda_gp", above=-1.0),)}, r"setting 'lambda_gp' of loss 'mine' is another one"),
    ("metric", {"name": "critic_slope_mean"}, r"there is a probe 'critic_slope_mean' already"),
]


def test_each_kind_of_component_has_a_mistake_here() -> None:
    assert {kind for kind, _, _ in MISTAKES} == set(FACTS)


@pytest.mark.parametrize(("kind", "facts", "message"), MISTAKES)
def test_a_mistake_in_a_registration_is_refused_and_nothing_is_registered(
    kind: str, facts: dict[str, Any], message: str
) -> None:
    name, given = facts.get("name", "mine"), {fact: value for fact, value in facts.items() if fact != "name"}
    with pytest.raises(UsageError, match=message):
        registry.register(kind, name, **given)(type("Mine", (), {}))
    assert not registry.registry.plugin_entries()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"kind": "numbr"}, "kind is 'numbr', expected one of: number, whole, flag, text"),
        ({"default": "x"}, "its default is wrong: expected a finite number"),
        ({"default": 0.0, "above": 0}, "its default is wrong: expected a finite number above 0"),
        ({"default": 2, "kind": "whole", "choices": (1, 3)}, "its default is wrong: expected one of: 1, 3"),
        ({"name": "my setting"}, "expected letters, digits and underscores alone"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Setting(**{"name": "mine", **given})


def test_the_needs_of_all_built_in_measures_are_known_and_have_words() -> None:
    needs = registry.entries("need")
    for entry in entries_of_all_kinds():
        if isinstance(entry.facts, MeasureFacts):
            parts = {part for need in entry.facts.needs for part in need.split(" or ")}
            assert parts <= needs.keys(), entry.name
    assert all(entry.facts.words for entry in needs.values())


def test_built_in_settings_of_one_name_agree_and_say_what_they_are() -> None:
    owned = [s for kind in COMPONENT_KINDS for e in registry.entries(kind).values() for s in e.facts.settings]
    assert all(setting.doc for setting in owned)
    for one, other in combinations(owned, 2):
        assert one.name != other.name or (one.agrees(other) and one.default == other.default), one.name


def test_built_in_measures_have_a_name_of_their_own() -> None:
    names = [entry.name for entry in entries_of_all_kinds() if isinstance(entry.facts, MeasureFacts)]
    assert len(names) == len(set(names))


def test_what_is_read_from_a_source_is_what_is_registered() -> None:
    """Facts are read as literals; importing the module gives its decorator the same."""
    from ablate.registry.registry import _typed

    clip = registry.entry("lipschitz", "clip").facts
    settings = (
        Setting("clip_value", above=0, doc="bound on the absolute value of the critic's weights"),
        Setting(
            "clip_before", "flag", False, "clip before the critic's step, not after it: the bound then fails in use"
        ),
    )
    assert clip == _typed("lipschitz", "clip", {"settings": settings})
