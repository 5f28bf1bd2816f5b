"""The fields of one claim of a study file, each with its place; what is wrong is noted there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from ablate import registry
from ablate.registry import DatasetFacts
from ablate.registry.measures import measures, of_origin
from ablate.registry.needs import Subject, meets, need_words
from ablate.study.arms_section import level_text
from ablate.study.claims.association import STEP, spearman_name
from ablate.study.layers import ArmLayers, Layers, merge, values_of
from ablate.study.sections import good_name, read_text
from ablate.study.settings import shown
from ablate.study.yaml_file import KeyPath, YamlFile

MOST = 1e300


def not_of(what: str, value: Any, known: tuple[str, ...]) -> str:
    if isinstance(value, str):
        return registry.unknown(what, value, known)
    return f"{what} is {shown(value)}, expected one of: {', '.join(known)}"


@dataclass(frozen=True)
class Reader:
    """Reads the fields of one claim; a field that is wrong is noted, and read as something harmless."""

    source: YamlFile
    layers: Layers
    spot: KeyPath
    given: dict[str, Any]

    def wrong(self, field: str, message: str, key: bool = False) -> None:
        self.source.wrong((*self.spot, field), message, key)

    def fields(self, required: tuple[str, ...], optional: tuple[str, ...]) -> None:
        for field in self.given:
            if field not in (*required, *optional):
                self.wrong(field, registry.unknown("key", field, (*required, *optional)), key=True)
        for field in required:
            if field not in self.given and field != "test":
                self.source.wrong(self.spot, f"the key {field!r} is missing")

    def text(self, field: str) -> str:
        if field not in self.given:
            return ""
        return read_text(self.source, (*self.spot, field), self.given[field], field)

    def name(self, field: str) -> str:
        name = self.text(field)
        if name:
            good_name(self.source, (*self.spot, field), name, field, key=False)
        return name

    def one_of(self, field: str, known: tuple[str, ...], default: str = "") -> str:
        if field not in self.given:
            return default
        value = self.given[field]
        if isinstance(value, str) and value in known:
            return value
        self.wrong(field, not_of(field, value, known))
        return ""

    def listed(self, field: str, what: str) -> list[tuple[KeyPath, str]]:
        """One text or a list of different ones, with their places."""
        if field not in self.given:
            return []
        value, spot = self.given[field], (*self.spot, field)
        if isinstance(value, str) and value:
            return [(spot, value)]
        if not isinstance(value, list) or not value:
            given = "empty" if value in ("", [], None) else shown(value)
            self.wrong(field, f"{field} is {given}, expected {what} or a list of them")
            return []
        items: list[tuple[KeyPath, str]] = []
        for i, item in enumerate(value):
            if not isinstance(item, str) or not item:
                self.source.wrong((*spot, i), f"{shown(item)}, expected {what}")
            elif any(item == other for _, other in items):
                self.source.wrong((*spot, i), f"{item!r} is given twice; remove one")
            else:
                items.append(((*spot, i), item))
        return items

    def arm(self, spot: KeyPath, name: str) -> str:
        """The arm's name, or nothing where there is no such arm."""
        if name in self.layers.arms or not any(self.layers.arms):
            return name  # where there are no arms at all, that is what is reported
        self.source.wrong(spot, registry.unknown("arm", name, self.layers.arms))
        return ""

    def datasets(self) -> tuple[str, ...]:
        known = tuple(label for label in self.layers.datasets if label)
        if "datasets" not in self.given:
            return known
        chosen = []
        for spot, label in self.listed("datasets", "a dataset's label"):
            if label in known or not known:
                chosen.append(label)
            else:
                self.source.wrong(spot, registry.unknown("dataset label", label, known))
        return tuple(label for label in known if label in chosen)

    def arms(self, field: str) -> list[str]:
        """One arm or a list of different ones; those that do not exist are noted and left out."""
        return [name for spot, name in self.listed(field, "an arm's name") if self.arm(spot, name)]

    def others(self, arms: list[str]) -> list[str]:
        """The arms that `against` names; none of `arms`."""
        others = []
        for spot, name in self.listed("against", "an arm's name"):
            if name in arms:
                self.source.wrong(spot, f"arm {name!r} is compared against itself, expected another arm")
            elif self.arm(spot, name):
                others.append(name)
        return others

    def number(self, field: str, default: float | None = None, least: float = -MOST) -> float | None:
        """A finite number, not below `least`."""
        if field not in self.given:
            return default
        value = self.given[field]
        if isinstance(value, int | float) and not isinstance(value, bool) and least <= value < MOST:
            return float(value)
        bound = "" if least == -MOST else f" of at least {least:g}"
        self.wrong(field, f"{field} is {shown(value)}, expected a finite number{bound}")
        return default

    def margin(self) -> float:
        return self.number("margin", 0.0, least=0.0) or 0.0

    def flag(self, field: str) -> bool:
        value = self.given.get(field, False)
        if not isinstance(value, bool):
            self.wrong(field, f"{field} is {shown(value)}, expected true or false")
        return value is True

    def range(self, field: str) -> tuple[float, float] | None:
        """Two numbers, the second not below the first."""
        if field not in self.given:
            return None
        value = self.given[field]
        ends = value if isinstance(value, list) and len(value) == 2 else []
        if ends and all(isinstance(x, int | float) and not isinstance(x, bool) and math.isfinite(x) for x in ends):
            low, high = map(float, ends)
            if low <= high:
                return low, high
        self.wrong(field, f"{field} is {shown(value)}, expected two numbers, such as [0.8, 1.2]")
        return None

    def exactly_one(self, *fields: str) -> str:
        """Which of some fields is given; noted where it is none or several."""
        given = [field for field in fields if field in self.given]
        if len(given) > 1:
            self.wrong(given[1], f"{given[1]} is given beside {given[0]}; remove one", key=True)
        elif not given:
            named = " or ".join(repr(field) for field in fields)
            self.source.wrong(self.spot, f"the key {fields[0]!r} is missing, expected {named}" if len(fields) > 1
                              else f"the key {fields[0]!r} is missing")  # fmt: skip
        return given[0] if len(given) == 1 else ""

    def varied(self, arm: str, field: str) -> tuple[str, ...]:
        """The other arms that `field` names: arms themselves, or factors of the grid in which they differ from `arm`."""
        factors = {"arm", *(factor for layers in self.layers.arms.values() for factor in layers.levels)}
        items = self.listed(field, "an arm's name, or a factor of the grid")
        chosen = {name for _, name in items if name in factors and name not in self.layers.arms}
        named = [name for spot, name in items if name not in chosen and self.arm(spot, name)]
        if chosen:
            own = _levels(self.layers.arms.get(arm, ArmLayers("")), chosen)
            named += [name for name, layers in self.layers.arms.items() if _levels(layers, chosen) == own]
        others = tuple(name for name in dict.fromkeys(named) if name != arm)
        if items and not others:
            self.wrong(field, f"{field} names no arm but {arm!r} itself, expected others to hold it against")
        return others

    def ladders(self, factor: str) -> tuple[tuple[tuple[float, str], ...], ...]:
        """The arms along a factor, ascending: those of `arm` (full names, or names before the grid's levels), or all."""
        known = self.layers.arms
        own = {layers.own_name for layers in known.values() if layers.levels}
        chosen: list[str] = []
        for spot, name in self.listed("arm", "an arm's name"):
            if name in own and name not in known:
                chosen += [full for full, layers in known.items() if layers.own_name == name]
            elif self.arm(spot, name):
                chosen.append(name)
        label = next(iter(self.layers.datasets), "")
        groups: dict[object, list[tuple[float, str]]] = {}
        for name in chosen or known:
            if name not in known:
                continue
            if any(factor in layer for layer in known[name].by_dataset.values()):
                self.wrong("over", f"arm {name!r} has another {factor} by dataset, so that the arms have no one order")
                return ()
            given = merge(*self.layers.of(label, name)).get(factor) if label else None
            level = given.value if given else None
            if not isinstance(level, int | float) or isinstance(level, bool):
                self.wrong("over", f"arm {name!r} has no number as its {factor}, expected one to order the arms by")
                return ()
            rest = _levels(known[name], {factor}) if factor in known[name].levels else None
            groups.setdefault(rest, []).append((float(level), name))
        ladders = tuple(tuple(sorted(group)) for group in groups.values())
        if any(len({level for level, _ in ladder}) < 3 for ladder in ladders):
            self.wrong("over", f"{factor} has fewer than 3 levels among these arms, expected 3 or more for a trend")
            return ()
        return ladders

    def metric(self, arms: list[str], datasets: tuple[str, ...], pair: bool = True) -> str:
        """The metric's name; `pair`: the test compares two arms. {spearman: [a, b]} is that of two curves."""
        known = tuple(name for name, of in measures().items() if pair or of.origin != "pair")
        given = self.given.get("metric")
        if isinstance(given, dict):
            return self._spearman(given, arms, datasets)
        metric = self.one_of("metric", known)
        self.meets((*self.spot, "metric"), metric, arms, datasets)
        return metric

    def series(self, spot: KeyPath, name: Any, arms: list[str], datasets: tuple[str, ...]) -> str:
        """The name of a curve or probe."""
        known = tuple(of_origin("metric", "probe", "series"))
        if not isinstance(name, str) or name not in known:
            self.source.wrong(spot, not_of("curve", name, known))
            return ""
        self.meets(spot, name, arms, datasets)
        return name

    def _spearman(self, given: dict[str, Any], arms: list[str], datasets: tuple[str, ...]) -> str:
        pair = given.get("spearman")
        if set(given) != {"spearman"} or not isinstance(pair, list) or len(pair) != 2:
            self.wrong("metric", f"metric is {shown(given)}, expected a name, or {{spearman: [curve, curve]}}")
            return ""
        spot = (*self.spot, "metric", "spearman")
        first, second = (
            name if name == STEP else self.series((*spot, i), name, arms, datasets) for i, name in enumerate(pair)
        )
        if first and first == second:
            self.source.wrong((*spot, 1), f"{second} is given twice, expected two different curves")
            return ""
        return spearman_name(first, second) if first and second else ""

    def meets(self, spot: KeyPath, metric: str, arms: list[str], datasets: tuple[str, ...]) -> None:
        """Note a metric that the runs of these arms do not have on these datasets."""
        for need in measures()[metric].needs if metric else ():
            lacking = self.lacking(need, datasets, arms)
            if lacking:
                fitting = [label for label in datasets if label not in lacking]
                advice = f"; give the claim datasets: [{', '.join(fitting)}]" if fitting else ""
                where = ", ".join(lacking)
                self.source.wrong(
                    spot, f"metric {metric} does not apply to {where}: it needs {need_words(need)}{advice}"
                )
                return

    def lacking(self, need: str, datasets: tuple[str, ...], arms: list[str]) -> list[str]:
        """The datasets on which the runs of some of these arms do not meet a need."""
        return [label for label in datasets if not self._met(need, label, arms)]

    def _met(self, need: str, label: str, arms: list[str]) -> bool:
        """Whether the runs of all these arms on that dataset meet a need."""
        known = registry.find("dataset", self.layers.datasets[label].name)
        if known is None:
            return True  # the unknown dataset is reported
        assert isinstance(known.facts, DatasetFacts)
        settings = [values_of(merge(*self.layers.of(label, arm))) for arm in arms if arm in self.layers.arms]
        return all(meets(need, Subject(known.facts, given)) for given in settings or [{}])


def _levels(layers: ArmLayers, without: set[str]) -> tuple[object, ...]:
    """What an arm has but for some factors; "arm" stands for its name before the levels."""
    own = () if "arm" in without else (layers.own_name,)
    return (*own, *((name, level_text(given.value)) for name, given in layers.levels.items() if name not in without))
