"""Names to components: every loss, penalty, optimizer, norm, architecture, dataset, metric and probe is registered here.

The built-in components are found by reading the `@register(...)` decorators in the package's sources, not by importing
them: importing would load torch, and `ablate --help`, `validate` and `report` must start at once. A component's module
is imported when the component is first used. Facts given to the decorator are literals for the same reason.
"""

from __future__ import annotations

import ast
import difflib
import importlib
import importlib.metadata
import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from ablate.errors import UsageError

KINDS = ("dataset", "architecture", "loss", "lipschitz", "optimizer", "metric", "stability", "probe")
BUILT_IN_FOLDERS = ("datasets", "networks", "training", "metrics")
ENTRY_POINT_GROUP = "ablate.plugins"
MAIN = "__main__"
MOST_NAMES = 40
"""How many names an error message lists."""

T = TypeVar("T")


@dataclass(frozen=True)
class Entry:
    """One component: where it lives, and what must be known of it without importing it."""

    kind: str
    name: str
    module: str
    attribute: str
    summary: str
    facts: dict[str, Any] = field(default_factory=dict, hash=False)
    component: Any = field(default=None, compare=False, hash=False)

    def load(self) -> Any:
        """The component itself; imports its module if need be."""
        if self.component is not None:
            return self.component
        return getattr(importlib.import_module(self.module), self.attribute)


_plugins: dict[tuple[str, str], Entry] = {}
_sources: dict[str, None] = {}
"""Files and modules that were loaded as plugins, or that registered components when they were imported, in order"""
_loading: list[str] = []
"""The plugin that is being loaded, if one is, and those that load each other"""


def register(kind: str, name: str, **facts: Any) -> Callable[[T], T]:
    """Decorator that makes a function or class available under `name`; `facts` must be literals."""
    if kind not in KINDS:
        raise UsageError(f"register({kind!r}, {name!r}): no such kind; kinds: {', '.join(KINDS)}")

    def decorate(component: T) -> T:
        module, attribute = component.__module__, component.__name__  # type: ignore[attr-defined]
        known = find(kind, name)
        if known is None:
            summary = first_line(component.__doc__)
            _plugins[kind, name] = Entry(kind, name, module, attribute, summary, facts, component)
            if not _loading:
                _sources[sys._getframe(1).f_globals["__name__"]] = None
        elif (known.module, known.attribute) != (module, attribute):
            raise UsageError(
                f"{kind} {name!r} of {module}.{attribute} is already registered by {known.module}.{known.attribute}; "
                f"choose another name"
            )
        return component

    return decorate


def first_line(doc: str | None) -> str:
    """The first line of a docstring, or nothing."""
    return doc.strip().splitlines()[0] if doc else ""


def find(kind: str, name: str) -> Entry | None:
    """The component's entry, or None where there is none of that name."""
    return _built_in().get((kind, name)) or _plugins.get((kind, name))


@cache
def _built_in() -> dict[tuple[str, str], Entry]:
    found: dict[tuple[str, str], Entry] = {}
    package = Path(__file__).parent.parent
    for folder in BUILT_IN_FOLDERS:
        for path in sorted((package / folder).rglob("*.py")):
            module = ".".join(("ablate", *path.relative_to(package).with_suffix("").parts))
            for entry in _entries_in(path.read_text(encoding="utf-8"), module):
                if (entry.kind, entry.name) in found:
                    raise UsageError(f"{entry.kind} {entry.name!r} is registered twice, again in {module}")
                found[entry.kind, entry.name] = entry
    return found


def _entries_in(source: str, module: str) -> list[Entry]:
    if "@register(" not in source:
        return []
    entries = []
    for node in ast.parse(source).body:
        if not isinstance(node, ast.FunctionDef | ast.ClassDef):
            continue
        for call in node.decorator_list:
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "register":
                kind, name = (ast.literal_eval(argument) for argument in call.args)
                facts = {str(word.arg): ast.literal_eval(word.value) for word in call.keywords}
                summary = first_line(ast.get_docstring(node))
                entries.append(Entry(kind, name, module, node.name, summary, facts))
    return entries


def entries(kind: str) -> dict[str, Entry]:
    """All components of a kind by name, built-in ones first."""
    everything = [*_built_in().values(), *_plugins.values()]
    return {entry.name: entry for entry in everything if entry.kind == kind}


def entry(kind: str, name: str) -> Entry:
    """The component's entry; an unknown name is a UsageError that says which names there are."""
    found = find(kind, name)
    if found is None:
        raise UsageError(unknown(kind, name, entries(kind)))
    return found


def get(kind: str, name: str) -> Any:
    """The component itself."""
    return entry(kind, name).load()


def unknown(what: str, name: object, known: Any) -> str:
    """One sentence for an unknown name: what was expected, and the nearest known name."""
    names = [str(each) for each in known]
    near = difflib.get_close_matches(str(name), names, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    rest = f", and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"unknown {what} {name!r}, expected one of: {', '.join(names[:MOST_NAMES])}{rest}{hint}"


def load_plugin(name: str) -> None:
    """Import a file (`my_module.py`) or a module whose decorators register components. Runs its code."""
    path = Path(name)
    _loading.append(name)
    try:
        if path.suffix == ".py":
            spec = importlib.util.spec_from_file_location(path.stem, path)
            if not path.is_file() or spec is None or spec.loader is None:
                raise UsageError(f"--plugin {name}: no such file")
            module = importlib.util.module_from_spec(spec)
            sys.modules[path.stem] = module
            spec.loader.exec_module(module)
        else:
            importlib.import_module(name)
    except UsageError:
        raise
    except Exception as error:  # the plugin is the user's code: whatever it raises is reported as its failure
        raise UsageError(f"--plugin {name}: {type(error).__name__}: {error}") from error
    finally:
        _loading.pop()
    if not _loading:
        _sources[name] = None


def load_entry_points() -> None:
    """Load the plugins that installed packages declare under the entry point group `ablate.plugins`."""
    for point in importlib.metadata.entry_points(group=ENTRY_POINT_GROUP):
        load_plugin(point.module)


def sources() -> tuple[str, ...]:
    """What another process must load, by `load_plugin`, to have the plugins that this one has.

    MAIN is among them where the main script registers components: no other process has those.
    """
    return tuple(_sources)
