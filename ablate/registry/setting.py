"""A setting that a component owns: its name, type, default, bounds and meaning, given once at the registration."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["number", "whole", "flag", "text"]
KINDS: dict[str, Any] = {"number": float, "whole": int, "flag": bool, "text": str}
WORDS = {"number": "a finite number", "whole": "a whole number", "flag": "true or false", "text": "a text"}


@dataclass(frozen=True)
class Setting:
    """One setting. Two components may own a setting of one name if it is of one kind and has the same bounds."""

    name: str
    kind: Kind = "number"
    default: Any = None
    """None: it must be given"""
    doc: str = ""
    above: float | None = None
    least: float | None = None
    below: float | None = None
    most: float | None = None
    choices: tuple[Any, ...] = ()
    structural: bool = False
    """a number that runs of one cohort must share; flags, texts and whole numbers always must"""
    always_in_id: bool = False
    """run_id holds it at its default too, as it did before defaults were left out; new settings leave it False"""
    silent_default: bool = False
    """a dataset's option that changes nothing at its default: rows and run_id hold it at other values alone, so that an
    option can be added to a dataset of which there are results"""

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ValueError(f"a setting is called {self.name!r}, expected letters, digits and underscores alone")
        if self.kind not in KINDS:
            raise ValueError(f"setting {self.name}: kind is {self.kind!r}, expected one of: {', '.join(KINDS)}")
        if self.default is not None and (problem := self.wrong(self.default)):
            raise ValueError(f"setting {self.name}: its default is wrong: expected {problem}")

    @property
    def per_member(self) -> bool:
        """Whether runs that train stacked may differ in it."""
        return self.kind == "number" and not self.structural

    def read(self, value: Any) -> Any:
        """The value as the setting's type: 1 and 1.0 are the same number."""
        whole = isinstance(value, int) and not isinstance(value, bool)
        return float(value) if self.kind == "number" and whole and abs(value) < 2**53 else value

    def wrong(self, value: Any) -> str:
        """What was expected, where the value is not that; empty where it is right."""
        return "" if self._right(self.read(value)) else self.expected

    def _right(self, value: Any) -> bool:
        if not isinstance(value, KINDS[self.kind]) or (isinstance(value, bool) and self.kind != "flag"):
            return False
        if self.choices and value not in self.choices:
            return False
        if self.kind not in ("number", "whole"):
            return True
        return (
            math.isfinite(value)
            and (self.above is None or value > self.above)
            and (self.least is None or value >= self.least)
            and (self.below is None or value < self.below)
            and (self.most is None or value <= self.most)
        )

    @property
    def expected(self) -> str:
        """The values that it may have, in words."""
        if self.choices:
            return f"one of: {', '.join(map(str, self.choices))}"
        ends = (("above", self.above), ("of at least", self.least), ("below", self.below), ("at most", self.most))
        bounds = " and ".join(f"{word} {end:g}" for word, end in ends if end is not None)
        return f"{WORDS[self.kind]} {bounds}".strip()

    def agrees(self, other: Setting) -> bool:
        """Whether both may be owned under one name: what is right for one is right for the other."""
        return not self.differences(other)

    def differences(self, other: Setting) -> str:
        """In which facts but default and meaning this one is not as another, in words; empty where they agree."""
        facts = ("kind", "above", "least", "below", "most", "choices", "structural", "always_in_id", "silent_default")
        pairs = [(fact, getattr(self, fact), getattr(other, fact)) for fact in facts]
        return ", ".join(f"{fact} is {mine!r}, there {theirs!r}" for fact, mine, theirs in pairs if mine != theirs)
