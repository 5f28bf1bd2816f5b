"""Names to components and what they say of themselves; plugins import `register` and `Setting`."""

from ablate.registry.facts import (
    ArchitectureFacts,
    ClaimFacts,
    DatasetFacts,
    Facts,
    LipschitzFacts,
    LossFacts,
    MeasureFacts,
    MetricFacts,
    NeedFacts,
)
from ablate.registry.plugins import MAIN, load_entry_points, load_plugin, sources
from ablate.registry.registry import KINDS, Entry, entries, entry, facts_about, find, first_line, get, register
from ablate.registry.setting import Setting
from ablate.registry.words import unknown

__all__ = [
    "KINDS",
    "MAIN",
    "ArchitectureFacts",
    "ClaimFacts",
    "DatasetFacts",
    "Entry",
    "Facts",
    "LipschitzFacts",
    "LossFacts",
    "MeasureFacts",
    "MetricFacts",
    "NeedFacts",
    "Setting",
    "entries",
    "entry",
    "facts_about",
    "find",
    "first_line",
    "get",
    "load_entry_points",
    "load_plugin",
    "register",
    "sources",
    "unknown",
]
