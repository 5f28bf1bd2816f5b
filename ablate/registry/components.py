"""What the registered components say of themselves: the settings they own, the options and shapes of datasets."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from ablate.registry.facts import DatasetFacts
from ablate.registry.registry import Entry, entries, facts_about, find, plugin_entries
from ablate.registry.setting import Setting
from ablate.registry.words import unknown

COMPONENT_KINDS = ("architecture", "loss", "lipschitz", "optimizer")
"""Kinds of which a run chooses one component each, by a setting of that name"""


def owned_settings(kind: str, name: object) -> dict[str, Setting]:
    """The settings that a component alone uses, by name; none for an unknown component."""
    known = find(kind, name) if isinstance(name, str) else None
    return {setting.name: setting for setting in known.facts.settings} if known else {}


def component_settings() -> dict[str, Setting]:
    """All settings that components own, by name, those of one kind together.

    Of owners with different defaults a built-in one counts before a plugin's, and else the first one registered, so that
    a plugin changes nothing of what is built in.
    """
    return _component_settings(plugin_entries())


@cache
def _component_settings(plugins: tuple[Entry, ...]) -> dict[str, Setting]:
    owners = [known for kind in COMPONENT_KINDS for known in entries(kind).values()]
    settings: dict[str, Setting] = {}
    for known in sorted(owners, key=lambda known: known in plugins):
        for setting in known.facts.settings:
            settings.setdefault(setting.name, setting)
    return settings


def settings_of_kind(kind: str) -> set[str]:
    """Names of the settings that components of a kind own."""
    return {setting.name for known in entries(kind).values() for setting in known.facts.settings}


def users_of(setting: str) -> str:
    """Which components use the setting, as a clause."""
    users = [f"{k} {n}" for k in COMPONENT_KINDS for n in entries(k) if setting in owned_settings(k, n)]
    return f"it is used only by {', '.join(users)}"


def dataset_options(dataset: str) -> dict[str, Setting]:
    """The options of a dataset by name; none for an unknown dataset."""
    return owned_settings("dataset", dataset)


def with_default_options(dataset: str, options: dict[str, Any]) -> dict[str, Any]:
    """The options, each as its type, with the defaults of those that are not given; unknown ones stay as they are."""
    known = dataset_options(dataset)
    read = {name: known[name].read(value) if name in known else value for name, value in options.items()}
    ordered = {name: read.get(name, setting.default) for name, setting in known.items()}
    return {name: value for name, value in ordered.items() if value is not None} | read


def telling_options(dataset: str, options: dict[str, Any]) -> dict[str, Any]:
    """As `with_default_options`, without those that change nothing."""
    known = dataset_options(dataset)
    silent = {name: setting.default for name, setting in known.items() if setting.silent_default}
    filled = with_default_options(dataset, options)
    return {name: value for name, value in filled.items() if name not in silent or value != silent[name]}


def wrong_options(dataset: str, options: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(option, sentence) for each option that the dataset does not have, needs, or cannot have with that value."""
    allowed = dataset_options(dataset)
    for name, value in options.items():
        if name not in allowed:
            yield name, unknown(f"option of {dataset}", name, allowed) if allowed else f"unknown option {name!r}"
        elif problem := allowed[name].wrong(value):
            yield name, f"{name} is {value!r}, expected {problem}"
    for name, setting in allowed.items():
        if setting.default is None and name not in options:
            yield name, f"dataset {dataset} needs {name}, which is not given"


def sample_shape(dataset: str, options: dict[str, Any]) -> tuple[int, ...]:
    """The shape of a dataset's samples: as registered, with the names of options in it replaced by their values."""
    known = with_default_options(dataset, options)
    return tuple(known[side] if isinstance(side, str) else side for side in facts_about(DatasetFacts, dataset).shape)
