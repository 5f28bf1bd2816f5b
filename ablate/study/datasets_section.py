"""The `datasets` of a study file: by label, which dataset each stands for, with its options and settings."""

from __future__ import annotations

from typing import Any

from ablate import registry
from ablate.registry.components import dataset_options
from ablate.study.layers import LabelledDataset
from ablate.study.sections import good_name
from ablate.study.settings import Given, Layer, is_setting, read_setting, setting_names, shown, shown_or_empty
from ablate.study.yaml_file import Spot, YamlFile


def read_datasets(source: YamlFile) -> dict[str, LabelledDataset]:
    """The datasets by label."""
    value = source.value.get("datasets")
    if "datasets" not in source.value:
        return {}
    if not isinstance(value, list | dict) or not value:
        source.wrong(
            ("datasets",),
            f"datasets is {shown_or_empty(value)}, expected a list of names, or a mapping of labels to a dataset's settings",
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
    for key, item in given.items():
        here = (*spot, key)
        if key in known_settings:
            settings[key] = read_setting(source, here, key, item)
        elif key in allowed:
            options[key] = Given(item, here)
        elif known and key != "dataset":
            if key in ("seed", "dataset_options", "<<"):
                is_setting(source, here, key)
            else:
                source.wrong(
                    here, registry.unknown(f"option of {name} or setting", key, [*allowed, *known_settings]), key=True
                )
    return LabelledDataset(name, options, settings, known)


def stand_in() -> dict[str, LabelledDataset]:
    """What arms are checked with where the file gives no dataset that is known."""
    return {"": LabelledDataset(next(iter(registry.entries("dataset"))), known=False)}
