"""ablate validate: every mistake of study files, with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ablate.commands.options import Plugin, load, load_plugins
from ablate.errors import UsageError


def validate(
    studies: Annotated[list[Path], typer.Argument(help="study files", show_default=False)],
    plugin: Plugin = [],  # noqa: B006
) -> None:
    """Check study files; every mistake is shown with its place."""
    load_plugins(plugin)
    problems = []
    for path in studies:
        try:
            study = load(path, [], None, [], [])
            print(f"{path}: {study.size} runs, {len(study.claims)} claims")
        except UsageError as error:
            problems.append(str(error))
    if problems:
        raise UsageError("\n".join(problems))
