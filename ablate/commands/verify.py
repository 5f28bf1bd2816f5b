"""ablate verify: checks tables against their hashes, their schema and their study, and trains some rows again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ablate.commands.options import DIFFERS, DONE, STUDIES, Data, Plugin, load_plugins, use_data
from ablate.errors import UsageError


def verify(
    folders: Annotated[
        list[Path], typer.Argument(help="a study's tables, or a folder of such", metavar="RESULTS", show_default=False)
    ],
    rerun: Annotated[int, typer.Option(min=0, help="train so many random rows of each study again, and compare")] = 0,
    seed: Annotated[int, typer.Option(help="decides which rows")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    study_files: Annotated[
        Path, typer.Option(help="folder with study files; what is different there from a study as it was run is told")
    ] = STUDIES,
    data: Data = None,
    plugin: Plugin = [],  # noqa: B006
) -> None:
    """Check result tables: edited or cut short, wrong or missing values; with --rerun, by training rows again.

    Exit code 3 where something differs.
    """
    from ablate.results.tables import RUNS

    load_plugins(plugin)
    use_data(data)
    with_tables = []
    for folder in folders:
        inside = [folder] if (folder / RUNS).exists() else sorted(path.parent for path in folder.glob(f"**/{RUNS}"))
        if not inside:
            raise UsageError(f"{folder}: no {RUNS} there or in a folder in it; `ablate run` makes some")
        with_tables += inside
    verdicts = [_is_good(folder, rerun, seed, device, study_files) for folder in with_tables]
    raise typer.Exit(DONE if all(verdicts) else DIFFERS)


def _is_good(folder: Path, rerun: int, seed: int, device: str, study_files: Path) -> bool:
    """Check one study's tables and print what there is to say of them."""
    from ablate.claims.looks_check import check_looks
    from ablate.execution.verify import faults_in, notes_on, read
    from ablate.study.changes import changes_in_file

    try:
        results, study = read(folder)
    except UsageError as error:  # here a damaged table is what was asked for, not a mistake of who asks
        print(f"{folder}: differs\n  {error}")
        return False
    of_looks, asked = check_looks(results, study)
    faults = [*faults_in(results, study), *of_looks]
    print(f"{folder}: {len(results.runs)} rows, {'differs' if faults else 'as its study and settings say'}")
    file = study_files / f"{study.name}.yaml"
    since = [f"{file} is different now: {change}" for change in changes_in_file(study, file)] if file.is_file() else []
    for line in (*notes_on(results, asked), *since, *faults):
        print(f"  {line}")
    if not rerun:
        return not faults
    from ablate.execution.preparation import choose_device
    from ablate.execution.train_again import train_again

    outcomes = train_again(
        results, study, rerun, seed, choose_device(device), lambda again: print(f"  {again.line()}", flush=True)
    )
    agreeing = sum(again.agrees for again in outcomes)
    print(f"  trained again: {agreeing} of {len(outcomes)} agree")
    return not faults and agreeing == len(outcomes)
