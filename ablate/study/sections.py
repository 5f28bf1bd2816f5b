"""The parts of a study file but for its claims: each is read, and what is wrong with it is noted in the file."""

from __future__ import annotations

import itertools
import math
import re
from typing import Any

from ablate import registry
from ablate.registry.components import dataset_options
from ablate.study import recipes
from ablate.study.layers import ArmLayers, LabelledDataset
from ablate.study.settings import Given, Layer, is_setting, read_layer, read_setting, setting_names, shown
from ablate.study.yaml_file import Spot, YamlFile, read_yaml

TOP_LEVEL = (
    "study", "question", "notes", "recipe", "seeds", "datasets", "base", "arms", "ladder", "grid", "search", "claims",
)  # fmt: skip
REQUIRED = ("study", "question", "seeds", "datasets", "base")
STUDY_NAME = "small letters, digits and _, at most 64"
ARM_NAME = "letters, digits and _ . + -, at most 64, the first a letter, digit or _"
ONLY_ARM = "base"
"""The name of the arm of a search that gives no arms"""
MOST_SEEDS = 1_000_000
MOST_ARMS = 100_000
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


def read_datasets(source: YamlFile) -> dict[str, LabelledDataset]:
    """The datasets by label."""
    value = source.value.get("datasets")
    if "datasets" not in source.value:
        return {}
    if not isinstance(value, list | dict) or not value:
        found = shown(value) if value else "empty"
        source.wrong(
            ("datasets",),
            f"datasets is {found}, expected a list of names, or a mapping of labels to a dataset's settings",
        )
        return {}
    labels: dict[str, LabelledDataset] = {}
    for i, label in enumerate(value):
        spot = ("datasets", i if isinstance(value, list) else label)
        if isinstance(value, dict):
            good_name(source, spot, label, "dataset label")
            labels[label] = _read_label(source, label, value[label])
        elif not isinstance(label, str):
            source.wrong(spot, f"{shown(label)}, expected the name of a dataset")
        elif label in labels:
            source.wrong(spot, f"dataset {label!r} is given twice; remove one")
        else:
            labels[label] = LabelledDataset(label, known=_known(source, spot, label))
    return labels


def _known(source: YamlFile, spot: Spot, name: str, key: bool = False) -> bool:
    if registry.find("dataset", name):
        return True
    source.wrong(spot, registry.unknown("dataset", name, registry.entries("dataset")), key=key)
    return False


def _read_label(source: YamlFile, label: str, value: Any) -> LabelledDataset:
    spot = ("datasets", label)
    if not isinstance(value, dict | None):
        source.wrong(spot, f"dataset {label!r} is {shown(value)}, expected a mapping (dataset, options, settings)")
        return LabelledDataset(label, known=False)
    given = value or {}
    name = given.get("dataset", label)
    if not isinstance(name, str):
        source.wrong((*spot, "dataset"), f"dataset is {shown(name)}, expected the name of a dataset")
        return LabelledDataset(label, known=False)
    chosen = "dataset" in given
    known = _known(source, (*spot, "dataset") if chosen else spot, name, key=not chosen)
    allowed = dataset_options(name)
    known_settings = setting_names()
    options: Layer = {}
    settings: Layer = {}
    for key, each in given.items():
        here = (*spot, key)
        if key in known_settings:
            settings[key] = read_setting(source, here, key, each)
        elif key in allowed:
            options[key] = Given(each, here)
        elif known and key != "dataset":
            if key in ("seed", "dataset_options", "<<"):
                is_setting(source, here, key)
            else:
                source.wrong(
                    here, registry.unknown(f"option of {name} or setting", key, [*allowed, *known_settings]), key=True
                )
    return LabelledDataset(name, options, settings, known)


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


def read_arms(source: YamlFile) -> dict[str, ArmLayers]:
    """The arms, each with every combination of the grid's levels, in the order of the file."""
    own = _own_arms(source)
    grid = _read_grid(source)
    count = len(own) * math.prod(len(levels) for levels in grid.values())
    if count > MOST_ARMS:
        source.wrong(("grid",), f"arms and grid give {count} arms, expected at most {MOST_ARMS}", key=True)
        return {}
    if not grid:
        return {name: ArmLayers(name, layer) for name, layer in own.items()}
    arms: dict[str, ArmLayers] = {}
    for name, layer in own.items():
        for choice in itertools.product(*(enumerate(levels) for levels in grid.values())):
            levels = {factor: given for factor, (_, given) in zip(grid, choice, strict=True)}
            full = " ".join([name] * bool(name) + [f"{factor}={level_text(g.value)}" for factor, g in levels.items()])
            arms[full] = ArmLayers(name, layer, levels, tuple(position for position, _ in choice))
    return arms


def _own_arms(source: YamlFile) -> dict[str, Layer]:
    if "arms" not in source.value:
        return {"": {}} if "grid" in source.value else {ONLY_ARM: {}}
    value = source.value["arms"]
    if not isinstance(value, dict) or not value:
        found = shown(value) if value else "empty"
        source.wrong(("arms",), f"arms is {found}, expected a mapping of names to settings")
        return {"": {}}
    for name in value:
        good_name(source, ("arms", name), name, "arm")
    return {name: read_layer(source, ("arms", name), f"arm {name!r}") for name in value}


def _read_grid(source: YamlFile) -> dict[str, list[Given]]:
    value = source.value.get("grid")
    if "grid" not in source.value:
        return {}
    if not isinstance(value, dict) or not value:
        source.wrong(
            ("grid",), f"grid is {shown(value) if value else 'empty'}, expected a mapping of settings to lists"
        )
        return {}
    grid: dict[str, list[Given]] = {}
    for factor, levels in value.items():
        spot = ("grid", factor)
        if not is_setting(source, spot, factor):
            continue
        if not isinstance(levels, list) or not levels:
            found = "an empty list" if levels == [] else shown(levels)
            source.wrong(spot, f"{factor} is {found}, expected a list of values, such as [0.1, 1, 10]")
            continue
        grid[factor] = []
        for i, level in enumerate(levels):
            if any(level == other and isinstance(level, bool) == isinstance(other, bool) for other in levels[:i]):
                source.wrong((*spot, i), f"{shown(level)} is given twice; remove one")
            else:
                grid[factor].append(read_setting(source, (*spot, i), factor, level))
    return grid


def read_ladder(source: YamlFile, arms: dict[str, ArmLayers]) -> tuple[str, ...]:
    """Arms, by their names before the grid's levels, of which each makes one change more than the one before it."""
    if "ladder" not in source.value:
        return ()
    value = source.value["ladder"]
    if not isinstance(value, list) or len(value) < 2:
        source.wrong(("ladder",), f"ladder is {shown(value)}, expected a list of two arms or more, in order")
        return ()
    known = tuple(dict.fromkeys(layers.own_name for layers in arms.values()))
    found: list[str] = []
    for i, name in enumerate(value):
        if not isinstance(name, str) or name not in known:
            source.wrong(("ladder", i), registry.unknown("arm", name, known))
        elif name in found:
            source.wrong(("ladder", i), f"{name!r} is given twice; remove one")
        else:
            found.append(name)
    return tuple(found)


def level_text(value: Any) -> str:
    """A grid's level as it stands in an arm's name."""
    if isinstance(value, float):
        short = f"{value:g}"
        return short if float(short) == value else repr(value)
    return str(value).lower() if isinstance(value, bool | None) else str(value)


def stand_in() -> dict[str, LabelledDataset]:
    """What arms are checked with where the file gives no dataset that is known."""
    return {"": LabelledDataset(next(iter(registry.entries("dataset"))), known=False)}
