"""A finished study of one's own becomes the reference that is committed."""

from __future__ import annotations

import shutil
from pathlib import Path

from ablate.errors import UsageError
from ablate.execution.job import status
from ablate.results import tables
from ablate.results.known_draws import with_draws
from ablate.results.lock import locked
from ablate.results.tables import Results
from ablate.study.study import Study


def promote(study: Study, source: Path, target: Path, reduced: bool = False) -> Results:
    """Check that `source` holds the whole study, from one clean commit, and copy its tables to `target`.

    The copy is made beside `target` and takes its place in the end. Rows that are not the study's are left behind.
    `reduced`: settings may have been changed on the command line.
    """
    if not (source / tables.RUNS).exists():
        raise UsageError(f"{source}: no {tables.RUNS} there; run the study with `ablate run {study.path}` first")
    with locked(source):
        results, missing, strangers = status(study, source)
        study = with_draws(study, results.runs)
        unknown = study.size - len(study.runs())  # draws that an adaptive search has not made yet
        problems = _problems(study, results, len(missing) + unknown, reduced)
        if problems:
            raise UsageError("\n".join(f"{source}: {problem}" for problem in problems))
        if strangers:
            results.runs = results.runs[~results.runs["run_id"].isin(strangers)].reset_index(drop=True)
        beside = target.with_name(f".{target.name}.new")
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        kept = {f"{run_id}.npz" for run_id in results.runs["run_id"]}
        for name in (tables.STUDY, tables.ENVIRONMENT):
            shutil.copy2(source / name, beside / name)
        (beside / tables.SAMPLES).mkdir()
        for path in sorted((source / tables.SAMPLES).glob("*.npz")):
            if path.name in kept or path.name.startswith("real_"):
                shutil.copy2(path, beside / tables.SAMPLES / path.name)
        results.folder = beside
        results.write(study.runs())
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    beside.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    return Results.read(target)


def _problems(study: Study, results: Results, missing: int, reduced: bool) -> list[str]:
    found = []
    if missing:
        found.append(f"{missing} runs are missing; finish the study with `ablate run {study.path}` first")
    own = results.runs[results.runs["run_id"].isin({run.run_id for run in study.runs()})]
    failed = int((own["status"] == "failed").sum())
    if failed:
        found.append(f"{failed} runs failed; `ablate run {study.path} --retry-failed` tries them again")
    commits = sorted(set(own["commit"].fillna("")))
    if len(own) and (commits == [""] or own["dirty"].astype(str).ne("False").any()):
        found.append("rows were made by code that is not committed; commit, delete the tables, and run again")
    elif len(commits) > 1:
        found.append(f"rows were made by {len(commits)} commits ({', '.join(c[:10] for c in commits)}), expected one")
    if study.overrides and not reduced:
        found.append("--set was used; a reference is what its study file says")
    return found
