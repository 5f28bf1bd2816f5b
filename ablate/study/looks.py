"""Seeds until decided: the numbers of seeds at which a study is looked at, and the share of the error that each look has.

A study that looks at its runs more than once shares the error of 5 % over the looks (Bonferroni): at a look of share w a
claim's p counts as p / w. Seeds are always a prefix of the study's, so that every arm of a look has the same ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ablate import registry
from ablate.study.settings import shown
from ablate.study.yaml_file import Spot, YamlFile

DECIDED = "decided"
DEFAULT_LOOKS = (10, 20, 40)
"""Of `until: decided` without looks, and of --until decided where a study has a number of seeds"""
SHARES = {2: (0.4, 0.6), 3: (0.2, 0.3, 0.5), 4: (0.05, 0.15, 0.3, 0.5)}
"""By the number of looks: later looks have more, for an early one decides only what is plain"""
FEWEST, MOST = 5, 10_000
"""Of 4 against 4 no exact p is small enough"""
KEYS = ("until", "looks")


@dataclass(frozen=True)
class Look:
    """One look at a study."""

    number: int
    """from 1"""
    n: int
    """seeds of an arm on a dataset"""
    share: float
    """of the error"""
    of: int
    """how many looks there are"""

    @property
    def last(self) -> bool:
        return self.number == self.of

    @property
    def words(self) -> str:
        """`look 2 of 3`."""
        return f"look {self.number} of {self.of}"


def looks_at(numbers: tuple[int, ...]) -> tuple[Look, ...]:
    """The looks at these numbers of seeds."""
    return tuple(
        Look(place, n, share, len(numbers))
        for place, (n, share) in enumerate(zip(numbers, SHARES[len(numbers)], strict=True), 1)
    )


def read_looks(source: YamlFile) -> tuple[int, ...]:
    """The looks of `seeds: {until: decided, looks: [10, 20, 40]}`; () where seeds are given otherwise, or are wrong."""
    given = source.value.get("seeds")
    if not isinstance(given, dict):
        return ()
    for key in given:
        if key not in KEYS:
            source.wrong(("seeds", key), registry.unknown("key", key, KEYS), key=True)
    if "until" not in given:
        source.wrong(("seeds",), "the key 'until' is missing, expected until: decided")
    elif given["until"] != DECIDED:
        source.wrong(("seeds", "until"), f"until is {shown(given['until'])}, expected {DECIDED}")
    looks = given.get("looks", list(DEFAULT_LOOKS))
    problem = wrong_looks(looks)
    if problem:
        source.wrong(("seeds", "looks"), problem)
        return ()
    return tuple(looks)


def wrong_looks(looks: Any) -> str:
    """What is wrong with looks, in words; empty where they are right."""
    wanted = "expected 2 to 4 numbers of seeds, ascending, such as [10, 20, 40]"
    if not isinstance(looks, list | tuple) or len(looks) not in SHARES:
        return f"looks is {shown(looks)}, {wanted}"
    for n in looks:
        if not isinstance(n, int) or isinstance(n, bool) or not FEWEST <= n <= MOST:
            return f"look {shown(n)}, expected a whole number of seeds from {FEWEST} to {MOST}"
    if sorted(set(looks)) != list(looks):
        return f"looks is {shown(looks)}, {wanted}"
    return ""


def check_looks(source: YamlFile, spot: Spot, searches: bool, tested: bool) -> None:
    """Note what a study that goes by looks must have and has not: claims with a test, and seeds instead of draws."""
    if searches:
        source.wrong(
            spot, "seeds until decided, but the study has a search: its runs are draws; give a number of seeds"
        )
    elif not tested:
        source.wrong(spot, "seeds until decided, but no claim has a test that could decide; give a number of seeds")
