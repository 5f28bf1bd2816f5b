"""ablate list: what there is to choose from, plugins included."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ablate.commands.options import STUDIES, Plugin, load_plugins

PLURALS = {"lipschitz": "lipschitz", "stability": "stability", "loss": "losses"}
"""Of kinds of components; of others, the name and an s"""

Row = tuple[str, str, str]
"""Name, what it is, and what else is to be known, which stands in brackets"""


def list_components(
    what: Annotated[str, typer.Argument(help="studies, recipes, settings, measures, or a kind of component")] = "",
    plugin: Plugin = [],  # noqa: B006
) -> None:
    """List studies, settings, measures, datasets, losses and the other components."""
    load_plugins(plugin)
    print(listing(what))


def listing(what: str) -> str:
    """One kind of thing, or all kinds where `what` is empty."""
    from ablate import registry
    from ablate.errors import UsageError
    from ablate.study import recipes

    kinds = {PLURALS.get(kind, f"{kind}s"): kind for kind in registry.KINDS}
    topics = ["studies", "recipes", "settings", "measures", *kinds]
    if not what:
        return "\n\n".join(f"{topic}\n{listing(topic)}" for topic in topics)
    if what == "studies":
        return _table(_studies(sorted(STUDIES.glob("*.yaml")))) or f"  no study files in {STUDIES.resolve()}"
    if what == "recipes":
        return _table(_studies([recipes.path_of(name) for name in recipes.names()], stem=True))
    if what == "settings":
        return _table(_settings())
    if what == "measures":
        return _table(_measures())
    kind = kinds.get(what, what)
    if kind not in registry.KINDS:
        raise UsageError(registry.unknown("thing to list", what, topics))
    return _table([(name, entry.summary, _facts(entry.facts)) for name, entry in registry.entries(kind).items()])


def _studies(paths: list[Path], stem: bool = False) -> list[Row]:
    import yaml

    rows = []
    for path in paths:
        try:
            given = yaml.safe_load(path.read_text(encoding="utf-8"))
            question, more = str(given["question"]), "search" if "search" in given else ""
        except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError):
            question, more = "not a readable study file; see `ablate validate`", ""
        rows.append((path.stem if stem else str(path), " ".join(question.split()), more))
    return rows


def _settings() -> list[Row]:
    from ablate.config.fields import Settings, setting_names
    from ablate.registry.components import component_settings
    from ablate.study.settings import ELSEWHERE, allowed

    own, fields = component_settings(), Settings.model_fields
    rows = []
    for name in setting_names():
        if name in own:
            rows.append((name, own[name].doc, f"{_owners(name)}; {allowed(name)}"))
        elif name in ELSEWHERE:
            rows.append((name, fields[name].description or "", ELSEWHERE[name]))
        else:
            default = fields[name].default
            given = [] if default is None else [f"default {_value_text(default)}"]
            rows.append((name, fields[name].description or "", "; ".join([*given, allowed(name)])))
    return rows


def _owners(setting: str) -> str:
    """`of lipschitz gradient_penalty, lipschitz r1: must be given`; owners with other defaults come after them."""
    from ablate.registry.components import COMPONENT_KINDS, owned_settings
    from ablate.registry.registry import entries

    by_default: dict[str, list[str]] = {}
    for kind in COMPONENT_KINDS:
        for component in entries(kind):
            if known := owned_settings(kind, component).get(setting):
                default = "must be given" if known.default is None else f"default {_value_text(known.default)}"
                by_default.setdefault(default, []).append(f"{kind} {component}")
    return ", ".join(f"of {', '.join(owners)}: {default}" for default, owners in by_default.items())


def _measures() -> list[Row]:
    from ablate.registry.measures import measures
    from ablate.registry.needs import need_words

    rows = []
    for of in measures().values():
        facts = [of.origin if not of.at_end else f"{of.origin}, at the end of a run"]
        facts += [f"{of.better} is better"] if of.better != "none" else []
        facts += [f"needs {need_words(need)}" for need in of.needs]
        rows.append((of.name, of.summary, "; ".join(facts)))
    return rows


def _facts(facts: Any) -> str:
    from ablate.registry import MeasureFacts, NeedFacts

    if isinstance(facts, NeedFacts):
        return facts.words
    said = [
        f"{known.name}: {'must be given' if known.default is None else f'default {_value_text(known.default)}'}, "
        f"{known.expected}"
        for known in facts.settings
    ]
    if isinstance(facts, MeasureFacts) and facts.better != "none":
        said.append(f"{facts.better} is better")
    return "; ".join(said)


def _value_text(value: Any) -> str:
    """A value as a study file holds it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _table(rows: list[Row]) -> str:
    wide = max((len(name) for name, _, _ in rows), default=0)
    return "\n".join(f"  {name:<{wide}}  {text}{f' [{more}]' if more else ''}" for name, text, more in rows)
