"""What a call takes over of a study that has changed since its tables were made: claims, names, flags; and says what."""

from __future__ import annotations

from dataclasses import dataclass

from ablate.errors import AblateError
from ablate.files import whole_files
from ablate.results import claims_record, tables
from ablate.results.known_draws import with_draws
from ablate.results.study_copy import asked_of, is_written, write_study
from ablate.results.tables import WITH_OUTCOME, Results
from ablate.study.changes import changes
from ablate.study.study import Study


@dataclass(frozen=True)
class TakenOver:
    """told: what has changed, in words. named: dataset as rows had it → as it is called now, where that is another."""

    told: list[str]
    named: dict[str, str]
    differs: bool
    """whether rows or the record of claims have to be written"""


def take_over(study: Study, results: Results) -> TakenOver:
    """Record the study's claims and give its names to its rows, in `results` alone: nothing is written.

    The claims are those of the whole study, whichever part of it a call trains.
    """
    whole = with_draws(study.whole or study, results.runs)
    own = {run.run_id: run for run in whole.runs()}
    told, former = _changes(whole, results)
    ended = results.runs["run_id"].isin(own) & results.runs["status"].isin(WITH_OUTCOME)
    known = former.claims if former else None
    record = claims_record.with_claims(results.record, whole.claims, known, int(ended.sum()), whole.size)
    differs, results.record = record != results.record, record
    renamed: dict[str, str] = {}
    for name in ("dataset", "arm"):
        before = results.runs[name]
        now = results.runs["run_id"].map({run_id: getattr(run, name) for run_id, run in own.items()})
        other = now.notna() & (now != before)
        if other.any():
            results.runs = results.runs.assign(**{name: now.where(other, before)})
            told.append(f"{name} of {int(other.sum())} rows named anew")
            renamed |= dict(zip(before[other], now[other], strict=True)) if name == "dataset" else {}
            differs = True
    return TakenOver(told, renamed, differs)


def _changes(whole: Study, results: Results) -> tuple[list[str], Study | None]:
    """In words; and the study that lies beside the tables, if there is one that can be read."""
    if not (results.folder / tables.STUDY).is_file():
        return [], None
    try:
        former = tables.study_as_run(results)
        return changes(former, whole), former
    except AblateError as error:
        return [f"{tables.STUDY} beside the tables could not be read: {str(error).splitlines()[0]}"], None


def write_taken_over(study: Study, results: Results, taken: TakenOver) -> None:
    """Write what differs in the folder: for a call that has nothing to train, and so writes no rows."""
    folder = results.folder
    environment = {name: own for name, own in results.environment.items() if name != "looks"} | asked_of(study)
    if not is_written(folder, study):
        write_study(folder, study)
    if environment != results.environment:
        results.environment = environment
        results.write_environment()
    real = {now: folder / tables.SAMPLES / f"real_{before}.npz" for before, now in taken.named.items()}
    kept = {now: before.read_bytes() for now, before in real.items() if before.is_file()}
    for now, content in kept.items():
        whole_files.write_bytes(folder / tables.SAMPLES / f"real_{now}.npz", content)
    if taken.differs:
        results.write(with_draws(study.whole or study, results.runs).runs())
