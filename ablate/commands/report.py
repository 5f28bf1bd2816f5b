"""ablate report and ablate promote: from tables to the page, and from a finished study to the reference."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ablate.commands.options import (
    RECIPES,
    REPORTS,
    RESULTS,
    RUNS,
    STUDIES,
    Plugin,
    ResultsFolder,
    StudyFile,
    load,
    load_plugins,
    reference_of,
)
from ablate.errors import UsageError


def report(
    studies: Annotated[list[str], typer.Argument(help="names of studies; default: all in the results folder")] = [],  # noqa: B006
    results: Annotated[Path, typer.Option(help="folder with a folder of tables for each study")] = RESULTS,
    out: Annotated[Path, typer.Option(help="folder for the page")] = REPORTS,
    open_page: Annotated[bool, typer.Option("--open", help="show the page in a browser")] = False,
    study_files: Annotated[
        Path, typer.Option(help="folder with study files; claims of those without tables are shown as waiting")
    ] = STUDIES,
    plugin: Plugin = [],  # noqa: B006
) -> None:
    """Build the HTML page and verdicts.csv from result tables."""
    from ablate.claims.calibration import FOLDER, read_table
    from ablate.claims.calibration import TABLE as CALIBRATION
    from ablate.report import questions, speed
    from ablate.report.site import build_report
    from ablate.results.known_draws import with_draws
    from ablate.results.late_metrics import warn_of_lacking
    from ablate.results.tables import RUNS as TABLE
    from ablate.results.tables import Results, study_as_run
    from ablate.study.study import load_study

    load_plugins(plugin)
    found = [*results.glob(f"*/{TABLE}"), *results.glob(f"{RECIPES}/*/{TABLE}")]
    folders = {path.parent.name: path.parent for path in sorted(found, key=lambda path: (len(path.parts), path))}
    names = [Path(study).stem for study in studies] or list(folders)
    if not names:
        raise UsageError(f"{results}: no result tables there; `ablate run` makes some (in {RUNS}/), see --results")
    loaded = []
    for name in names:
        tables = Results.read(folders.get(name, results / name))
        loaded.append((study_as_run(tables), tables))
        warn_of_lacking(tables, with_draws(loaded[-1][0], tables.runs))
    there = {study.name for study, _ in loaded}
    files = [] if studies else [load_study(path) for path in sorted(study_files.glob("*.yaml"))]
    measured, asked = results / FOLDER / CALIBRATION, results / questions.TABLE
    page = build_report(
        loaded,
        out,
        speed_table=results / speed.TABLE,
        unrun=[study for study in files if study.name not in there],
        cases=read_table(measured) if measured.is_file() else [],
        open_questions=questions.read(asked) if asked.is_file() else None,
    )
    print(f"{page}: {len(loaded)} {'study' if len(loaded) == 1 else 'studies'}")
    if open_page:
        typer.launch(str(page))


def promote(
    study: StudyFile,
    source: Annotated[
        Path | None, typer.Option("--from", help="the finished study's folder; default: runs/<study>")
    ] = None,
    results: ResultsFolder = RESULTS,
    plugin: Plugin = [],  # noqa: B006
) -> None:
    """Make a finished study the reference, after checking it: complete, of one clean commit, and good to verify."""
    from ablate.execution.promote import promote as make_reference
    from ablate.results.tables import RUNS as TABLE
    from ablate.results.tables import Results, study_as_run

    loaded = load(study, [], None, [], plugin)
    folder, target = source or RUNS / loaded.name, reference_of(loaded.name, results)
    reduced = target.parent.name == RECIPES and (folder / TABLE).exists()
    if reduced:  # a recipe's reference may be one with smaller networks; its tables say which
        loaded = study_as_run(Results.read(folder))
    promoted = make_reference(loaded, folder, target, reduced)
    print(f"{promoted.folder}: {len(promoted.runs)} rows; commit them")
