"""What the command line changes of a study: settings, options of its datasets, seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ablate.errors import StudyErrors
from ablate.registry.components import dataset_options
from ablate.study.layers import LabelledDataset
from ablate.study.looks import read_looks
from ablate.study.sections import read_seeds
from ablate.study.settings import Given, Layer, is_setting, read_setting, setting_names
from ablate.study.yaml_file import YamlFile, parse_yaml

Datasets = dict[str, LabelledDataset]


def read_flags(source: YamlFile, overrides: Sequence[str], datasets: Datasets) -> tuple[Layer, Datasets]:
    """The settings given by `--set name=value`, and the datasets with the options given so; the last one wins."""
    flags: Layer = {}
    for text in overrides:
        spot = f"--set {text}"
        name, equals, written = text.partition("=")
        name = name.strip()
        if not equals or not name:
            source.wrong(spot, "expected --set setting=value, such as --set generator_steps=1000")
        elif name not in setting_names() and any(
            name in dataset_options(dataset.name) for dataset in datasets.values()
        ):
            datasets = _with_option(datasets, name, Given(_flag_value(source, written), spot))
        elif is_setting(source, spot, name):
            try:
                flags[name] = read_setting(source, spot, name, _flag_value(source, written))
            except StudyErrors:
                source.wrong(spot, f"{name} is the text {written!r}, which is not YAML")
    return flags, datasets


def _with_option(datasets: Datasets, name: str, given: Given) -> Datasets:
    return {
        label: replace(dataset, options={**dataset.options, name: given})
        if name in dataset_options(dataset.name)
        else dataset
        for label, dataset in datasets.items()
    }


def _flag_value(source: YamlFile, written: str) -> Any:
    parsed = parse_yaml(written, source.path)
    parsed.stop_if_wrong()
    return parsed.value


def read_seeds_flag(source: YamlFile, text: str) -> tuple[int, ...]:
    """Seeds from the command line: 10, 0:10 or 0,3,7."""
    listed = f"[{text}]" if "," in text else text
    try:
        value = parse_yaml(listed, source.path).value
    except StudyErrors:
        value = text
    return read_seeds(source, f"--seeds {text}", value)


def read_runs_of_arms(
    source: YamlFile, flag: str | None, until: Sequence[int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The seeds of the file or of --seeds, and the looks at them, of the file or of --until decided; () without looks.

    A study that goes by looks has the seeds of the last one, counted from its first seed; --seeds fixes them instead.
    """
    if flag is not None:
        if until:
            source.wrong("--until decided", f"--seeds {flag} fixes the seeds; leave one of the two out")
        return read_seeds_flag(source, flag), ()
    if "seeds" not in source.value:
        return (), ()
    looks = read_looks(source)
    if looks or isinstance(source.value["seeds"], dict):
        return tuple(range(max(looks, default=0))), looks
    seeds = read_seeds(source, ("seeds",), source.value["seeds"])
    if not until or not seeds:
        return seeds, ()
    if seeds != tuple(range(seeds[0], seeds[0] + len(seeds))):
        source.wrong(
            "--until decided", "the study lists its seeds with gaps, and looks take the next ones; give a number"
        )
        return seeds, ()
    return tuple(range(seeds[0], seeds[0] + until[-1])), tuple(until)
