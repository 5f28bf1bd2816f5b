"""The `search` of a study file: how many draws, of which settings, from which ranges; what is wrong is noted there."""

from __future__ import annotations

from typing import Any

from ablate import registry
from ablate.config.checks import EXCLUSIVE
from ablate.registry.measures import KINDS, measures, of_origin
from ablate.study.claims.reader import Reader
from ablate.study.layers import Layers
from ablate.study.search_space import MOST_PARAMETERS, SAMPLERS, Parameter, Search
from ablate.study.settings import is_setting, number_kind, shown, shown_or_empty, wrong_value
from ablate.study.yaml_file import KeyPath, Spot, YamlFile

REQUIRED = ("draws", "objective", "parameters")
OPTIONAL = ("sampler", "batch", "seed", "prune")
RANGE, CHOICES = ("low", "high", "scale"), "choices"
SCALES = ("linear", "log")
DEFAULT_BATCH = 16
MOST_DRAWS = 10_000
TOP: KeyPath = ("search",)


def read_search(source: YamlFile) -> Search | None:
    """The search, without its objective's direction; None without one, or where it is too wrong to go on."""
    if "search" not in source.value:
        return None
    given = source.value["search"]
    if not isinstance(given, dict):
        source.wrong(TOP, f"search is {shown(given)}, expected a mapping with the keys: {', '.join(REQUIRED)}")
        return None
    for key in given:
        if key not in (*REQUIRED, *OPTIONAL):
            source.wrong((*TOP, key), registry.unknown("key", key, (*REQUIRED, *OPTIONAL)), key=True)
    for key in REQUIRED:
        if key not in given:
            source.wrong(TOP, f"the key {key!r} is missing", key=True)
    sampler = given.get("sampler", "random")
    if sampler not in SAMPLERS:
        source.wrong((*TOP, "sampler"), registry.unknown("sampler", sampler, SAMPLERS))
    if "batch" in given and sampler in SAMPLERS and sampler != "tpe":
        source.wrong(
            (*TOP, "batch"), f"batch has no effect with sampler {sampler}: all draws are known at once", key=True
        )
    draws = _whole(source, given, "draws", 1, MOST_DRAWS, 1)
    batch = _whole(source, given, "batch", 1, MOST_DRAWS, DEFAULT_BATCH)
    seed = _whole(source, given, "seed", 0, 2**31 - 1, 0)
    prune = _prune(source, given, sampler)
    parameters = _parameters(source, given["parameters"]) if "parameters" in given else ()
    if not parameters:
        return None
    return Search(draws, str(sampler), str(given.get("objective", "")), "less", batch, seed, parameters, prune)


def _prune(source: YamlFile, given: dict[str, Any], sampler: Any) -> bool:
    prune = given.get("prune", False)
    spot = (*TOP, "prune")
    if not isinstance(prune, bool):
        source.wrong(spot, f"prune is {shown(prune)}, expected true or false")
        return False
    if prune and sampler in SAMPLERS and sampler != "tpe":
        source.wrong(spot, f"prune has no effect with sampler {sampler}: no draw comes before another", key=True)
    if prune and source.value.get("claims"):
        source.wrong(
            spot,
            "prune leaves out of an arm's runs those that start badly, and claims would compare what is left; remove it, "
            "or the claims: `ablate best` writes a study of the best draws, in which nothing is pruned",
            key=True,
        )
    return prune


def _whole(source: YamlFile, given: dict[str, Any], key: str, least: int, most: int, default: int) -> int:
    value = given.get(key, default)
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
        return value
    source.wrong((*TOP, key), f"{key} is {shown(value)}, expected a whole number from {least} to {most}")
    return default


def _parameters(source: YamlFile, given: Any) -> tuple[Parameter, ...]:
    spot = (*TOP, "parameters")
    if not isinstance(given, dict) or not given:
        source.wrong(
            spot,
            f"parameters is {shown_or_empty(given)}, expected a mapping, such as lr: {{low: 1e-5, high: 1e-2, scale: log}}",
        )
        return ()
    if len(given) > MOST_PARAMETERS:
        source.wrong(spot, f"parameters holds {len(given)} settings, expected at most {MOST_PARAMETERS}", key=True)
        return ()
    parameters: list[Parameter] = []
    for name, values in given.items():
        here = (*spot, name)
        if name in EXCLUSIVE:
            source.wrong(
                here, f"{name} is the budget, which must be equal for all draws; set it under 'base'", key=True
            )
        elif is_setting(source, here, name):
            parameter = _parameter(source, here, name, values)
            parameters += [parameter] if parameter is not None else []
    return tuple(parameters)


def _parameter(source: YamlFile, spot: KeyPath, name: str, given: Any) -> Parameter | None:
    """A range or choices; None where they are wrong."""
    if not isinstance(given, dict):
        source.wrong(spot, f"{name} is {shown(given)}, expected {{low: …, high: …}} or {{choices: […]}}")
        return None
    wrong = False
    for key in given:
        if key not in (*RANGE, CHOICES):
            source.wrong((*spot, key), registry.unknown("key", key, (*RANGE, CHOICES)), key=True)
            wrong = True
    beside = [key for key in RANGE if key in given]
    if CHOICES in given and beside:
        source.wrong((*spot, beside[0]), f"{beside[0]} is given beside choices; remove one", key=True)
        return None
    if CHOICES in given:
        parameter = _choices(source, (*spot, CHOICES), name, given[CHOICES])
    else:
        parameter = _range(source, spot, name, given)
    return None if wrong else parameter


def _choices(source: YamlFile, spot: KeyPath, name: str, values: Any) -> Parameter | None:
    if not isinstance(values, list) or len(values) < 2:
        source.wrong(spot, f"choices is {shown(values)}, expected a list of two values or more")
        return None
    right = True
    for i, value in enumerate(values):
        problem = wrong_value(name, value)
        if not problem and any(value == other and type(value) is type(other) for other in values[:i]):
            problem = f"{shown(value)} is given twice; remove one"
        if problem:
            source.wrong((*spot, i), problem)
            right = False
    return Parameter(name, choices=tuple(map(_hashable, values))) if right else None


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _range(source: YamlFile, spot: KeyPath, name: str, given: dict[str, Any]) -> Parameter | None:
    kind = number_kind(name)
    if not kind:
        source.wrong(spot, f"{name} is not a number, so it has no range; expected choices: [a value, another, …]")
        return None
    right = True
    for key in ("low", "high"):
        if key not in given:
            source.wrong(spot, f"the key {key!r} is missing, expected low and high, or choices")
            right = False
        elif problem := wrong_value(name, given[key]) or _not_number(name, given[key]):
            source.wrong((*spot, key), problem.replace(name, f"{key} of {name}", 1))
            right = False
    scale = given.get("scale", "linear")
    if scale not in SCALES:
        source.wrong((*spot, "scale"), registry.unknown("scale", scale, SCALES))
        right = False
    if not right:
        return None
    low, high = given["low"], given["high"]
    if low >= high:
        source.wrong((*spot, "high"), f"high is {shown(high)}, expected more than low, {shown(low)}")
        return None
    if scale == "log" and low <= 0:
        source.wrong((*spot, "low"), f"low is {shown(low)}, expected more than 0: the scale is logarithmic")
        return None
    return Parameter(name, float(low), float(high), scale == "log", kind == "integer")


def _not_number(name: str, value: Any) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return "" if number else f"{name} is {shown(value)}, expected a number"


def check_search(source: YamlFile, layers: Layers, seeds: tuple[int, ...], seeds_spot: Spot) -> str:
    """Note what is wrong with the search beside the rest of the study; returns which way of the objective is better."""
    search = layers.search
    given = source.value.get("search")
    if not isinstance(given, dict):
        return ""
    if len(seeds) > 1:
        source.wrong(
            seeds_spot, f"seeds gives {len(seeds)} seeds, expected 1 with a search: each draw is trained once, with a "
            "seed of its own (the first is given here); `ablate best` trains the best draws with more",
        )  # fmt: skip
    for name, setting in layers.given() if search else ():
        if search and name in search.names and setting.spot[:2] != (*TOP, "parameters"):
            source.wrong(setting.spot, f"{name} is drawn by the search; remove it here or there", key=True)
    return _objective(source, layers, given)


def _objective(source: YamlFile, layers: Layers, given: dict[str, Any]) -> str:
    if "objective" not in given:
        return ""
    known = measures()
    ranked = tuple(name for name, of in known.items() if of.origin in KINDS and of.better != "none")
    read = Reader(source, layers, TOP, given)
    objective = given["objective"]
    if objective in of_origin(*KINDS) and objective not in ranked:
        read.wrong("objective", f"{objective} has no better direction; expected one of: {', '.join(ranked)}")
        return ""
    metric = read.one_of("objective", ranked)
    if given.get("prune") is True and metric and not _has_values_during_training(metric):
        read.wrong(
            "objective", f"{metric} is known only at the end of a run, so nothing can be pruned by it; remove prune"
        )
    read.meets((*TOP, "objective"), metric, list(layers.arms), tuple(label for label in layers.datasets if label))
    return known[metric].better if metric else ""


def _has_values_during_training(metric: str) -> bool:
    return measures()[metric].origin == "metric" and measures()[metric].has_curve
