"""What commands share: their options, and how a study file and plugins are loaded."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ablate.study import Study

RESULTS, RUNS, REPORTS, STUDIES = Path("results"), Path("runs"), Path("reports"), Path("studies")
DONE, FAULT, USAGE, FAILED, INCOMPLETE, INTERRUPTED = 0, 1, 2, 3, 4, 130
DIFFERS = 3
"""of `ablate compare`: the two are not the same beyond chance"""

StudyFile = Annotated[Path, typer.Argument(help="the study file", show_default=False)]
Set = Annotated[list[str], typer.Option("--set", metavar="KEY=VALUE", help="change a setting of every arm")]
Only = Annotated[list[str], typer.Option(metavar="FACTOR=LEVEL", help="only these: dataset=…, arm=…, or a grid factor")]
Seeds = Annotated[str | None, typer.Option(help="other seeds: 10, 0:5, or 3,4,7")]
Plugin = Annotated[list[str], typer.Option(metavar="FILE.py", help="load components from there (runs its code)")]
Json = Annotated[bool, typer.Option("--json", help="print the outcome as JSON, and nothing else")]
ResultsFolder = Annotated[Path, typer.Option("--results", help="the folder with the reference results")]
Data = Annotated[Path | None, typer.Option(help="folder with the data sets; default: $ABLATE_DATA")]


def load(path: Path, overrides: list[str], seeds: str | None, only: list[str], plugins: list[str]) -> Study:
    from ablate.study import load_study, select

    load_plugins(plugins)
    return select(load_study(path, overrides, seeds), only)


def load_plugins(plugins: list[str]) -> None:
    from ablate import registry

    registry.load_entry_points()
    for name in plugins:
        registry.load_plugin(name)


def use_data(folder: Path | None) -> None:
    """Make the folder that --data names the place of data sets, here and in worker processes."""
    from ablate.data_folder import DATA_VARIABLE

    if folder is not None:
        os.environ[DATA_VARIABLE] = str(folder)
