"""ablate validate, show and list: what study files say, and what there is to choose from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ablate.commands.shared import Plugin, Seeds, Set, StudyFile, load, load_plugins
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
    what: Annotated[str, typer.Argument(help="studies, settings, or a kind of component")] = "",
    plugin: Plugin = [],  # noqa: B006
) -> None:
    """List studies, settings, datasets, losses and the other components."""
    from ablate.listing import listing

    load_plugins(plugin)
    print(listing(what))


def show(study: StudyFile, settings: Set = [], seeds: Seeds = None, plugin: Plugin = []) -> None:  # noqa: B006
    """Show a study: question, datasets, the full settings of each arm, claims."""
    from ablate.listing import shown

    print(shown(load(study, settings, seeds, [], plugin)))
