"""ablate run: trains a study's missing runs and says how they stand against the reference."""

from __future__ import annotations

import json
import shlex
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

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

if TYPE_CHECKING:
    from ablate.execution.job import Summary
    from ablate.execution.planner import CohortPlan
    from ablate.study.study import Study


MANY_RUNS = 100_000
"""A grid of more runs than that is rather a slip than a wish"""


class CompileChoice(StrEnum):
    """What --compile takes."""

    auto = "auto"
    on = "on"
    off = "off"


class PrecisionChoice(StrEnum):
    """What --precision takes."""

    auto = "auto"
    fp32 = "fp32"
    tf32 = "tf32"
    bf16 = "bf16"


class Backend(StrEnum):
    """What --backend takes."""

    local = "local"
    ray = "ray"


def run(
    study: StudyFile,
    settings: Set = [],  # noqa: B006
    only: Only = [],  # noqa: B006
    seeds: Seeds = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what would be trained, and stop")] = False,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="with --dry-run: how long it would take, by timing a few steps")
    ] = False,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
    workers: Annotated[int | None, typer.Option(min=1, max=256, help="worker processes; default: one a core")] = None,
    out: Annotated[Path | None, typer.Option(help="folder for the tables; default: runs/<study>")] = None,
    results: ResultsFolder = RESULTS,
    data: Data = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="train failed runs again")] = False,
    checkpoint_seconds: Annotated[float, typer.Option(min=0, help="time between checkpoints")] = 30.0,
    cohort: Annotated[
        int | None, typer.Option(min=1, max=4096, help="runs that train stacked, at most; default: measured")
    ] = None,
    compile_steps: Annotated[
        CompileChoice, typer.Option("--compile", help="compile the steps; auto: where it saves more than it costs")
    ] = CompileChoice.auto,
    precision: Annotated[
        PrecisionChoice, typer.Option(help="of products and convolutions; auto: tf32 on a GPU, fp32 on a CPU")
    ] = PrecisionChoice.auto,
    keep_checkpoints: Annotated[
        bool,
        typer.Option("--keep-checkpoints", help="keep a checkpoint of the end of each cohort, in <out>/checkpoints"),
    ] = False,
    tensorboard: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="write TensorBoard files of each run to DIR/<study>/<dataset>/<arm>/seed<k>, when its cohort ends; "
            "runs that are in the tables already get theirs at once",
        ),
    ] = None,
    plugin: Plugin = [],  # noqa: B006
    storage: Annotated[
        str | None,
        typer.Option(metavar="URL", help="of a tpe search on several machines: postgresql://user@host/database"),
    ] = None,
    features: Annotated[str, typer.Option(help="inception: fid with its features too, at each run's end")] = "",
    inception_weights: Annotated[Path | None, typer.Option(help="default: where pytorch-fid keeps them")] = None,
    backend: Annotated[Backend, typer.Option(help="processes of this machine, or a Ray cluster")] = Backend.local,
    address: Annotated[
        str | None, typer.Option(help="of the Ray cluster, as head:6379; default: $RAY_ADDRESS, or one started here")
    ] = None,
    gpu_share: Annotated[float, typer.Option(min=0.01, max=1, help="with ray: of a GPU, for each cohort")] = 1.0,
    measure_missing: Annotated[
        bool,
        typer.Option("--measure-missing", help="measure metrics registered after the runs, from generators they kept"),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help=f"do not ask before more than {MANY_RUNS:,} runs")] = False,
    as_json: Json = False,
) -> None:
    """Train a study's runs, as far as they are not in the tables yet, and compare with the reference."""
    from ablate.execution.display import display
    from ablate.execution.job import Options, run_study

    use_data(data)
    loaded = load(study, settings, seeds, only, plugin)
    folder = out or RUNS / loaded.name
    _ask_about_many(loaded, yes)
    if dry_run:
        timed = (device, workers) if estimate else None
        print(_plan(loaded, folder, retry_failed, as_json, timed))
        return
    if estimate:
        raise UsageError("--estimate is given with --dry-run")
    if backend is Backend.local and (address is not None or gpu_share != 1):
        raise UsageError("--address and --gpu-share have no effect without --backend ray")
    command = shlex.join(["ablate", *(_without_password(each, storage) for each in sys.argv[1:])])
    options = Options(
        folder, device, workers, retry_failed, checkpoint_seconds, command=command,
        keep_checkpoints=keep_checkpoints, tensorboard=tensorboard, compile=compile_steps.value, cohort_size=cohort,
        arithmetic=precision.value,
        inception=_inception(features, inception_weights), storage=storage,
        backend=backend.value, address=address, gpu_share=gpu_share, measure_missing=measure_missing,
    )  # fmt: skip
    summary = run_study(loaded, options, display(quiet=as_json))
    if as_json:
        print(json.dumps(_as_json(summary), indent=2))
    else:
        print(_told(summary), flush=True)
        print(_against_reference(summary, reference_of(loaded.name, results)))
    raise typer.Exit(_exit_code(summary))


def _ask_about_many(study: Study, yes: bool) -> None:
    """Before a study of very many runs, which would also take long to list, have a person say that it is meant."""
    if study.size <= MANY_RUNS or yes:
        return
    what = f"{study.path}: {study.size:,} runs"
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"{what}, more than {MANY_RUNS:,}; --yes says that they are meant, --only trains a part")
    if not typer.confirm(f"{what}; go on?", err=True):
        raise typer.Exit(USAGE)


def _inception(features: str, weights: Path | None) -> Path | None:
    """The weights to use, where --features asks for them."""
    from ablate.errors import UsageError

    if features not in ("", "classifier", "inception"):
        raise UsageError(f"--features {features}: expected classifier (as without it) or inception")
    if features != "inception":
        if weights is not None:
            raise UsageError(f"--inception-weights {weights} has no effect without --features inception")
        return None
    if weights is not None and not weights.is_file():
        raise UsageError(f"--inception-weights {weights}: no such file")
    from ablate.metrics.inception import usual_path

    return weights or usual_path()


def _exit_code(summary: Summary) -> int:
    if summary.interrupted:
        return INTERRUPTED
    if summary.counts.get("missing"):
        return INCOMPLETE
    return FAILED if summary.counts.get("failed") else DONE


def _without_password(argument: str, storage: str | None) -> str:
    """A flag as it may be written down: tables are given away."""
    from ablate.search.database import hidden

    return argument.replace(storage, hidden(storage)) if storage else argument


def _plan(study: Study, folder: Path, retry_failed: bool, as_json: bool, timed: tuple[str, int | None] | None) -> str:
    from ablate.execution.job import status
    from ablate.execution.planner import plan
    from ablate.results.numbers import duration

    results, missing, strangers = status(study, folder, retry_failed)
    later = ""
    if study.adaptive:
        from ablate.search.proposals import next_batch

        batch = next_batch(study, results)
        _, missing, strangers = status(batch, folder, retry_failed)
        later = f"; {study.size - len(batch.runs())} more are drawn when these have ended"
    plans = plan(missing)
    seconds, total = _estimated(plans, *timed) if timed else ([None] * len(plans), None)
    if as_json:
        cohorts: list[dict[str, Any]] = [{"name": p.name, "runs": [r.run_id for r in p.runs]} for p in plans]
        for cohort, each in zip(cohorts, seconds, strict=True):
            cohort |= {} if each is None else {"seconds": round(each, 1)}
        about = {"study": study.name, "runs": study.size, "missing": len(missing), "cohorts": cohorts}
        return json.dumps(about if total is None else {**about, "seconds": round(total, 1)}, indent=2)
    lines = [
        f"{study.name}: {study.size} runs, {len(missing)} of them missing in {folder}, in {len(plans)} cohorts{later}"
    ]
    for p, each in zip(plans, seconds, strict=True):
        config = p.runs[0].config
        time = "" if each is None else f", about {duration(each)}"
        lines.append(f"  {len(p.runs):4d} runs of {config.total_generator_steps} generator steps{time}: {p.name}")
    if total is not None:
        lines.append(f"  about {duration(total)} in all, if nothing else computes on this machine")
    if strangers:
        lines.append(f"  {len(strangers)} rows there are of other settings or seeds, and are not used")
    return "\n".join(lines)


def _estimated(plans: list[CohortPlan], device: str, workers: int | None) -> tuple[list[float | None], float]:
    """Seconds for each cohort, and for all of them with these workers."""
    from ablate.execution.estimate import estimates
    from ablate.execution.preparation import choose_device, shared_out

    chosen = choose_device(device)
    count, threads = shared_out(chosen, workers, len(plans))
    seconds = [each.seconds for each in estimates(plans, chosen, threads)]
    return list(seconds), max([sum(seconds) / count, *seconds], default=0.0)


def _told(summary: Summary) -> str:
    from ablate.results.numbers import duration

    folder, counts = summary.results.folder, summary.counts
    parts = [f"{counts[s]} {s}" for s in ("done", "diverged", "pruned", "failed", "missing") if counts.get(s)]
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
    from ablate.results.tables import RUNS as TABLE
    from ablate.results.tables import Results

    if not (folder / TABLE).exists():
        return f"no reference to compare with in {folder}; `ablate promote` makes one"
    if not (summary.counts.get("done") or summary.counts.get("diverged")):
        return "no finished run to compare with the reference"
    from ablate.claims.against_reference import against_reference

    return "\n".join(against_reference(summary.results, Results.read(folder), summary.study).lines())
