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
    from ablate.claims.between_arms import ahead, contrast
    from ablate.registry.measures import measure
    from ablate.results.tables import RUNS as TABLE
    from ablate.results.tables import Results, study_as_run

    folder = Path(study) if (Path(study) / TABLE).is_file() else results / Path(study).stem
    tables = Results.read(folder)
    loaded = study_as_run(tables)
    found = contrast(loaded, tables, arm, against, metric)
    if as_json:
        rows = [{name: _plain(getattr(each, name)) for name in SHOWN} | {"ahead": ahead(each)} for each in found]
        print(json.dumps({"study": loaded.name, "verdicts": rows}, indent=2))
        return
    way = "lower" if found[0].direction == "less" else "higher"
    neither = measure(metric).better == "none"
    print(f"{loaded.name}: {metric} of {arm} against {against}; {'neither way' if neither else way} is better")
    print(_table([_line(each, ahead(each), way if neither else "better") for each in found]))


def _line(found: Verdict, winner: str, word: str) -> tuple[str, ...]:
    from ablate.results import numbers

    if math.isnan(found.effect):
        return found.dataset, "–", "", "", f"{found.n[0]} vs {found.n[1]}", found.reason
    chance = f"{100 * found.improvement:.0f} % [{100 * found.improvement_low:.0f}, {100 * found.improvement_high:.0f}]"
    needed = f"about {found.seeds_needed} seeds would decide" if found.seeds_needed else "undecided: " + found.reason
    return (
        found.dataset,
        numbers.effect(found.effect, found.low, found.high, found.scale),
        "p " + numbers.p_value(found.p),
        f"{found.arm} {word} in {chance}",
        f"{found.n[0]} vs {found.n[1]}",
        f"{winner} is {word}" if winner else needed,
    )


def _table(rows: list[tuple[str, ...]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  " + "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def _plain(value: Any) -> Any:
    """A value as JSON holds it: no NaN, no infinity."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _folders(first: Path, second: Path, as_json: bool) -> None:
    from ablate.claims.against_reference import compare as hold
    from ablate.results.tables import Results, study_as_run

    comparisons = []
    for mine, other in _pairs(first, second):
        tables, others = Results.read(mine), Results.read(other)
        comparisons.append(hold(tables, others, study_as_run(tables), study_as_run(others), str(other)))
    if not any(each.overlaps for each in comparisons):
        raise UsageError(f"{first} and {second}: no arm has runs in both, so there is nothing to compare")
    if as_json:
        print(json.dumps([_as_json(each) for each in comparisons], indent=2))
    else:
        print("\n".join(line for each in comparisons for line in each.lines()))
    if any(each.differs for each in comparisons):
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


def _as_json(found: Comparison) -> dict[str, Any]:
    return {
        "study": found.study,
        "against": found.other,
        "differs": found.differs,
        "level": found.level,
        "shared": found.shared,
        "identical": found.identical,
        "intervals": [asdict(each) for each in found.overlaps],
        "verdicts": [
            {
                "claim": each.mine.key,
                "mine": each.mine.verdict,
                "other": each.reference.verdict,
                "conflict": each.conflict,
            }
            for each in found.verdicts
        ],
    }
