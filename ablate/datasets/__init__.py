"""Real distributions."""

from __future__ import annotations

from typing import Any

from ablate import registry
from ablate.datasets.base import Dataset


def load_dataset(name: str, options: dict[str, Any]) -> Dataset:
    """The dataset of that name; options not given have the defaults of its registration."""
    entry = registry.entry("dataset", name)
    return entry.load()(**{**entry.facts.get("options", {}), **options})
