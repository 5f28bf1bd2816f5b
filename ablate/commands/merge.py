"""ablate merge: puts tables together that several machines have made."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ablate.commands.options import RUNS, Plugin, StudyFile, load


def merge(
    study: StudyFile,
    folders: Annotated[list[Path], typer.Argument(help="folders with tables of it", show_default=False)],
    out: Annotated[Path | None, typer.Option(help="folder for all rows; default: runs/<study>")] = None,
    plugin: Plugin = [],  # noqa: B006
) -> None:
    """Put together the tables that several machines have made of one study."""
    from ablate.results.merge import merge as put_together
    from ablate.results.tables import study_as_run

    loaded = load(study, [], None, [], plugin)
    results = put_together(loaded, folders, out or RUNS / loaded.name)
    as_run = study_as_run(results)
    if as_run.looks:
        from ablate.claims.looks_check import write_record

        write_record(as_run, results)
    print(f"{results.folder}: {len(results.runs)} rows of {len(folders)} folders; {loaded.size} runs in the study")
