"""ablate calibrate: how often the verdicts are wrong, and how often they find what is there, on simulated studies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ablate.claims.calibration_table import FEWER, FOLDER, STUDIES, TABLES, Case, Needed, Power, read_table, table_text
from ablate.commands.options import RESULTS, Json, Plugin, load_plugins

if TYPE_CHECKING:
    from ablate.claims.calibration_table import Row


def calibrate(
    studies: Annotated[int, typer.Option(min=1, max=100_000, help="simulated studies for each line")] = STUDIES,
    seed: Annotated[int, typer.Option(min=0, help="other seeds simulate other studies")] = 0,
    out: Annotated[Path, typer.Option(help="folder for the tables")] = RESULTS / FOLDER,
    again: Annotated[
        bool,
        typer.Option(
            "--again", help="make every line anew, as after a test has changed; by default those there are kept"
        ),
    ] = False,
    quick: Annotated[bool, typer.Option("--quick", help="a line or two of each kind, to see that it works")] = False,
    plugin: Plugin = [],  # noqa: B006
    as_json: Json = False,
) -> None:
    """Measure false verdicts, coverage, power and the seeds needed, of every kind of test, on simulated studies."""
    from ablate.errors import UsageError
    from ablate.files.whole_files import write_text

    load_plugins(plugin)
    command = f"ablate calibrate --studies {studies} --seed {seed}" + " --quick" * quick
    rows: dict[type[Row], list[Row]] = {of: [] for of in TABLES}
    for of in TABLES:
        rows[of] = [] if again else list(read_table(out, of))
        other = next((row.command for row in rows[of] if row.command != command), "")
        if other:
            raise UsageError(
                f"{out / of.FILE}: made by `{other}`; --again replaces it, --out names another folder for the new tables"
            )
    for row in _missing(rows, studies, seed, command, quick):
        rows[type(row)].append(row)
        write_text(out / row.FILE, table_text(rows[type(row)], type(row)))
        if not as_json:
            print(_line(row), flush=True)
    if as_json:
        print(json.dumps({of.FILE: [asdict(row) for row in rows[of]] for of in TABLES}, indent=2))
    else:
        for of in TABLES:
            print(f"{out / of.FILE}: {len(rows[of])} lines")


def _missing(rows: dict[type[Row], list[Row]], studies: int, seed: int, command: str, quick: bool) -> Iterator[Row]:
    """What is not in the tables yet, one line after the other."""
    from ablate.claims.calibration import EFFECTS, POWER_LAWS, POWER_SEEDS, SEEDS, false_decisions, powers
    from ablate.claims.calibration_families import WHOLE_STUDY, families
    from ablate.claims.calibration_seeds import seeds_needed
    from ablate.claims.simulation import LAWS

    cases = [row for row in rows[Case] if isinstance(row, Case)]
    needed = [row for row in rows[Needed] if isinstance(row, Needed)]
    found = [row for row in rows[Power] if isinstance(row, Power)]
    fewer = {what: max(1, studies // share) for what, share in FEWER.items()}
    for made in false_decisions(
        studies,
        seed,
        laws=LAWS[:1] if quick else LAWS,
        seeds=SEEDS[:1] if quick else SEEDS,
        done=cases,
        command=command,
    ):
        yield from reversed(made)  # the case last: where it is there, its coverage is too
    most = 1 if quick else None
    yield from islice(seeds_needed(fewer["needed"], seed, needed, command), most and most - len(needed))
    told = [case for case in cases if case.kind.startswith(WHOLE_STUDY)]
    yield from islice(families(fewer["families"], seed, cases, command), most and most - len(told))
    seeds, effects = (POWER_SEEDS[:1], EFFECTS[-1:]) if quick else (POWER_SEEDS, EFFECTS)
    yield from powers(
        fewer["power"], seed, laws=POWER_LAWS[:1] if quick else POWER_LAWS, seeds=seeds, effects=effects, done=found,
        command=command,
    )  # fmt: skip


def _line(row: Row) -> str:
    """The row's cells in short."""
    told = {name: cell for name, cell in asdict(row).items() if name not in ("command", "seed", "studies", "effect_sd")}
    shown = [f"{name} {cell:.3g}" if isinstance(cell, float) else str(cell) for name, cell in told.items()]
    return f"{row.FILE}: " + ", ".join(shown)
