"""The commands: they parse, call and print; what they do lies elsewhere. Heavy imports are made where they are used."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ablate.errors import AblateError, UsageError

if TYPE_CHECKING:
    from ablate.execution.study_run import Summary
    from ablate.study import Study

TRACEBACK_VARIABLE = "ABLATE_TRACEBACK"
DONE, FAULT, USAGE, FAILED, INCOMPLETE, INTERRUPTED = 0, 1, 2, 3, 4, 130

app = typer.Typer(
    help="Settles, by experiment, what is claimed about training GANs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog="Exit codes: 0 all done, 1 ablate's own fault, 2 usage or study file, 3 some runs failed, "
    "4 incomplete, 130 interrupted.",
)

RESULTS, RUNS, REPORTS = Path("results"), Path("runs"), Path("reports")

StudyFile = Annotated[Path, typer.Argument(help="the study file", show_default=False)]
Set = Annotated[list[str], typer.Option("--set", metavar="KEY=VALUE", help="change a setting of every arm")]
Only = Annotated[list[str], typer.Option(metavar="FACTOR=LEVEL", help="only these: dataset=…, arm=…, or a grid factor")]
Seeds = Annotated[str | None, typer.Option(help="other seeds: 10, 0:5, or 3,4,7")]
Plugin = Annotated[list[str], typer.Option(metavar="FILE.py", help="load components from there (runs its code)")]
Json = Annotated[bool, typer.Option("--json", help="print the outcome as JSON, and nothing else")]
ResultsFolder = Annotated[Path, typer.Option("--results", help="the folder with the reference results")]


def main() -> None:
    """Entry point: whatever goes wrong becomes one message and an exit code."""
    try:
        sys.exit(app(standalone_mode=False))
    except AblateError as error:
        print(error if "\n" in str(error) else f"ablate: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        print("ablate: interrupted; run the same command again to go on", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(DONE)
    except Exception as error:
        if hasattr(error, "show"):  # a wrong flag or argument, in the words of the command line library
            error.show()
            sys.exit(USAGE)
        if os.environ.get(TRACEBACK_VARIABLE):
            raise
        print(f"ablate: a fault of its own: {type(error).__name__}: {error}", file=sys.stderr)
        print(f"please report it with what {TRACEBACK_VARIABLE}=1 shows", file=sys.stderr)
        sys.exit(FAULT)


def _load(path: Path, overrides: list[str], seeds: str | None, only: list[str], plugins: list[str]) -> Study:
    from ablate.study import load_study, select

    _load_plugins(plugins)
    return select(load_study(path, overrides, seeds), only)


@app.command()
def run(
    study: StudyFile,
    settings: Set = [],  # noqa: B006
    only: Only = [],  # noqa: B006
    seeds: Seeds = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what would be trained, and stop")] = False,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    workers: Annotated[int | None, typer.Option(min=1, max=256, help="worker processes; default: one a core")] = None,
    out: Annotated[Path | None, typer.Option(help="folder for the tables; default: runs/<study>")] = None,
    results: ResultsFolder = RESULTS,
    data: Annotated[Path | None, typer.Option(help="folder with the data sets; default: $ABLATE_DATA")] = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="train failed runs again")] = False,
    checkpoint_seconds: Annotated[float, typer.Option(min=0, help="time between checkpoints")] = 30.0,
    plugin: Plugin = [],  # noqa: B006
    as_json: Json = False,
) -> None:
    """Train a study's runs, as far as they are not in the tables yet, and compare with the reference."""
    from ablate.data_folder import DATA_VARIABLE
    from ablate.display import display
    from ablate.execution.study_run import Options, run_study

    if data is not None:
        os.environ[DATA_VARIABLE] = str(data)
    loaded = _load(study, settings, seeds, only, plugin)
    folder = out or RUNS / loaded.name
    if dry_run:
        print(_plan(loaded, folder, retry_failed, as_json))
        return
    command = shlex.join(["ablate", *sys.argv[1:]])
    options = Options(folder, device, workers, retry_failed, checkpoint_seconds, plugins=tuple(plugin), command=command)
    summary = run_study(loaded, options, display(quiet=as_json))
    if as_json:
        print(json.dumps(_as_json(summary), indent=2))
    else:
        print(_told(summary), flush=True)
        print(_against_reference(summary, results / loaded.name))
    raise typer.Exit(_exit_code(summary))


def _exit_code(summary: Summary) -> int:
    if summary.interrupted:
        return INTERRUPTED
    if summary.counts.get("missing"):
        return INCOMPLETE
    return FAILED if summary.counts.get("failed") else DONE


def _plan(study: Study, folder: Path, retry_failed: bool, as_json: bool) -> str:
    from ablate.execution.planner import plan
    from ablate.execution.study_run import status

    _, missing, strangers = status(study, folder, retry_failed)
    plans = plan(missing)
    if as_json:
        cohorts = [{"name": p.name, "runs": [r.run_id for r in p.runs]} for p in plans]
        return json.dumps(
            {"study": study.name, "runs": study.size, "missing": len(missing), "cohorts": cohorts}, indent=2
        )
    lines = [f"{study.name}: {study.size} runs, {len(missing)} of them missing in {folder}, in {len(plans)} cohorts"]
    for p in plans:
        config = p.runs[0].config
        lines.append(f"  {len(p.runs):4d} runs of {config.total_generator_steps} generator steps: {p.name}")
    if strangers:
        lines.append(f"  {len(strangers)} rows there are of other settings or seeds, and are not used")
    return "\n".join(lines)


def _told(summary: Summary) -> str:
    from ablate.display import duration

    folder, counts = summary.results.folder, summary.counts
    parts = [f"{counts[s]} {s}" for s in ("done", "diverged", "failed", "missing") if counts.get(s)]
    if summary.trained:
        first = f"{summary.trained} runs trained in {duration(summary.seconds)}"
    else:
        first = "nothing was trained" if counts.get("missing") else "nothing to do: all runs are in the tables"
    lines = [f"{summary.study.name}: {first}; {', '.join(parts)}; tables in {folder}"]
    if summary.strangers:
        shown = ", ".join(summary.strangers[:3]) + ("…" if len(summary.strangers) > 3 else "")
        lines.append(
            f"{len(summary.strangers)} rows are of other settings or seeds than the study has now, and not used: {shown}"
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
        "not_used": summary.strangers,
        "seconds": round(summary.seconds, 1),
    }


def _against_reference(summary: Summary, folder: Path) -> str:
    from ablate.tables import RUNS as TABLE
    from ablate.tables import Results

    if not (folder / TABLE).exists():
        return f"no reference to compare with in {folder}; `ablate promote` makes one"
    if not (summary.counts.get("done") or summary.counts.get("diverged")):
        return "no finished run to compare with the reference"
    from ablate.claims.compare import compare

    return "\n".join(compare(summary.results, Results.read(folder), summary.study).lines())


@app.command()
def report(
    studies: Annotated[list[str], typer.Argument(help="names of studies; default: all in the results folder")] = [],  # noqa: B006
    results: Annotated[Path, typer.Option(help="folder with a folder of tables for each study")] = RESULTS,
    out: Annotated[Path, typer.Option(help="folder for the page")] = REPORTS,
    open_page: Annotated[bool, typer.Option("--open", help="show the page in a browser")] = False,
    plugin: Plugin = [],  # noqa: B006
) -> None:
    """Build the HTML page and verdicts.csv from result tables."""
    from ablate.report.page import build_report
    from ablate.tables import RUNS as TABLE
    from ablate.tables import Results, study_as_run

    _load_plugins(plugin)
    names = studies or sorted(path.parent.name for path in results.glob(f"*/{TABLE}"))
    if not names:
        raise UsageError(f"{results}: no result tables there; `ablate run` makes some (in {RUNS}/), see --results")
    loaded = []
    for name in names:
        tables = Results.read(results / Path(name).stem)
        loaded.append((study_as_run(tables), tables))
    page = build_report(loaded, out)
    print(f"{page}: {len(loaded)} {'study' if len(loaded) == 1 else 'studies'}")
    if open_page:
        typer.launch(str(page))


@app.command()
def promote(
    study: StudyFile,
    source: Annotated[
        Path | None, typer.Option("--from", help="the finished study's folder; default: runs/<study>")
    ] = None,
    results: ResultsFolder = RESULTS,
    plugin: Plugin = [],  # noqa: B006
) -> None:
    """Make a finished study the reference, after checking it: complete, and from one clean commit."""
    from ablate.execution.promote import promote as make_reference

    loaded = _load(study, [], None, [], plugin)
    promoted = make_reference(loaded, source or RUNS / loaded.name, results / loaded.name)
    print(f"{promoted.folder}: {len(promoted.runs)} rows; commit them")


@app.command()
def validate(
    studies: Annotated[list[Path], typer.Argument(help="study files", show_default=False)],
    plugin: Plugin = [],  # noqa: B006
) -> None:
    """Check study files; every mistake is shown with its place."""
    problems = []
    for path in studies:
        try:
            study = _load(path, [], None, [], plugin)
            print(f"{path}: {study.size} runs, {len(study.claims)} claims")
        except UsageError as error:
            problems.append(str(error))
    if problems:
        raise UsageError("\n".join(problems))


@app.command("list")
def list_components(
    what: Annotated[str, typer.Argument(help="studies, settings, or a kind of component")] = "",
    plugin: Plugin = [],  # noqa: B006
) -> None:
    """List studies, settings, datasets, losses and the other components."""
    from ablate.listing import listing

    _load_plugins(plugin)
    print(listing(what))


def _load_plugins(plugins: list[str]) -> None:
    from ablate import registry

    registry.load_entry_points()
    for name in plugins:
        registry.load_plugin(name)


@app.command()
def show(study: StudyFile, settings: Set = [], seeds: Seeds = None, plugin: Plugin = []) -> None:  # noqa: B006
    """Show a study: question, datasets, the full settings of each arm, claims."""
    from ablate.listing import shown

    print(shown(_load(study, settings, seeds, [], plugin)))


@app.command("train-classifier")
def train_feature_classifier(
    dataset: Annotated[str, typer.Argument(help="a labelled image dataset", show_default=False)],
    out: Annotated[Path | None, typer.Option(help="folder for the weights; default: beside the package's own")] = None,
    data: Annotated[Path | None, typer.Option(help="folder with the data sets; default: $ABLATE_DATA")] = None,
) -> None:
    """Train the classifier whose features fid uses on a dataset's images."""
    from ablate.data_folder import DATA_VARIABLE
    from ablate.datasets import load_dataset
    from ablate.metrics.classifier import WEIGHTS, train_classifier

    if data is not None:
        os.environ[DATA_VARIABLE] = str(data)
    folder = out or WEIGHTS
    record = train_classifier(load_dataset(dataset, {}), folder)
    print(
        f"{folder / dataset}.safetensors: accuracy {100 * record['accuracy']:.2f} % on {record['tested_on']} images held "
        f"out; fingerprint {record['fingerprint']}"
    )
