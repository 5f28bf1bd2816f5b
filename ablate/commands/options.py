"""What commands share: their options, and how a study file and plugins are loaded."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ablate.errors import UsageError
from ablate.registry import unknown

if TYPE_CHECKING:
    from ablate.study.study import Study

RESULTS, RUNS, REPORTS, STUDIES = Path("results"), Path("runs"), Path("reports"), Path("studies")
RECIPES = "recipes"
DONE, INTERNAL, USAGE, FAILED, INCOMPLETE, INTERRUPTED = 0, 1, 2, 3, 4, 130
DIFFERS = 3
"""of `ablate compare`: the two are not the same beyond chance"""

StudyFile = Annotated[Path, typer.Argument(help="a study file, or a recipe's name", show_default=False)]
Set = Annotated[list[str], typer.Option("--set", metavar="KEY=VALUE", help="change a setting of every arm")]
Only = Annotated[list[str], typer.Option(metavar="FACTOR=LEVEL", help="only these: dataset=…, arm=…, or a grid factor")]
Seeds = Annotated[str | None, typer.Option(help="other seeds: 10, 0:5, or 3,4,7")]
Plugin = Annotated[list[str], typer.Option(metavar="FILE.py", help="load components from there (runs its code)")]
Json = Annotated[bool, typer.Option("--json", help="print the outcome as JSON, and nothing else")]
ResultsFolder = Annotated[Path, typer.Option("--results", help="the folder with the reference results")]
Data = Annotated[Path | None, typer.Option(help="folder with the data sets; default: $ABLATE_DATA")]


def load(
    path: Path, overrides: list[str], seeds: str | None, only: list[str], plugins: list[str], until: Sequence[int] = ()
) -> Study:
    """The study of a file, or of the recipe of that name, with what the command line changes of it."""
    from ablate.study.load import load_study
    from ablate.study.select import select

    load_plugins(plugins)
    return select(load_study(_study_file(path), overrides, seeds, until), only)


def _study_file(path: Path) -> Path:
    from ablate.study import recipes

    if path.name != str(path) or path.suffix or path.exists():
        return path
    if path.name not in recipes.names():
        raise UsageError(f"no study file {path}, and {unknown('recipe', path.name, recipes.names())}")
    return recipes.path_of(path.name)


def reference_of(name: str, results: Path) -> Path:
    """Where the committed tables of a study, or of a recipe, lie."""
    from ablate.study import recipes

    return results / RECIPES / name if name in recipes.names() else results / name


def load_plugins(plugins: list[str]) -> None:
    from ablate import registry

    registry.load_entry_points()
    for name in plugins:
        registry.load_plugin(name)


def use_data(folder: Path | None) -> None:
    """Make the folder that --data names the place of data sets, here and in worker processes."""
    from ablate.files.data_folder import DATA_VARIABLE

    if folder is not None:
        os.environ[DATA_VARIABLE] = str(folder)
