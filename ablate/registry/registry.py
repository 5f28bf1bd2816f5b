"""Names to components: every loss, penalty, optimizer, dataset, metric, probe, claim and the like is registered here.

The built-in components are found by reading the `@register(...)` decorators in the package's sources, not by importing
them: importing would load torch, and `ablate --help`, `validate` and `report` must start at once. A component's module
is imported when the component is first used. Facts given to the decorator are literals for the same reason; what each
kind may say is in ablate.registry.facts.
"""

from __future__ import annotations

import ast
import importlib
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from ablate.errors import UsageError
from ablate.registry.facts import FACT_CLASSES, FACTS, Facts, MeasureFacts, facts_of
from ablate.registry.words import unknown

KINDS = tuple(FACTS)
BUILT_IN_FOLDERS = ("registry", "datasets", "networks", "training", "metrics", "claims")

COLUMNS = frozenset(
    {
        "run_id", "results_version", "study", "dataset", "arm", "seed", "draw", "status", "error", "flags", "diverged_at",
        "commit", "dirty", "ablate_version", "python", "torch", "device", "threads", "cohort_size", "dataset_fingerprint",
        "features", "features_fingerprint", "finished_at", "fid_protocol", "done_generator_steps", "done_critic_steps",
        "images_seen", "seconds", "step_seconds", "step_seconds_iqr", "arithmetic", "measured_later",
        "critic_loss", "wasserstein_estimate", "critic_gradient_norm",
        "generator_loss", "generator_gradient_norm", "diverged", "steps_to_target", "seconds_to_target", "step",
    }
)  # fmt: skip
"""Columns that every row may have, and what claims name beside measures: no component's name"""
_OWN_COLUMN = re.compile(r"^set_|_floor$|^best_")
_COLUMN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_@.+-]*")

T = TypeVar("T")
F = TypeVar("F", bound=Facts)


@dataclass(frozen=True)
class Entry:
    """One component: where it lives, and what must be known of it without importing it."""

    kind: str
    name: str
    module: str
    attribute: str
    summary: str
    facts: Facts = field(hash=False)
    component: Any = field(default=None, compare=False, hash=False)

    def load(self) -> Any:
        """The component itself; imports its module if need be."""
        if self.component is not None:
            return self.component
        return getattr(importlib.import_module(self.module), self.attribute)


_plugins: dict[tuple[str, str], Entry] = {}
_of_every_run: set[str] = set()
"""Names of the settings that no component may own"""
sources: dict[str, None] = {}
"""Files and modules that were loaded as plugins, or that registered components when they were imported, in order"""
loading: list[str] = []
"""The plugin that is being loaded, if one is, and those that load each other (ablate.registry.plugins)"""


def register(kind: str, name: str, **facts: Any) -> Callable[[T], T]:
    """Decorator that makes a function or class available under `name`; `facts` must be literals, of `FACTS[kind]`.

    UsageError for an unknown kind, fact or need, for a wrong value, and for a name or setting that is taken.
    """
    if kind not in KINDS:
        raise UsageError(f"register({kind!r}, {name!r}): {unknown('kind', kind, KINDS)}")
    _refuse_built_in(kind, name, sys._getframe(1).f_globals["__name__"])
    typed = _typed(kind, name, facts)

    def decorate(component: T) -> T:
        module, attribute = component.__module__, component.__name__  # type: ignore[attr-defined]
        known = find(kind, name)
        if known is None:
            new = Entry(kind, name, module, attribute, first_line(component.__doc__), typed, component)
            _refuse_clash(new)
            _refuse_taken_column(new)
            _plugins[kind, name] = new
            if not loading:
                sources[sys._getframe(1).f_globals["__name__"]] = None
        elif (known.module, known.attribute) != (module, attribute):
            raise UsageError(
                f"{kind} {name!r} of {module}.{attribute} is already registered by {known.module}.{known.attribute}; "
                f"choose another name"
            )
        return component

    return decorate


def _refuse_built_in(kind: str, name: str, module: str) -> None:
    """Before its facts are looked at: they may be those of the ablate for which the plugin was written."""
    known = _built_in().get((kind, name))
    if known is not None and known.module != module:
        raise UsageError(
            f"{kind} {name!r} is already built in ({known.module}.{known.attribute}): use that one, and leave it out of "
            f"{module}, or register another name"
        )


def _typed(kind: str, name: str, facts: dict[str, Any]) -> Facts:
    try:
        typed = facts_of(kind, facts)
    except UsageError as error:
        raise UsageError(f"register({kind!r}, {name!r}): {error}") from error
    for need in getattr(typed, "needs", ()):
        for part in need.split(" or "):
            if find("need", part) is None:
                raise UsageError(f"register({kind!r}, {name!r}): {unknown('need', part, entries('need'))}")
    return typed


def _refuse_clash(new: Entry) -> None:
    """A setting of one name means one thing, whichever components own it."""
    if new.kind == "dataset":  # options are given beside the dataset's name, and are its own
        return
    for setting in new.facts.settings:
        if setting.name in _of_every_run:
            raise UsageError(
                f"{new.kind} {new.name!r} cannot own a setting {setting.name!r}: every run has a setting "
                f"{setting.name!r}; choose another name"
            )
        for other in entries_of_all_kinds():
            for known in other.facts.settings if other.kind != "dataset" else ():
                if known.name == setting.name and not known.agrees(setting):
                    raise UsageError(
                        f"setting {setting.name!r} of {new.kind} {new.name!r} is another one than that of {other.kind} "
                        f"{other.name!r}: {setting.differences(known)}; make them equal, or choose another name"
                    )


def reserve_settings(names: Iterable[str]) -> None:
    """Let no component own a setting of these names, for every run has them; UsageError where one does already."""
    _of_every_run.update(names)
    for known in entries_of_all_kinds():
        _refuse_clash(known)


def _refuse_taken_column(new: Entry) -> None:
    """Measures of all kinds are columns of one table, beside those that every row has."""
    if not isinstance(new.facts, MeasureFacts):
        return
    for other in entries_of_all_kinds():
        if other.name == new.name and isinstance(other.facts, MeasureFacts):
            raise UsageError(f"there is a {other.kind} {new.name!r} already; choose another name")
    if not _COLUMN_NAME.fullmatch(new.name):
        raise UsageError(
            f"{new.kind} {new.name!r}: expected a name of letters, digits and _ @ . + -, for it names a column"
        )
    if new.name in COLUMNS or _OWN_COLUMN.search(new.name):
        raise UsageError(f"{new.kind} {new.name!r}: every row has a column of this name; choose another name")


def first_line(doc: str | None) -> str:
    """The first line of a docstring, or nothing."""
    return doc.strip().splitlines()[0] if doc else ""


def find(kind: str, name: str) -> Entry | None:
    """The component's entry, or None where there is none of that name."""
    return _built_in().get((kind, name)) or _plugins.get((kind, name))


@cache
def _built_in() -> dict[tuple[str, str], Entry]:
    known: dict[tuple[str, str], Entry] = {}
    package = Path(__file__).parent.parent
    for folder in BUILT_IN_FOLDERS:
        for path in sorted((package / folder).rglob("*.py")):
            module = ".".join(("ablate", *path.relative_to(package).with_suffix("").parts))
            for entry in _entries_in(path.read_text(encoding="utf-8"), module):
                if (entry.kind, entry.name) in known:
                    raise UsageError(f"{entry.kind} {entry.name!r} is registered twice, again in {module}")
                known[entry.kind, entry.name] = entry
    return known


def _entries_in(source: str, module: str) -> list[Entry]:
    if "@register(" not in source:
        return []
    known: list[Entry] = []
    for node in ast.parse(source).body:
        if not isinstance(node, ast.FunctionDef | ast.ClassDef):
            continue
        for call in node.decorator_list:
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "register":
                kind, name = (ast.literal_eval(argument) for argument in call.args)
                facts = facts_of(kind, {str(word.arg): _literal(word.value) for word in call.keywords})
                known.append(Entry(kind, name, module, node.name, first_line(ast.get_docstring(node)), facts))
    return known


def _literal(node: ast.expr) -> Any:
    """A literal, in which classes of FACT_CLASSES may be called."""
    if isinstance(node, ast.Tuple | ast.List):
        return tuple(_literal(item) for item in node.elts)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in FACT_CLASSES:
        named = {str(word.arg): _literal(word.value) for word in node.keywords}
        return FACT_CLASSES[node.func.id](*map(_literal, node.args), **named)
    return ast.literal_eval(node)


def plugin_entries() -> tuple[Entry, ...]:
    """Components that are not built in: what a cache of registered things depends on."""
    return tuple(_plugins.values())


def keep_only(plugins: Iterable[Entry]) -> None:
    """Forget the components of plugins that are not among these."""
    kept = set(plugins)
    for key in [key for key, entry in _plugins.items() if entry not in kept]:
        del _plugins[key]


def entries_of_all_kinds() -> list[Entry]:
    """All components, built-in ones first."""
    return [*_built_in().values(), *_plugins.values()]


def entries(kind: str) -> dict[str, Entry]:
    """All components of a kind by name, built-in ones first."""
    return dict(_entries(kind, plugin_entries()))


@cache
def _entries(kind: str, plugins: tuple[Entry, ...]) -> dict[str, Entry]:
    return {entry.name: entry for entry in (*_built_in().values(), *plugins) if entry.kind == kind}


def entry(kind: str, name: str) -> Entry:
    """The component's entry; an unknown name is a UsageError that says which names there are."""
    known = find(kind, name)
    if known is None:
        raise UsageError(unknown(kind, name, entries(kind)))
    return known


def facts_about(of: type[F], name: str) -> F:
    """The typed facts of a component, such as `facts_about(DatasetFacts, "ring8")`; UsageError for an unknown name."""
    kind = next(kind for kind, cls in FACTS.items() if cls is of)
    known = entry(kind, name).facts
    assert isinstance(known, of)
    return known


def get(kind: str, name: str) -> Any:
    """The component itself."""
    return entry(kind, name).load()
