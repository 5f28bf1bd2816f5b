"""The `arms`, `grid` and `ladder` of a study file: every arm by name, with its own settings and its levels of the grid."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ablate import registry
from ablate.study.layers import ArmLayers
from ablate.study.sections import good_name
from ablate.study.settings import Given, Layer, is_setting, read_layer, read_setting, shown, shown_or_empty
from ablate.study.yaml_file import YamlFile

ONLY_ARM = "base"
"""The name of the arm of a search that gives no arms"""
BY_DATASET = "by_dataset"
"""The key of an arm under which it has settings on one dataset alone"""
MOST_ARMS = 100_000


def read_arms(source: YamlFile, labels: Sequence[str]) -> dict[str, ArmLayers]:
    """The arms, each with every combination of the grid's levels, in the order of the file; labels: the datasets'."""
    own = _own_arms(source, labels)
    grid = _read_grid(source)
    count = len(own) * math.prod(len(levels) for levels in grid.values())
    if count > MOST_ARMS:
        source.wrong(("grid",), f"arms and grid give {count} arms, expected at most {MOST_ARMS}", key=True)
        return {}
    if not grid:
        return own
    arms: dict[str, ArmLayers] = {}
    for name, layers in own.items():
        for choice in itertools.product(*(enumerate(levels) for levels in grid.values())):
            levels = {factor: given for factor, (_, given) in zip(grid, choice, strict=True)}
            full = " ".join([name] * bool(name) + [f"{factor}={level_text(g.value)}" for factor, g in levels.items()])
            arms[full] = replace(layers, levels=levels, positions=tuple(position for position, _ in choice))
    return arms


def _own_arms(source: YamlFile, labels: Sequence[str]) -> dict[str, ArmLayers]:
    if "arms" not in source.value:
        name = "" if "grid" in source.value else ONLY_ARM
        return {name: ArmLayers(name)}
    value = source.value["arms"]
    if not isinstance(value, dict) or not value:
        source.wrong(("arms",), f"arms is {shown_or_empty(value)}, expected a mapping of names to settings")
        return {"": ArmLayers("")}
    for name in value:
        good_name(source, ("arms", name), name, "arm")
    return {
        name: ArmLayers(
            name, read_layer(source, ("arms", name), f"arm {name!r}", (BY_DATASET,)), _by_dataset(source, name, labels)
        )
        for name in value
    }


def _by_dataset(source: YamlFile, arm: str, labels: Sequence[str]) -> dict[str, Layer]:
    """Dataset's label → the settings that the arm has there alone, such as the rate that suits it."""
    given, spot = source.value["arms"][arm], ("arms", arm, BY_DATASET)
    if not isinstance(given, dict) or BY_DATASET not in given:
        return {}
    value = given[BY_DATASET]
    if not isinstance(value, dict) or not value:
        source.wrong(spot, f"{BY_DATASET} is {shown_or_empty(value)}, expected a mapping of datasets to settings")
        return {}
    for label in value:
        if label not in labels:
            source.wrong((*spot, label), registry.unknown("dataset of this study", label, labels), key=True)
    return {
        label: read_layer(source, (*spot, label), f"{BY_DATASET} of arm {arm!r} on {label!r}")
        for label in value
        if label in labels
    }


def _read_grid(source: YamlFile) -> dict[str, list[Given]]:
    value = source.value.get("grid")
    if "grid" not in source.value:
        return {}
    if not isinstance(value, dict) or not value:
        source.wrong(("grid",), f"grid is {shown_or_empty(value)}, expected a mapping of settings to lists")
        return {}
    grid: dict[str, list[Given]] = {}
    for factor, levels in value.items():
        spot = ("grid", factor)
        if not is_setting(source, spot, factor):
            continue
        if not isinstance(levels, list) or not levels:
            given = "an empty list" if levels == [] else shown(levels)
            source.wrong(spot, f"{factor} is {given}, expected a list of values, such as [0.1, 1, 10]")
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
    rungs: list[str] = []
    for i, name in enumerate(value):
        if not isinstance(name, str) or name not in known:
            source.wrong(("ladder", i), registry.unknown("arm", name, known))
        elif name in rungs:
            source.wrong(("ladder", i), f"{name!r} is given twice; remove one")
        else:
            rungs.append(name)
    return tuple(rungs)


def level_text(value: Any) -> str:
    """A grid's level as it stands in an arm's name."""
    if isinstance(value, float):
        short = f"{value:g}"
        return short if float(short) == value else repr(value)
    return str(value).lower() if isinstance(value, bool | None) else str(value)
