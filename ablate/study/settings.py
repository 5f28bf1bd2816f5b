"""One setting of a study file: whether there is one of that name, and what is wrong with a value by itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from ablate import registry
from ablate.config import fields
from ablate.config.fields import Settings
from ablate.registry.components import COMPONENT_KINDS, component_settings
from ablate.study.yaml_file import KeyPath, Spot, YamlFile

ELSEWHERE = {
    "dataset": "the dataset is chosen under the top-level key 'datasets'",
    "dataset_options": "a dataset's options are given beside its name, under the top-level key 'datasets'",
    "seed": "the seeds are given by the top-level key 'seeds'",
}
"""Settings of a run that are not settings of an arm, and where they come from."""


@dataclass(frozen=True)
class Given:
    """A value and the place that it comes from."""

    value: Any
    spot: Spot
    valid: bool = True


Layer = dict[str, Given]


def setting_names() -> list[str]:
    """The settings that an arm can have, those of components that plugins registered among them."""
    return [name for name in fields.setting_names() if name not in ELSEWHERE]


def read_layer(source: YamlFile, spot: KeyPath, what: str, beside: tuple[str, ...] = ()) -> Layer:
    """A mapping of settings in the file; null is an empty one. Keys `beside` the settings are left out."""
    value = source.value
    for part in spot:
        value = value[part]
    if value is None:
        return {}
    if not isinstance(value, dict):
        source.wrong(spot, f"{what} {'is' if spot else 'are'} {shown(value)}, expected a mapping of settings")
        return {}
    kept = {
        name: item for name, item in value.items() if name not in beside and is_setting(source, (*spot, name), name)
    }
    return {name: read_setting(source, (*spot, name), name, item) for name, item in kept.items()}


def is_setting(source: YamlFile, spot: Spot, name: str) -> bool:
    """Whether there is such a setting; if not, the mistake is noted."""
    names = setting_names()
    if name in names:
        return True
    if name in ELSEWHERE:
        source.wrong(spot, f"{name!r} is not set here: {ELSEWHERE[name]}", key=True)
    elif name == "<<":
        source.wrong(spot, "merge keys (<<) are not part of YAML 1.2; give what arms share under 'base'", key=True)
    else:
        source.wrong(spot, registry.unknown("setting", name, names), key=True)
    return False


def read_setting(source: YamlFile, spot: Spot, name: str, value: Any) -> Given:
    """A value with its place, checked by itself; what is wrong is noted."""
    problem = wrong_value(name, value)
    if problem:
        source.wrong(spot, problem)
    return Given(value, spot, not problem)


@cache
def _adapter(name: str) -> TypeAdapter[Any]:
    info = Settings.model_fields[name]
    strict = ConfigDict(strict=True, allow_inf_nan=False)
    annotation: Any = Annotated[info.annotation, info]
    return TypeAdapter(annotation, config=strict)


def wrong_value(name: str, value: Any) -> str | None:
    """One sentence on a value that the setting cannot have, or None."""
    if name in COMPONENT_KINDS and isinstance(value, str) and registry.find(name, value) is None:
        return registry.unknown(name, value, registry.entries(name))
    if name in component_settings():
        return _wrong_own(name, value)
    try:
        _adapter(name).validate_python(value)
    except (ValidationError, OverflowError):
        schema = _adapter(name).json_schema()
        if "enum" in schema and isinstance(value, str):
            return registry.unknown(name, value, schema["enum"])
        return f"{name} is {shown(value)}, expected {expected(name, schema)}{_advice(value, schema)}"
    return None


def _wrong_own(name: str, value: Any) -> str | None:
    """The same for a setting that components own, where an empty value means that it is not given."""
    setting = component_settings()[name]
    expected = "" if value is None else setting.wrong(value)
    if not expected:
        return None
    return f"{name} is {shown(value)}, expected {expected}{_advice(value, {'type': _JSON_TYPES[setting.kind]})}"


_JSON_TYPES = {"number": "number", "whole": "integer", "flag": "boolean", "text": "string"}


def number_kind(name: str) -> str:
    """integer or number, for a setting that is one; empty for others."""
    if name in component_settings():
        kind = _JSON_TYPES[component_settings()[name].kind]
        return kind if kind in ("integer", "number") else ""
    schema = _adapter(name).json_schema()
    kind = schema.get("anyOf", [schema])[0].get("type")
    return kind if kind in ("integer", "number") else ""


def allowed(name: str) -> str:
    """What values a setting may have, in words."""
    own = component_settings()
    return own[name].expected if name in own else expected(name, _adapter(name).json_schema())


def expected(name: str, schema: dict[str, Any]) -> str:
    """What a setting's JSON schema allows, in words."""
    if name in COMPONENT_KINDS:
        return f"one of: {', '.join(registry.entries(name))}"
    if name == "evaluations":
        return (
            "a whole number, a list of generator steps (whole numbers of at least 0), or {count: 12, spacing: log} with "
            "a whole number of at least 1"
        )
    if "enum" in schema:
        return f"one of: {', '.join(schema['enum'])}"
    if "anyOf" in schema:
        schema = schema["anyOf"][0]
    kind = {"integer": "a whole number", "number": "a finite number", "boolean": "true or false"}[schema["type"]]
    words = {"exclusiveMinimum": "above", "minimum": "of at least", "exclusiveMaximum": "below", "maximum": "at most"}
    bounds = [f"{word} {_bound_text(schema[key])}" for key, word in words.items() if key in schema]
    return " ".join([kind, " and ".join(bounds)]).strip()


def _bound_text(bound: float) -> str:
    return str(int(bound)) if bound == int(bound) else str(bound)


def _advice(value: Any, schema: dict[str, Any]) -> str:
    kinds = [part.get("type") for part in schema.get("anyOf", [schema])]
    if isinstance(value, str) and value.replace("_", "").isdigit() and "_" in value:
        return f"; write it without underscores: {value.replace('_', '')}"
    if isinstance(value, float) and math.isfinite(value) and value == int(value) and "integer" in kinds:
        return f"; write {int(value)}"
    if isinstance(value, str) and value.lower() in ("yes", "no", "on", "off") and "boolean" in kinds:
        return f"; write {'true' if value.lower() in ('yes', 'on') else 'false'}"
    return ""


def shown(value: Any) -> str:
    """A value as an error message names it."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return f"the list {clipped('[' + ', '.join(shown(v).removeprefix('the text ') for v in value[:20]) + ']')}"
    return clipped(f"the text {value!r}" if isinstance(value, str) else str(value))


def shown_or_empty(value: Any) -> str:
    """The same, where a list, a mapping or a text that holds nothing is called empty."""
    return "empty" if value in ([], {}, "") else shown(value)


def clipped(text: str) -> str:
    """The text, cut where it is long."""
    return text if len(text) <= 60 else text[:57] + "…"
