"""The short sections of a study file: which keys it has, its header, seeds, recipe and base."""

from __future__ import annotations

import re
from typing import Any

from ablate import registry
from ablate.study import recipes
from ablate.study.settings import Given, Layer, read_layer, shown
from ablate.study.yaml_file import Spot, YamlFile, read_yaml

TOP_LEVEL = (
    "study", "question", "notes", "recipe", "seeds", "datasets", "base", "arms", "ladder", "grid", "search", "claims",
)  # fmt: skip
REQUIRED = ("study", "question", "seeds", "datasets", "base")
STUDY_NAME = "small letters, digits and _, at most 64"
ARM_NAME = "letters, digits and _ . + -, at most 64, the first a letter, digit or _"
MOST_SEEDS = 1_000_000
FIRST_TOO_LARGE = 2**31

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,63}")


def check_top(source: YamlFile) -> bool:
    """Note unknown and missing top-level keys; False where the file holds no mapping at all."""
    if not isinstance(source.value, dict):
        what = "the file is empty" if source.value is None else f"the file holds {shown(source.value)}"
        source.wrong((), f"{what}, expected a mapping with the keys: {', '.join(TOP_LEVEL)}")
        return False
    for key in source.value:
        if key not in TOP_LEVEL:
            source.wrong((key,), registry.unknown("key", key, TOP_LEVEL), key=True)
    for key in REQUIRED:
        if key not in source.value and not (key == "base" and "recipe" in source.value):
            source.wrong((), f"the key {key!r} is missing, expected {_meant(key)}")
    if not {"arms", "grid", "search"} & set(source.value):
        source.wrong((), "the key 'arms' is missing, expected arms (name: settings), or a grid (setting: values)")
    return True


def _meant(key: str) -> str:
    return {
        "study": "the study's name",
        "question": "what the study asks, in a sentence",
        "seeds": "how many seeds, such as 10",
        "datasets": f"a list of datasets, of: {', '.join(registry.entries('dataset'))}",
        "base": "the settings that all arms share",
    }[key]


def read_text(source: YamlFile, spot: tuple[str | int, ...], value: Any, what: str) -> str:
    """A text that is not empty."""
    if isinstance(value, str) and value.strip():
        return value
    source.wrong(spot, f"{what} is {shown(value) if value != '' else 'empty'}, expected a text")
    return ""


def read_header(source: YamlFile) -> tuple[str, str, str]:
    """The study's name, question and notes."""
    top = source.value
    name = read_text(source, ("study",), top["study"], "study") if "study" in top else ""
    if name and not re.fullmatch(r"[a-z0-9_]{1,64}", name):
        source.wrong(("study",), f"study is {shown(name)}, expected a name of {STUDY_NAME}: it names a folder")
    question = read_text(source, ("question",), top["question"], "question") if "question" in top else ""
    notes = read_text(source, ("notes",), top["notes"], "notes") if top.get("notes") is not None else ""
    return name, question, notes


def read_seeds(source: YamlFile, spot: Spot, value: Any) -> tuple[int, ...]:
    """Seeds, ascending, from a number, a range "first:end" or a list; () where they are wrong."""
    wanted = 'expected how many (10), a range ("0:10") or a list ([0, 3, 7])'
    if isinstance(value, list) and value:
        return _listed_seeds(source, spot, value)
    if isinstance(value, int) and not isinstance(value, bool):
        first, end = 0, value
    elif isinstance(value, str) and re.fullmatch(r"[0-9]{1,20}:[0-9]{1,20}", value):
        first, end = map(int, value.split(":"))
        if end <= first:
            source.wrong(spot, f"seeds {value} is an empty range, expected first:end with end above first")
            return ()
    else:
        source.wrong(spot, f"seeds is {'an empty list' if value == [] else shown(value)}, {wanted}")
        return ()
    if end < 1:
        source.wrong(spot, f"seeds is {end}, expected at least 1")
    elif end - first > MOST_SEEDS:
        source.wrong(spot, f"seeds gives {end - first} seeds, expected at most {MOST_SEEDS}")
    elif end > FIRST_TOO_LARGE:
        source.wrong(spot, f"seeds goes to {end - 1}, expected seeds below {FIRST_TOO_LARGE}")
    else:
        return tuple(range(first, end))
    return ()


def _listed_seeds(source: YamlFile, spot: Spot, listed: list[Any]) -> tuple[int, ...]:
    seeds: set[int] = set()
    for i, seed in enumerate(listed):
        here = (*spot, i) if isinstance(spot, tuple) else spot
        if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < FIRST_TOO_LARGE:
            source.wrong(here, f"seed {shown(seed)}, expected a whole number from 0 to {FIRST_TOO_LARGE - 1}")
        elif seed in seeds:
            source.wrong(here, f"seed {seed} is given twice; remove one")
        else:
            seeds.add(seed)
    return tuple(sorted(seeds))


def good_name(source: YamlFile, spot: tuple[str | int, ...], name: str, what: str, key: bool = True) -> None:
    """Note a name that could not stand in a table or in a file's name."""
    if not _NAME.fullmatch(name):
        source.wrong(spot, f"{what} {name!r}, expected a name of {ARM_NAME}", key=key)


def read_recipe(source: YamlFile) -> Layer:
    """The settings of the recipe that the study starts from, if it names one; weaker than its base."""
    if "recipe" not in source.value:
        return {}
    name = source.value["recipe"]
    if name not in recipes.names():
        source.wrong(("recipe",), registry.unknown("recipe", name, recipes.names()))
        return {}
    base = read_yaml(recipes.path_of(name)).value["base"]
    return {setting: Given(value, f"recipe {name}") for setting, value in base.items()}


def read_base(source: YamlFile) -> Layer:
    """The settings that all arms share."""
    if "base" not in source.value:
        return {}
    if source.value["base"] is None:
        source.wrong(("base",), "base is empty, expected a mapping of settings")
    return read_layer(source, ("base",), "base")
