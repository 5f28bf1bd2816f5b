"""ablate compare: two arms of a study against each other, or two sets of results."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ablate.commands.options import DIFFERS, RESULTS, Json, Plugin, ResultsFolder, load_plugins
from ablate.errors import UsageError

if TYPE_CHECKING:
    from ablate.claims.against_reference import Comparison
    from ablate.claims.verdict import Verdict

SHOWN = (
    "dataset", "metric", "arm", "against", "n", "diverged", "missing", "scale", "effect", "low", "high", "p", "method",
    "improvement", "improvement_low", "improvement_high", "reason", "seeds_needed",
)  # fmt: skip


def compare(
    first: Annotated[str, typer.Argument(metavar="STUDY|RESULTS", help="a study, or a folder with result tables")],
    second: Annotated[
        Path | None, typer.Argument(metavar="[RESULTS]", help="another folder with tables of the same studies")
    ] = None,
    arm: Annotated[list[str], typer.Option(help="an arm of the study; give two")] = [],  # noqa: B006
    metric: Annotated[str, typer.Option(help="what the arms are compared by")] = "fid",
    results: ResultsFolder = RESULTS,
    plugin: Plugin = [],  # noqa: B006
    as_json: Json = False,
) -> None:
    """Compare two arms of a study (STUDY --arm a --arm b), or two sets of results (RESULTS RESULTS)."""
    load_plugins(plugin)
    if second is None:
        if len(arm) != 2:
            raise UsageError("ablate compare STUDY --arm a --arm b takes two arms; or name two folders with results")
        _arms(first, arm[0], arm[1], metric, results, as_json)
        return
    if arm:
        raise UsageError("--arm compares arms of one study; leave it out, or the second folder")
    _folders(Path(first), second, as_json)


def _arms(study: str, arm: str, against: str, metric: str, results: Path, as_json: bool) -> None:
    from ablate.claims.between_arms import better_arm, between_arms
    from ablate.registry.measures import measure
    from ablate.results.tables import RUNS as TABLE
    from ablate.results.tables import Results, study_as_run

    folder = Path(study) if (Path(study) / TABLE).is_file() else results / Path(study).stem
    tables = Results.read(folder)
    loaded = study_as_run(tables)
    verdicts = between_arms(loaded, tables, arm, against, metric)
    if as_json:
        rows = [
            {name: _finite(getattr(verdict, name)) for name in SHOWN} | {"ahead": better_arm(verdict)}
            for verdict in verdicts
        ]
        print(json.dumps({"study": loaded.name, "verdicts": rows}, indent=2))
        return
    way = "lower" if verdicts[0].direction == "less" else "higher"
    neither = measure(metric).better == "none"
    print(f"{loaded.name}: {metric} of {arm} against {against}; {'neither way' if neither else way} is better")
    print(_table([_line(verdict, better_arm(verdict), way if neither else "better") for verdict in verdicts]))


def _line(verdict: Verdict, winner: str, word: str) -> tuple[str, ...]:
    from ablate.results import numbers

    runs = f"{verdict.n[0]} vs {verdict.n[1]}"
    if math.isnan(verdict.effect):
        return verdict.dataset, numbers.NONE, "", "", runs, verdict.reason
    ends = f"[{100 * verdict.improvement_low:.0f}, {100 * verdict.improvement_high:.0f}]"
    needed = (
        f"about {verdict.seeds_needed} seeds would decide" if verdict.seeds_needed else "undecided: " + verdict.reason
    )
    return (
        verdict.dataset,
        numbers.effect(verdict.effect, verdict.low, verdict.high, verdict.scale),
        "p " + numbers.p_value(verdict.p),
        f"{verdict.arm} {word} in {100 * verdict.improvement:.0f} % {ends}",
        runs,
        f"{winner} is {word}" if winner else needed,
    )


def _table(rows: list[tuple[str, ...]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  " + "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def _finite(value: Any) -> Any:
    """A value as JSON holds it: no NaN, no infinity."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _folders(first: Path, second: Path, as_json: bool) -> None:
    from ablate.claims.against_reference import against_reference
    from ablate.results.tables import Results, study_as_run

    comparisons = []
    for mine, other in _pairs(first, second):
        tables, others = Results.read(mine), Results.read(other)
        comparisons.append(against_reference(tables, others, study_as_run(tables), study_as_run(others), str(other)))
    if not any(comparison.overlaps for comparison in comparisons):
        raise UsageError(f"{first} and {second}: no arm has runs in both, so there is nothing to compare")
    if as_json:
        print(json.dumps([_as_json(comparison) for comparison in comparisons], indent=2))
    else:
        print("\n".join(line for comparison in comparisons for line in comparison.lines()))
    if any(comparison.differs for comparison in comparisons):
        raise typer.Exit(DIFFERS)


def _pairs(first: Path, second: Path) -> list[tuple[Path, Path]]:
    """The folders of tables that belong together: the two themselves, or those in both that have the same name."""
    from ablate.results.tables import RUNS as TABLE

    whole = [(folder / TABLE).is_file() for folder in (first, second)]
    if all(whole):
        return [(first, second)]
    if any(whole):
        one, other = (first, second) if whole[0] else (second, first)
        raise UsageError(f"{one} holds tables and {other} does not (no {TABLE}); name two folders of the same kind")
    names = [{path.parent.name for path in folder.glob(f"*/{TABLE}")} for folder in (first, second)]
    shared = sorted(names[0] & names[1])
    if not shared:
        raise UsageError(f"{first} and {second}: no study has tables in both")
    return [(first / name, second / name) for name in shared]


def _as_json(comparison: Comparison) -> dict[str, Any]:
    return {
        "study": comparison.study,
        "against": comparison.other,
        "differs": comparison.differs,
        "level": comparison.level,
        "shared": comparison.shared,
        "identical": comparison.identical,
        "intervals": [asdict(overlap) for overlap in comparison.overlaps],
        "verdicts": [
            {
                "claim": pair.mine.key,
                "mine": pair.mine.verdict,
                "other": pair.reference.verdict,
                "conflict": pair.conflict,
            }
            for pair in comparison.verdicts
        ],
    }
