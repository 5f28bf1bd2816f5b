"""Puts together in one folder the tables of one study that several machines have made, a part each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ablate.errors import UsageError
from ablate.files import whole_files
from ablate.results import tables
from ablate.results.claims_record import Record, joined
from ablate.results.known_draws import with_draws
from ablate.results.lock import locked
from ablate.results.study_copy import write_study
from ablate.results.tables import Results, study_as_run
from ablate.results.taken_over import take_over
from ablate.study.study import Study


def merge(study: Study, folders: Sequence[Path], target: Path) -> Results:
    """Take the rows of all folders, with their curves, probes and samples, into `target`.

    A run that several folders hold is taken from the first in which it did not fail. UsageError where a folder holds
    tables of another study or with other overrides, or two draws of an adaptive search have one number.
    """
    parts = [Results.read(folder) for folder in folders]
    for part in parts:
        names = set(part.runs["study"]) - {study.name}
        if names:
            raise UsageError(
                f"{part.folder}: rows of study {sorted(names)[0]!r} there, expected those of {study.name!r}"
            )
    for part in parts[1:]:
        if part.environment.get("overrides", []) != parts[0].environment.get("overrides", []):
            raise UsageError(
                f"{part.folder}: --set was not as in {parts[0].folder}; parts of one study have equal settings"
            )
    with locked(target):
        merged = Results.read_or_empty(target)
        known = [merged, *parts] if (target / tables.RUNS).exists() else parts
        for part in parts:
            _take(merged, part)
        _check_draws(merged)
        merged.record = joined([merged.record, *map(_recorded, parts)])
        merged.environment = {
            **known[0].environment,
            "seeds": sorted({seed for part in known for seed in part.environment.get("seeds", [])}),
            "wall_seconds": _wall_seconds(known),
        }
        take_over(study, merged)
        merged.write_environment()
        write_study(target, study)
        merged.write(with_draws(study, merged.runs).runs())
    return Results.read(target)


def _take(merged: Results, part: Results) -> None:
    settled = set(merged.runs.loc[merged.runs["status"] != "failed", "run_id"])
    new = part.runs[~part.runs["run_id"].isin(settled)]
    ids = set(new["run_id"])
    curves, probes = (table[table["run_id"].isin(ids)].to_dict("records") for table in (part.curves, part.probes))
    merged.add(new.to_dict("records"), curves, probes)  # type: ignore[arg-type]
    samples = part.folder / tables.SAMPLES
    for path in sorted(samples.glob("*.npz")):
        own = merged.folder / tables.SAMPLES / path.name
        if path.stem in ids or (path.name.startswith("real_") and not own.exists()):
            whole_files.copy(path, own)


def _recorded(part: Results) -> Record:
    """When the part's claims were written down; where that was not recorded, that they were found with its rows."""
    if not part.record and (part.folder / tables.STUDY).is_file():
        take_over(study_as_run(part), part)
    return part.record


def _check_draws(merged: Results) -> None:
    if "draw" not in merged.runs.columns:
        return
    named = merged.runs.groupby(["dataset", "arm", "draw"])["run_id"].nunique()
    ambiguous = named[named > 1]
    if len(ambiguous):
        dataset, arm, draw = ambiguous.index[0]
        raise UsageError(
            f"{merged.folder}: draw {int(draw)} of {arm} on {dataset} stands for different settings in these tables: they "
            "are of different searches, or did not share one --storage"
        )


def _wall_seconds(parts: Sequence[Results]) -> float:
    return round(sum(float(part.environment.get("wall_seconds", 0.0)) for part in parts), 1)
