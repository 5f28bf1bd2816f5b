"""ablate validate, show and list: what study files say, and what there is to choose from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ablate.commands.options import Plugin, Seeds, Set, load, load_plugins
from ablate.errors import UsageError


def validate(
    studies: Annotated[list[Path], typer.Argument(help="study files", show_default=False)],
    plugin: Plugin = [],  # noqa: B006
) -> None:
    """Check study files; every mistake is shown with its place."""
    problems = []
    for path in studies:
        try:
            study = load(path, [], None, [], plugin)
            print(f"{path}: {study.size} runs, {len(study.claims)} claims")
        except UsageError as error:
            problems.append(str(error))
    if problems:
        raise UsageError("\n".join(problems))


def list_components(
    what: Annotated[str, typer.Argument(help="studies, recipes, settings, or a kind of component")] = "",
    plugin: Plugin = [],  # noqa: B006
) -> None:
    """List studies, settings, datasets, losses and the other components."""
    from ablate.commands.listing import listing

    load_plugins(plugin)
    print(listing(what))


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
    from ablate.commands.listing import shown

    names = what[1:] if what[0] == "recipe" and len(what) > 1 else what
    if len(names) != 1:
        raise UsageError(f"show {' '.join(what)}: expected one study file, or `recipe NAME`")
    print(shown(load(Path(names[0]), settings, seeds, [], plugin)))
