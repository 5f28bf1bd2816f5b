"""Files that runs left beside their tables, found by a run_id or by its beginning."""

from __future__ import annotations

from pathlib import Path

from ablate.errors import UsageError

MOST_NAMED = 5


def find_file(target: str, runs: Path, folder: str, ending: str, what: str) -> Path:
    """The file <run_id><ending> in runs/*/<folder> of the run whose id begins with `target`, or the file of that path.

    `runs` may also be one study's folder. UsageError where there is none, or where the beginning fits several runs.
    `what` says in a few words what is looked for.
    """
    path = Path(target)
    if path.suffix:
        if path.is_file():
            return path
        raise UsageError(f"{target}: no such file; give the path of a file, or a run_id of runs.csv")
    files = [p for place in (runs, *sorted(runs.glob("*"))) for p in (place / folder).glob(f"*{ending}")]
    by_run: dict[str, list[Path]] = {}
    for file in files:
        run_id = file.name.removesuffix(ending)
        if run_id.startswith(target):
            by_run.setdefault(run_id, []).append(file)
    if len(by_run) > 1:
        named = ", ".join(sorted(by_run)[:MOST_NAMED]) + (", …" if len(by_run) > MOST_NAMED else "")
        raise UsageError(f"{target!r} is the beginning of {len(by_run)} run_ids: {named}; give more of it")
    if not by_run:
        raise UsageError(
            f"no run whose id begins with {target!r} left {what} in {runs}/*/{folder}; run_ids stand in runs.csv, "
            f"--runs names another folder"
        )
    (files_of_run,) = by_run.values()
    return max(files_of_run, key=lambda p: p.stat().st_mtime)  # the same run in two studies
