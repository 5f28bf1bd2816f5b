"""Names to components: what plugins import is `register`."""

from ablate.registry.registry import (
    KINDS,
    MAIN,
    Entry,
    entries,
    entry,
    find,
    first_line,
    get,
    load_entry_points,
    load_plugin,
    register,
    sources,
    unknown,
)

__all__ = [
    "KINDS",
    "MAIN",
    "Entry",
    "entries",
    "entry",
    "find",
    "first_line",
    "get",
    "load_entry_points",
    "load_plugin",
    "register",
    "sources",
    "unknown",
]
