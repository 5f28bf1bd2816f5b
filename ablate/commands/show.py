"""ablate show: a study or a recipe in full."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ablate.commands.options import Plugin, Seeds, Set, load
from ablate.errors import UsageError

if TYPE_CHECKING:
    from ablate.study.study import Study


def show(
    what: Annotated[
        list[str],
        typer.Argument(help="a study file, or `recipe NAME`", metavar="STUDY | recipe NAME", show_default=False),
    ],
    settings: Set = [],  # noqa: B006
    seeds: Seeds = None,
    plugin: Plugin = [],  # noqa: B006
) -> None:
    """Show a study or a recipe: question, notes, datasets, the full settings of each arm, claims."""
    names = what[1:] if what[0] == "recipe" and len(what) > 1 else what
    if len(names) != 1:
        raise UsageError(f"show {' '.join(what)}: expected one study file, or `recipe NAME`")
    print(study_text(load(Path(names[0]), settings, seeds, [], plugin)))


def study_text(study: Study) -> str:
    """A study in full: question, datasets, the settings of each arm that differ between arms and those that do not."""
    import textwrap

    drawn = set(study.search.names) if study.search else set()
    runs = {
        (dataset, arm): {k: v for k, v in study.config(dataset, arm).by_name().items() if k not in {"seed", *drawn}}
        for dataset in study.datasets
        for arm in study.arms
    }
    lines = [f"{study.name}: {study.question}", f"seeds: {_seeds_text(study)}"]
    lines += ["", *textwrap.wrap(study.notes, 120)] if study.notes else []
    if study.search:
        lines += ["", f"search: {study.search.text}", *(f"  {p.name}: {p.text}" for p in study.search.parameters)]
    shared = {k: v for k, v in next(iter(runs.values())).items() if all(r[k] == v for r in runs.values())}
    lines += ["", "same in all runs", *_setting_lines(shared)]
    for (dataset, arm), settings in runs.items():
        own = {k: v for k, v in settings.items() if k not in shared}
        lines += ["", f"{arm} on {dataset}", *_setting_lines(own)]
    if study.claims:
        lines += ["", "claims"]
        lines += [f"  {c.key}: {c.says} ({', '.join(c.source)})" for c in study.claims]
    return "\n".join(lines)


def _seeds_text(study: Study) -> str:
    if study.looks:
        return f"until decided, looks at {', '.join(map(str, study.looks))}"
    return ", ".join(map(str, study.seeds))


def _setting_lines(settings: dict[str, Any]) -> list[str]:
    """`name: value` each; settings that are off or do not apply are left out."""
    return [
        f"  {name}: {value}"
        for name, value in settings.items()
        if value is not None and value is not False and value != {}
    ]
