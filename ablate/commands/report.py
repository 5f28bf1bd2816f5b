"""ablate report: from tables to the page."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ablate.commands.options import RECIPES, REPORTS, RESULTS, RUNS, STUDIES, Plugin, load_plugins
from ablate.errors import AblateWarning, UsageError

if TYPE_CHECKING:
    from ablate.results.tables import Results
    from ablate.study.study import Study


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
    """Build the HTML page, verdicts.csv and verdicts.md from result tables."""
    from ablate.claims.calibration_table import FOLDER, read_tables
    from ablate.report import claims_words, former, questions, speed
    from ablate.report.site import build_report
    from ablate.study.load import load_study

    load_plugins(plugin)
    folders = _folders_with_tables(results)
    names = [Path(study).stem for study in studies] or list(folders)
    if not names:
        raise UsageError(f"{results}: no result tables there; `ablate run` makes some (in {RUNS}/), see --results")
    loaded = [_read(folders.get(name, results / name)) for name in names]
    there = {study.name for study, _ in loaded}
    files = [] if studies else [load_study(path) for path in sorted(study_files.glob("*.yaml"))]
    _tell_changes([study for study, _ in loaded], study_files)
    page = build_report(
        loaded,
        out,
        speed_table=results / speed.TABLE,
        unrun=[study for study in files if study.name not in there],
        cases=read_tables(results / FOLDER),
        open_questions=questions.read(results / questions.TABLE),
        former_verdicts=former.read(results / former.TABLE),
        words=claims_words.read(results / claims_words.TABLE),
    )
    print(f"{page}: {len(loaded)} {'study' if len(loaded) == 1 else 'studies'}")
    if open_page:
        typer.launch(str(page))


def _tell_changes(studies: list[Study], study_files: Path) -> None:
    """Warn of study files that are not those of the tables any more."""
    from ablate.study.changes import changes_in_file

    for study in studies:
        path = study_files / f"{study.name}.yaml"
        told = changes_in_file(study, path) if path.is_file() else []
        if told:
            warnings.warn(
                f"{path} has changed since its tables were made, and the page shows it as it was: {'; '.join(told)}; "
                f"`ablate run {path}` takes it over",
                AblateWarning,
                stacklevel=2,
            )


def _read(folder: Path) -> tuple[Study, Results]:
    """The study as it was run, and its tables; with a warning where they lack registered metrics."""
    from ablate.results.known_draws import with_draws
    from ablate.results.late_metrics import warn_of_lacking
    from ablate.results.tables import Results, study_as_run

    tables = Results.read(folder)
    study = study_as_run(tables)
    warn_of_lacking(tables, with_draws(study, tables.runs))
    return study, tables


def _folders_with_tables(results: Path) -> dict[str, Path]:
    """Study → the folder of its tables; those of recipes come last."""
    from ablate.results.tables import RUNS as TABLE

    paths = [*results.glob(f"*/{TABLE}"), *results.glob(f"{RECIPES}/*/{TABLE}")]
    return {path.parent.name: path.parent for path in sorted(paths, key=lambda path: (len(path.parts), path))}
