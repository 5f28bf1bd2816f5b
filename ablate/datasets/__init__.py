"""Real distributions."""

from __future__ import annotations

from typing import Any

from ablate import registry
from ablate.config.run_config import RunConfig
from ablate.datasets.base import Dataset
from ablate.errors import UsageError
from ablate.registry.components import with_default_options


def load_dataset(name: str, options: dict[str, Any]) -> Dataset:
    """The dataset of that name; options not given have the defaults of its registration."""
    make = registry.get("dataset", name)
    dataset: Dataset = make(**with_default_options(name, options))
    return dataset


def dataset_of(config: RunConfig) -> Dataset:
    """The dataset of a run; UsageError where its labels are asked for and it turns out to have none."""
    dataset = load_dataset(config.dataset, config.dataset_options)
    if config.conditional and not dataset.n_classes:
        where = " ".join(f"{name}={value}" for name, value in config.dataset_options.items())
        raise UsageError(f"conditional needs labels, but {config.dataset} ({where}) has none: it has no class folders")
    return dataset
