"""An option of a command: its default, bounds, help text and flag, given once, where its dataclass declares the field."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from ablate.errors import UsageError
from ablate.registry.words import unknown

WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "a text", Path: "a path"}


@dataclass(frozen=True)
class Words:
    """What a field says of itself besides its name, type and default."""

    help: str
    flag: str = ""
    """as on the command line; empty: the field's name, with dashes"""
    metavar: str | None = None
    """how the help names its value"""
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True)
class Option:
    """A field of a dataclass that a person can set."""

    name: str
    kind: type
    """int, float, bool, str or Path"""
    default: Any
    choices: tuple[str, ...]
    """the only values; empty where any of its kind will do"""
    words: Words

    @property
    def flag(self) -> str:
        """Its name on the command line."""
        return self.words.flag or f"--{self.name.replace('_', '-')}"

    def read(self, value: Any) -> Any:
        """The value as the field holds it, such as a path for a text; UsageError where it is none."""
        if value is None and self.default is None:
            return value
        if self.kind is Path and isinstance(value, str):
            return Path(value)
        if self.choices and value in self.choices:
            return str(value)
        if self.choices or not self._is_right(value):
            raise UsageError(f"{self.name} is {value!r}, expected {self.expected}")
        return value

    def _is_right(self, value: Any) -> bool:
        kinds = (int, float) if self.kind is float else (self.kind,)
        if not isinstance(value, kinds) or (isinstance(value, bool) and self.kind is not bool):
            return False
        number: Any = value
        least, most = self.words.least, self.words.most
        return (least is None or number >= least) and (most is None or number <= most)

    @property
    def expected(self) -> str:
        """The values that it may have, in words."""
        if self.choices:
            return f"one of: {', '.join(self.choices)}"
        ends = (("of at least", self.words.least), ("at most", self.words.most))
        bounds = " and ".join(f"{word} {end:g}" for word, end in ends if end is not None)
        return f"{WORDS[self.kind]} {bounds}".strip()


def option(
    default: Any,
    help: str,
    flag: str = "",
    *,
    metavar: str | None = None,
    least: float | None = None,
    most: float | None = None,
) -> Any:
    """A field of a dataclass that is an option; its type is one of int, float, bool, str, Path, a Literal, or any | None."""
    return field(default=default, metadata={"option": Words(help, flag, metavar, least, most)})


def options_of(cls: type) -> list[Option]:
    """The options among the fields of a dataclass, in their order."""
    hints = get_type_hints(cls)
    return [
        Option(place.name, *_kind_and_choices(hints[place.name], place.default), words)
        for place in fields(cls)
        if (words := place.metadata.get("option")) is not None
    ]


def _kind_and_choices(hint: Any, default: Any) -> tuple[type, Any, tuple[str, ...]]:
    if get_origin(hint) is Literal:
        return str, default, get_args(hint)
    (kind,) = [kind for kind in get_args(hint) or (hint,) if kind is not NoneType]
    return kind, default, ()


def read_options(options: Any) -> None:
    """Check and convert the options of a frozen dataclass that is being made; UsageError for a wrong value."""
    for known in options_of(type(options)):
        object.__setattr__(options, known.name, known.read(getattr(options, known.name)))


def refuse_unknown(cls: type, given: dict[str, Any]) -> None:
    """UsageError for a name that is none of an option, with the nearest that is."""
    known = [known.name for known in options_of(cls)]
    for name in given:
        if name not in known:
            raise UsageError(unknown("option", name, known))
