"""ablate promote: a finished study becomes the reference."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ablate.commands.options import RECIPES, RESULTS, RUNS, Plugin, ResultsFolder, StudyFile, load, reference_of
from ablate.errors import UsageError

if TYPE_CHECKING:
    from ablate.results.tables import Results
    from ablate.study.study import Study


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
    if (folder / TABLE).exists():
        loaded = _as_looked_at(loaded, Results.read(folder))
    promoted = make_reference(loaded, folder, target, reduced)
    print(f"{promoted.folder}: {len(promoted.runs)} rows; commit them")


def _as_looked_at(study: Study, results: Results) -> Study:
    """Of a study that goes by looks, the seeds that they asked for; UsageError where its tables break their rule."""
    from ablate.claims.looks_check import check_looks
    from ablate.results.tables import study_as_run

    if not study.looks:
        as_run = study_as_run(results)
        if not as_run.looks:
            return study
        study = replace(study, seeds=as_run.seeds, looks=as_run.looks, looks_flag=True)
    faults, asked = check_looks(results, study)
    if faults:
        raise UsageError("\n".join(faults))
    return asked
