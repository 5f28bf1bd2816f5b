"""ablate best: the best draws of a search as a study that trains them with fresh seeds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ablate.commands.options import RESULTS, RUNS, STUDIES, Only, Plugin, ResultsFolder, StudyFile, load, reference_of
from ablate.errors import UsageError


def best(
    study: StudyFile,
    arms: Annotated[list[str], typer.Option("--arm", help="only these arms; default: all")] = [],  # noqa: B006
    seeds: Annotated[str, typer.Option(help="seeds that the search has not used")] = "100000:100010",
    only: Only = [],  # noqa: B006
    source: Annotated[
        Path | None, typer.Option("--from", help="the search's tables; default: runs/<study>, else the reference")
    ] = None,
    results: ResultsFolder = RESULTS,
    out: Annotated[Path | None, typer.Option(help="the file to write; default: studies/<study>_best.yaml")] = None,
    plugin: Plugin = [],  # noqa: B006
) -> None:
    """Write a study of each arm's best draw, to be trained with fresh seeds."""
    from ablate.results.tables import RUNS as TABLE
    from ablate.results.tables import Results
    from ablate.search.best_settings import best_studies

    loaded = load(study, [], None, only, plugin)
    if out is not None and len(loaded.datasets) > 1:
        raise UsageError(
            f"--out {out}: one file, but {', '.join(loaded.datasets)} have one each; choose with --only "
            f"dataset={loaded.datasets[0]}"
        )
    own = RUNS / loaded.name
    folder = source or (own if (own / TABLE).exists() else reference_of(loaded.name, results))
    for best_study in best_studies(loaded, Results.read(folder), arms, seeds):
        path = out or STUDIES / f"{best_study.name}.yaml"
        best_study.write(path)
        chosen = ", ".join(f"{arm} draw {d.number} ({d.value:.4g})" for arm, d in best_study.best.items())
        print(f"{path}: {best_study.dataset}: {chosen}; `ablate run {path}` trains them")
