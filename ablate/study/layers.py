"""A study's layers of settings: how they merge into a run's settings, and what is wrong with runs as wholes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from ablate import registry
from ablate.config.checks import EXCLUSIVE
from ablate.config.run_config import RunConfig, inapplicable, problems_of
from ablate.registry.components import COMPONENT_KINDS, settings_of_kind, users_of
from ablate.study.search_space import Draw, Search
from ablate.study.settings import Given, Layer
from ablate.study.yaml_file import Spot, YamlFile

MOST_CHECKED = 1000
"""So many pairs of dataset and arm are checked on reading; of a larger grid, only those along its edges."""


@dataclass(frozen=True)
class LabelledDataset:
    """What one label under `datasets` stands for."""

    name: str
    options: Layer = field(default_factory=dict)
    settings: Layer = field(default_factory=dict)
    known: bool = True


@dataclass(frozen=True)
class ArmLayers:
    """An arm's own settings, those that it has on one dataset alone, and its levels of the grid with their positions."""

    own_name: str
    own: Layer = field(default_factory=dict)
    by_dataset: dict[str, Layer] = field(default_factory=dict)
    """dataset's label → settings"""
    levels: Layer = field(default_factory=dict)
    positions: tuple[int, ...] = ()


@dataclass(frozen=True)
class Layers:
    """All settings of a study, by layer, weakest first: recipe, base, dataset, draw, arm, arm on the dataset, level, flag."""

    base: Layer = field(default_factory=dict)
    datasets: dict[str, LabelledDataset] = field(default_factory=dict)
    arms: dict[str, ArmLayers] = field(default_factory=dict)
    flags: Layer = field(default_factory=dict)
    recipe: Layer = field(default_factory=dict)
    search: Search | None = None

    def of(self, label: str, arm: str, draw: Draw | None = None) -> tuple[Layer, ...]:
        """The layers of a run, weakest first."""
        return (
            self.recipe,
            self.base,
            self.datasets[label].settings,
            {name: Given(value, ("search", "parameters", name)) for name, value in (draw or {}).items()},
            self.arms[arm].own,
            self.arms[arm].by_dataset.get(label, {}),
            self.arms[arm].levels,
            self.flags,
        )

    @property
    def examples(self) -> list[Draw]:
        """Draws with which the settings are checked; one empty draw without a search."""
        return self.search.examples() if self.search else [{}]

    def given(self) -> Iterator[tuple[str, Given]]:
        """Every setting that the file or a flag gives, but for those of a recipe."""
        yield from self.base.items()
        for dataset in self.datasets.values():
            yield from dataset.settings.items()
        for arm in self.arms.values():
            for layer in (arm.own, *arm.by_dataset.values(), arm.levels):
                yield from layer.items()
        for name, value in self.examples[0].items():
            yield name, Given(value, ("search", "parameters", name))
        yield from self.flags.items()

    def config(self, label: str, arm: str, seed: int, draw: Draw | None = None) -> RunConfig:
        """The settings of one run; those that its components do not use are left out."""
        merged = values_of(merge(*self.of(label, arm, draw)))
        unused = inapplicable(merged)
        kept = {name: value for name, value in merged.items() if name not in unused}
        dataset = self.datasets[label]
        return RunConfig(dataset=dataset.name, dataset_options=values_of(dataset.options), seed=seed, **kept)


def values_of(layer: Layer) -> dict[str, Any]:
    """The layer's values alone."""
    return {name: given.value for name, given in layer.items()}


def merge(*layers: Layer) -> Layer:
    """Later layers win; of settings that exclude each other, one in a later layer drops the other."""
    merged: Layer = {}
    for layer in layers:
        for name in EXCLUSIVE:
            if name in layer and layer[name].value is not None:
                for other in EXCLUSIVE:
                    merged.pop(other, None)
        merged.update(layer)
    return merged


def check_layers(source: YamlFile, layers: Layers, seed: int) -> None:
    """Note what is wrong with runs as wholes: once for each place, naming the first run that it concerns."""
    used: set[Spot] = set()
    problems: dict[tuple[Spot, str], list[str]] = {}
    seen: dict[str, tuple[str, str]] = {}
    for label, arm, draw in _checked(layers):
        given = layers.of(label, arm, draw)
        for variant in [given, given[:-1]] if layers.flags else [given]:  # a flag does not make the file wrong
            unused = inapplicable(values_of(merge(*variant)))
            used |= {setting.spot for layer in variant for name, setting in layer.items() if name not in unused}
        for spot, message in _check_run(layers, label, arm, draw, seed, seen):
            where = f"arm {arm!r}" + (f" on {label!r}" if label else "")
            runs = problems.setdefault((spot, message), [])
            runs += [where] * (where not in runs)
    for (spot, message), runs in problems.items():
        more = f" and {len(runs) - 1} more" if len(runs) > 1 else ""
        source.wrong(spot, f"{message} (in {runs[0]}{more})" if runs[0] not in message else message)
    for name, setting in layers.given():
        if setting.spot not in used and setting.value is not None:
            source.wrong(setting.spot, f"{name} has no effect in any run: {users_of(name)}", key=True)


def _checked(layers: Layers) -> Iterator[tuple[str, str, Draw]]:
    edges_only = len(layers.datasets) * len(layers.arms) * len(layers.examples) > MOST_CHECKED
    for arm, parts in layers.arms.items():
        if edges_only and sum(position > 0 for position in parts.positions) > 1:
            continue
        for label in layers.datasets:
            yield from ((label, arm, draw) for draw in layers.examples)


def _check_run(
    layers: Layers, label: str, arm: str, draw: Draw, seed: int, seen: dict[str, tuple[str, str]]
) -> Iterator[tuple[Spot, str]]:
    dataset, merged = layers.datasets[label], merge(*layers.of(label, arm, draw))
    if registry.find("dataset", dataset.name) is None:
        return  # reported where it is chosen
    options = values_of(dataset.options)
    unsure = {name for name, given in merged.items() if not given.valid}
    values = {name: given.value for name, given in merged.items() if given.valid}
    if not layers.base and not layers.recipe:
        unsure |= set(EXCLUSIVE)
    if not dataset.known:
        unsure |= {"architecture", "conditional", "dataset_options"}
    for kind in unsure & set(COMPONENT_KINDS):
        owned = settings_of_kind(kind)
        values = {name: value for name, value in values.items() if name not in owned}
    unused = inapplicable(values)
    values = {name: value for name, value in values.items() if name not in unused}
    try:
        config = RunConfig(dataset=dataset.name, dataset_options=options, seed=seed, **values)
    except ValidationError as error:
        for setting, message in problems_of(error):
            if not unsure & {*message.replace(",", " ").replace(":", " ").split(), *setting.split(".")}:
                yield _spot_of(setting, merged, dataset), message
        return
    if not unsure and dataset.known:
        yield from _twin(layers, label, arm, seen.setdefault(config.run_id, (label, arm)))


def _spot_of(setting: str, merged: Layer, dataset: LabelledDataset) -> Spot:
    if setting.startswith("dataset_options."):
        given = dataset.options.get(setting.removeprefix("dataset_options."))
        return given.spot if given else ("datasets",)
    return merged[setting].spot if setting in merged else ("base",)


def _twin(layers: Layers, label: str, arm: str, first: tuple[str, str]) -> Iterator[tuple[Spot, str]]:
    """The mistake that two runs have the same settings, at the place that should make them differ."""
    other_label, other_arm = first
    if first == (label, arm):
        return
    mine, other = layers.arms[arm], layers.arms[other_arm]
    if other_arm == arm:
        yield ("datasets", label), f"dataset {label!r} gives the same runs as {other_label!r}; remove or change one"
    elif mine.own_name == other.own_name:
        factor = next(name for name in mine.levels if mine.levels[name] != other.levels[name])
        message = f"{factor} makes no difference to arm {mine.own_name!r}: its levels give identical runs"
        yield ("grid", factor), message if mine.own_name else f"{factor} makes no difference to the runs"
    else:
        yield ("arms", mine.own_name), f"arm {arm!r} is identical with arm {other_arm!r}; remove or change one"
