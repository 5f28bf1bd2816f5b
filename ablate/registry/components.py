"""What the registered components say of themselves: the settings they own, the options and shapes of datasets."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from ablate import registry

COMPONENT_KINDS = ("loss", "lipschitz", "optimizer", "architecture")


def owned_settings(kind: str, name: object) -> dict[str, Any]:
    """The settings that a component alone uses, with their defaults; None stands for "must be given"."""
    known = registry.find(kind, name) if isinstance(name, str) else None
    return dict(known.facts.get("settings", {})) if known else {}


def users_of(setting: str) -> str:
    """Which components use the setting, as a clause."""
    users = [f"{k} {n}" for k in COMPONENT_KINDS for n in registry.entries(k) if setting in owned_settings(k, n)]
    return f"it is used only by {', '.join(users)}"


def wrong_options(dataset: str, options: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(option, sentence) for each option that the dataset does not have, or that cannot have that value.

    The registration's `options` say which there are, by their defaults; one whose default is "" must be given. Its
    `choices` list the values of those that may have only some; a number is above 0, but for those `may_be_zero`.
    """
    facts = registry.entry("dataset", dataset).facts
    allowed, choices = facts.get("options", {}), facts.get("choices", {})
    for name, value in options.items():
        if name not in allowed:
            yield (
                name,
                registry.unknown(f"option of {dataset}", name, allowed) if allowed else f"unknown option {name!r}",
            )
        elif value == "" == allowed[name]:
            yield name, f"dataset {dataset} needs {name}, which is not given"
        elif problem := _wrong_option(value, type(allowed[name]), name in facts.get("may_be_zero", ())):
            yield name, f"{name} is {value!r}, expected {problem}"
        elif name in choices and value not in choices[name]:
            yield name, f"{name} is {value!r}, expected one of: {', '.join(map(str, choices[name]))}"


def sample_shape(dataset: str, options: dict[str, Any]) -> tuple[int, ...]:
    """The shape of a dataset's samples: as registered, with the names of options in it replaced by their values."""
    facts = registry.entry("dataset", dataset).facts
    known = {**facts.get("options", {}), **options}
    return tuple(known[side] if isinstance(side, str) else side for side in facts["shape"])


def _wrong_option(value: Any, wanted: type, may_be_zero: bool) -> str | None:
    """What was expected, where the value of a dataset's option is not that."""
    if wanted not in (int, float):
        return None if isinstance(value, wanted) else {str: "text", bool: "true or false"}.get(wanted, wanted.__name__)
    right = isinstance(value, wanted) and not isinstance(value, bool) and math.isfinite(value)
    if right and (value > 0 or (may_be_zero and value == 0)):
        return None
    number = "number" if wanted is float else "whole number"
    return f"a {number} of at least 0" if may_be_zero else f"a positive {number}"
