"""ablate run: trains a study's missing runs and says how they stand against the reference."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ablate.commands.option_flags import with_flags
from ablate.commands.options import (
    DONE,
    FAILED,
    INCOMPLETE,
    INTERRUPTED,
    RESULTS,
    RUNS,
    USAGE,
    Data,
    Json,
    Only,
    Plugin,
    ResultsFolder,
    Seeds,
    Set,
    StudyFile,
    load,
    reference_of,
    use_data,
)
from ablate.errors import UsageError
from ablate.execution.options import Options
from ablate.study.looks import DECIDED, DEFAULT_LOOKS

if TYPE_CHECKING:
    from ablate.execution.job import Summary
    from ablate.study.study import Study


Until = Annotated[
    str | None,
    typer.Option(
        metavar=DECIDED,
        help="add seeds where a claim is open: looks of the study, or at "
        f"{', '.join(map(str, DEFAULT_LOOKS))} seeds where it has a number of seeds",
    ),
]
MANY_RUNS = 100_000
"""A grid of more runs than that is more likely a mistake than a wish"""


def train(
    study: StudyFile,
    settings: Set = [],  # noqa: B006
    only: Only = [],  # noqa: B006
    seeds: Seeds = None,
    until: Until = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what would be trained, and stop")] = False,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="with --dry-run: how long it would take, by timing a few steps")
    ] = False,
    make_options: Callable[..., Options] = Options,
    out: Annotated[Path | None, typer.Option(help="folder for the tables; default: runs/<study>")] = None,
    results: ResultsFolder = RESULTS,
    data: Data = None,
    plugin: Plugin = [],  # noqa: B006
    yes: Annotated[bool, typer.Option("--yes", help=f"do not ask before more than {MANY_RUNS:,} runs")] = False,
    as_json: Json = False,
) -> None:
    """Train a study's runs, as far as they are not in the tables yet, and compare with the reference."""
    from ablate.execution.closed_pipes import closed_pipes_ignored
    from ablate.execution.display import display
    from ablate.search.batches import run_study

    if estimate and not dry_run:
        raise UsageError("--estimate is given with --dry-run")
    use_data(data)
    loaded = load(study, settings, seeds, only, plugin, _looks(until))
    options = make_options(out or RUNS / loaded.name)
    options = replace(options, command=_command(options.storage))
    _ask_about_many(loaded, yes)
    if dry_run:
        from ablate.commands.dry_run import dry_run as described

        print(described(loaded, options, estimate, as_json))
        return
    with closed_pipes_ignored():
        summary = run_study(loaded, options, display(quiet=as_json))
        if as_json:
            print(json.dumps(_as_json(summary), indent=2), flush=True)
        else:
            print(_as_text(summary), flush=True)
            print(_against_reference(summary, reference_of(loaded.name, results)), flush=True)
    raise typer.Exit(_exit_code(summary))


run = with_flags(train, Options)
"""The command: `train` with a flag for each of the options"""


def _looks(until: str | None) -> tuple[int, ...]:
    """The looks of --until decided, for a study that has a number of seeds."""
    if until is None:
        return ()
    if until != DECIDED:
        raise UsageError(f"--until {until}: expected --until {DECIDED}")
    return DEFAULT_LOOKS


def _command(storage: str | None) -> str:
    """What was typed, as it may be written down."""
    return shlex.join(["ablate", *(_without_password(word, storage) for word in sys.argv[1:])])


def _without_password(argument: str, storage: str | None) -> str:
    """A word of the command line that tables may hold, for they are given away."""
    from ablate.search.database import hidden

    return argument.replace(storage, hidden(storage)) if storage else argument


def _ask_about_many(study: Study, yes: bool) -> None:
    """Before a study of very many runs, which would also take long to list, have a person say that it is meant."""
    if study.size <= MANY_RUNS or yes:
        return
    what = f"{study.path}: {study.size:,} runs"
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"{what}, more than {MANY_RUNS:,}; --yes says that they are meant, --only trains a part")
    if not typer.confirm(f"{what}; go on?", err=True):
        raise typer.Exit(USAGE)


def _exit_code(summary: Summary) -> int:
    if summary.interrupted:
        return INTERRUPTED
    if summary.counts.get("missing"):
        return INCOMPLETE
    return FAILED if summary.counts.get("failed") else DONE


def _as_text(summary: Summary) -> str:
    from ablate.results.numbers import duration

    folder, counts = summary.results.folder, summary.counts
    parts = [f"{counts[s]} {s}" for s in ("done", "diverged", "pruned", "failed", "missing") if counts.get(s)]
    if summary.trained:
        first = f"{summary.trained} runs trained in {duration(summary.seconds)}"
    else:
        wanted = "all runs that the looks ask for" if summary.looks else "all runs"
        first = "nothing was trained" if counts.get("missing") else f"nothing to do: {wanted} are in the tables"
    lines = [f"{summary.study.name}: {first}; {', '.join(parts)}; tables in {folder}"]
    if summary.changes:
        lines.append(f"changed since the tables were made, and taken over: {'; '.join(summary.changes)}")
    if summary.looks:
        lines.append(summary.looks)
    if summary.unused_rows:
        shown = ", ".join(summary.unused_rows[:3]) + ("…" if len(summary.unused_rows) > 3 else "")
        lines.append(
            f"{len(summary.unused_rows)} rows are of other settings or seeds than the study has now, and not used: {shown}"
        )
    if counts.get("failed"):
        runs = summary.results.runs
        error = runs.loc[runs["status"] == "failed", "error"].iloc[0]
        lines.append(f"the first failure: {error}; --retry-failed tries again")
    if summary.interrupted:
        lines.append("interrupted: run the same command again to go on from the checkpoints")
    return "\n".join(lines)


def _as_json(summary: Summary) -> dict[str, Any]:
    return {
        "study": summary.study.name,
        "folder": str(summary.results.folder),
        "runs": summary.total,
        "trained": summary.trained,
        "counts": summary.counts,
        "interrupted": summary.interrupted,
        "unused_rows": summary.unused_rows,
        "changes": summary.changes,
        **({"looks": summary.looks} if summary.looks else {}),
        "seconds": round(summary.seconds, 1),
    }


def _against_reference(summary: Summary, folder: Path) -> str:
    from ablate.results.tables import RUNS as TABLE
    from ablate.results.tables import Results

    if not (folder / TABLE).exists():
        return f"no reference to compare with in {folder}; `ablate promote` makes one"
    if not (summary.counts.get("done") or summary.counts.get("diverged")):
        return "no finished run to compare with the reference"
    from ablate.claims.against_reference import against_reference

    return "\n".join(against_reference(summary.results, Results.read(folder), summary.study).lines())
