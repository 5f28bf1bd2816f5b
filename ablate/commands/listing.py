"""What there is to choose from, and what a study says, as text for a terminal."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

from ablate import registry
from ablate.config.fields import Settings, setting_names
from ablate.errors import UsageError
from ablate.registry import Facts, MeasureFacts
from ablate.registry.components import component_settings, users_of
from ablate.study import recipes
from ablate.study.study import Study

STUDIES = Path("studies")
PLURALS = {"lipschitz": "lipschitz", "metric": "metrics", "stability": "stability", "loss": "losses"}


def _plural(kind: str) -> str:
    return PLURALS.get(kind, f"{kind}s")


def listing(what: str) -> str:
    """One kind of thing, or all kinds where `what` is empty."""
    kinds = {_plural(kind): kind for kind in registry.KINDS}
    topics = ["studies", "recipes", "settings", *kinds]
    if not what:
        return "\n\n".join(f"{topic}\n{listing(topic)}" for topic in topics)
    if what == "studies":
        return _studies(sorted(STUDIES.glob("*.yaml"))) or f"  no study files in {STUDIES.resolve()}"
    if what == "recipes":
        return _studies([recipes.path_of(name) for name in recipes.names()], stem=True)
    if what == "settings":
        return _settings()
    kind = kinds.get(what, what)
    if kind not in registry.KINDS:
        raise UsageError(registry.unknown("thing to list", what, topics))
    return _table([(name, e.summary, _facts(e.facts)) for name, e in registry.entries(kind).items()])


def _studies(paths: list[Path], stem: bool = False) -> str:
    import yaml

    rows = []
    for path in paths:
        try:
            given = yaml.safe_load(path.read_text(encoding="utf-8"))
            question, more = str(given["question"]), "search" if "search" in given else ""
        except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError):
            question, more = "not a readable study file; see `ablate validate`", ""
        rows.append((path.stem if stem else str(path), " ".join(question.split()), more))
    return _table(rows)


def _settings() -> str:
    own, fields = component_settings(), Settings.model_fields
    return _table(
        [
            (name, own[name].doc, users_of(name).removeprefix("it is "))
            if name in own
            else (name, fields[name].description or "", _default(fields[name]))
            for name in setting_names()
        ]
    )


def _default(field: Any) -> str:
    return "" if field.is_required() or field.default is None else f"default {field.default}"


def _facts(facts: Facts) -> str:
    said = [f"{s.name} (must be given)" if s.default is None else f"{s.name} = {s.default}" for s in facts.settings]
    if isinstance(facts, MeasureFacts) and facts.better != "none":
        said.append(f"{facts.better} is better")
    return ", ".join(said)


def _table(rows: list[tuple[str, str, str]]) -> str:
    wide = max((len(name) for name, _, _ in rows), default=0)
    return "\n".join(f"  {name:<{wide}}  {text}{f' [{more}]' if more else ''}" for name, text, more in rows)


def shown(study: Study) -> str:
    """A study in full: question, datasets, the settings of each arm that differ between arms and those that do not."""
    drawn = set(study.search.names) if study.search else set()
    runs = {
        (dataset, arm): {k: v for k, v in study.config(dataset, arm).by_name().items() if k not in {"seed", *drawn}}
        for dataset in study.datasets
        for arm in study.arms
    }
    lines = [f"{study.name}: {study.question}", f"seeds: {', '.join(map(str, study.seeds))}"]
    lines += ["", *textwrap.wrap(study.notes, 120)] if study.notes else []
    if study.search:
        lines += ["", f"search: {study.search.text}", *(f"  {p.name}: {p.text}" for p in study.search.parameters)]
    shared = {k: v for k, v in next(iter(runs.values())).items() if all(r[k] == v for r in runs.values())}
    lines += ["", "same in all runs", *_pairs(shared)]
    for (dataset, arm), settings in runs.items():
        own = {k: v for k, v in settings.items() if k not in shared}
        lines += ["", f"{arm} on {dataset}", *_pairs(own)]
    if study.claims:
        lines += ["", "claims"]
        lines += [f"  {c.key}: {c.says} ({', '.join(c.source)})" for c in study.claims]
    return "\n".join(lines)


def _pairs(settings: dict[str, Any]) -> list[str]:
    return [
        f"  {name}: {value}"
        for name, value in settings.items()
        if value is not None and value is not False and value != {}
    ]
