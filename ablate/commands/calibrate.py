"""ablate calibrate: how often the verdicts are wrong, and how often they find what is there, on simulated studies."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ablate.claims.calibration_table import FOLDER, POWER, STUDIES, TABLE, table_text
from ablate.commands.options import RESULTS, Json, Plugin, load_plugins

if TYPE_CHECKING:
    from ablate.claims.calibration_table import Case

LINE = "{:<11} {:<10} {:>3} {:>7} {:>11} {:>13} {:>13} {:>9}"


def calibrate(
    studies: Annotated[int, typer.Option(min=1, max=100_000, help="simulated studies for each line")] = STUDIES,
    seed: Annotated[int, typer.Option(min=0, help="other seeds simulate other studies")] = 0,
    out: Annotated[Path, typer.Option(help="folder for calibration.csv")] = RESULTS / FOLDER,
    power: Annotated[
        bool, typer.Option("--power", help="only how often one claim finds small and large differences; into power.csv")
    ] = False,
    plugin: Plugin = [],  # noqa: B006
    as_json: Json = False,
) -> None:
    """Measure false verdicts, power and coverage of every kind of test on simulated studies."""
    from ablate.claims.calibration import calibrate as every
    from ablate.claims.calibration import power as power_alone
    from ablate.files.whole_files import write_text

    load_plugins(plugin)
    if not as_json:
        print(LINE.format("kind", "law", "n", "effect", "reproduced", "contradicted", "inconclusive", "coverage"))
    cases = []
    for case in (power_alone if power else every)(studies, seed):
        cases.append(case)
        if not as_json:
            print(_line(case), flush=True)
    path = out / (POWER if power else TABLE)
    write_text(path, table_text(cases))
    if as_json:
        print(json.dumps([asdict(case) for case in cases], indent=2))
    else:
        print(f"{path}: {len(cases)} lines of {studies} studies")


def _line(case: Case) -> str:
    shares = [
        f"{100 * share:.1f} %" for share in (case.reproduced, case.contradicted, case.inconclusive, case.coverage)
    ]
    return LINE.format(case.kind, case.distribution, case.n, f"{case.effect_sd:g} sd", *shares)
