"""A finished study of one's own becomes the reference that is committed."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from ablate.errors import UsageError
from ablate.execution import verify
from ablate.execution.job import status
from ablate.files import whole_files
from ablate.results import checksums, looks_file, tables
from ablate.results.known_draws import with_draws
from ablate.results.lock import locked
from ablate.results.tables import Results
from ablate.study.changes import changes
from ablate.study.study import Study


def promote(study: Study, source: Path, target: Path, reduced: bool = False) -> Results:
    """Check that `source` holds the whole study, from one clean commit, and copy its tables to `target`.

    What `ablate verify` refuses is not taken, nor are tables that it cannot check for want of checksums. The copy is
    made beside `target` and takes its place in the end. Rows that the study does not have are left behind.
    `reduced`: settings may have been changed on the command line. UsageError with all that is wrong.
    """
    if not (source / tables.RUNS).exists():
        raise UsageError(f"{source}: no {tables.RUNS} there; run the study with `ablate run {study.path}` first")
    beside = target.with_name(f".{target.name}.new")
    with locked(source):
        results, missing, _ = status(study, source)
        study = with_draws(study, results.runs)
        unknown = study.size - len(study.runs())  # draws that an adaptive search has not made yet
        own = _rows_of(study, results)
        problems = [f"{source}: {problem}" for problem in _problems(study, own, len(missing) + unknown, reduced)]
        problems += _faults(own, study)
        if problems:
            raise UsageError("\n".join(problems))
        _copy(own, beside, study)
    faults = verify.faults_in(*verify.read(beside))
    if faults:
        shutil.rmtree(beside)
        raise UsageError("\n".join(fault.replace(str(beside), str(source)) for fault in faults))
    _put_in_place(beside, target)
    return Results.read(target)


def _rows_of(study: Study, results: Results) -> Results:
    """The tables without the rows that the study does not have, with the seeds of the study.

    The seeds that the last call of a run was given may have been fewer.
    """
    ids = {run.run_id for run in study.runs()}
    runs, curves, probes = (
        table[table["run_id"].isin(ids)] for table in (results.runs, results.curves, results.probes)
    )
    environment = {**results.environment, "seeds": list(study.seeds)}
    return replace(results, runs=runs, curves=curves, probes=probes, environment=environment)


def _problems(study: Study, own: Results, missing: int, reduced: bool) -> list[str]:
    """What keeps sound tables from being a reference."""
    problems, rows = [], own.runs
    if missing:
        problems.append(f"{missing} runs are missing; finish the study with `ablate run {study.path}` first")
    failed = int((rows["status"] == "failed").sum())
    if failed:
        problems.append(f"{failed} runs failed; `ablate run {study.path} --retry-failed` tries them again")
    commits = sorted(set(rows["commit"].fillna("")))
    if len(rows) and (commits == [""] or rows["dirty"].astype(str).ne("False").any()):
        problems.append("rows were made by code that is not committed; commit, delete the tables, and run again")
    elif len(commits) > 1:
        problems.append(
            f"rows were made by {len(commits)} commits ({', '.join(c[:10] for c in commits)}), expected one"
        )
    if study.overrides and not reduced:
        problems.append("--set was used; a reference is what its study file says")
    return problems


def _faults(own: Results, study: Study) -> list[str]:
    """What `ablate verify` refuses, whether it could check the hashes, and whether this is the study that was run."""
    faults = []
    if not verify.has_checksums(own):
        faults.append(
            f"{own.folder}: no {checksums.NAME}, so whether someone edited the tables cannot be told; restore it from a "
            "copy, or train anew: `ablate run STUDY --out ANOTHER_FOLDER`, then `ablate promote STUDY --from "
            "ANOTHER_FOLDER`"
        )
    path = own.folder / tables.STUDY
    if not path.is_file():
        return [*faults, f"{path} is missing: what the rows should be cannot be told; restore it"]
    as_run = with_draws(tables.study_as_run(own), own.runs)
    changed = [
        f"{path}: not the study as it is now: {change}; `ablate run {study.path}` takes it over"
        for change in changes(as_run, study)
    ]
    return faults + changed + verify.faults_in(own, as_run)


def _copy(own: Results, beside: Path, study: Study) -> None:
    """Tables, study file, environment and samples into a new folder."""
    shutil.rmtree(beside, ignore_errors=True)
    own_samples = {f"{run_id}.npz" for run_id in own.runs["run_id"]}
    for path in sorted((own.folder / tables.SAMPLES).glob("*.npz")):
        if path.name in own_samples or path.name.startswith("real_"):
            whole_files.copy(path, beside / tables.SAMPLES / path.name)
    for name in (tables.STUDY, *tables.study_as_run(own).files):
        whole_files.copy(own.folder / name, beside / name)
    if (own.folder / looks_file.NAME).exists():
        whole_files.copy(own.folder / looks_file.NAME, beside / looks_file.NAME)
    copied = replace(own, folder=beside, runs=own.runs.reset_index(drop=True))
    copied.write_environment()
    copied.write(study.runs())


def _put_in_place(beside: Path, target: Path) -> None:
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    beside.rename(target)
    shutil.rmtree(old, ignore_errors=True)
