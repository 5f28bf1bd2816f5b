"""Whether tables keep the rule of a study that goes by looks: seeds only where a claim was open, and no verdict changed."""

from __future__ import annotations

import math
from pathlib import Path

from ablate.claims.by_looks import Standing, standing
from ablate.claims.verdict import Verdict
from ablate.errors import UsageError
from ablate.results.looks_file import NAME, Frozen, LooksRecord, read_looks_record, write_looks_record
from ablate.results.numbers import p_value
from ablate.results.tables import RUNS, Results
from ablate.study.study import Study


def record_of(stands: Standing) -> LooksRecord:
    """What the looks closed, as the tables give it."""
    family = tuple(claim.key for claim in stands.study.claims if not claim.waits)
    return LooksRecord(stands.study.looks, {key: _frozen(verdict) for key, verdict in stands.closed.items()}, family)


def write_record(study: Study, results: Results) -> None:
    """Make the record of what looks closed from the tables: of parts that were put together, each has its own."""
    write_looks_record(results.folder, record_of(standing(study, results)))


def check_looks(results: Results, study: Study) -> tuple[list[str], Study]:
    """What breaks the rule in the tables and in the record beside them, and the study with the seeds that were asked for.

    Nothing, and the study as it is, where it has a fixed number of seeds.
    """
    try:
        record = read_looks_record(results.folder)
    except UsageError as error:
        return [str(error)], study
    if study.looks:
        stands = standing(study, results)
        return _faults(results, study, stands, record), stands.study
    left = f"{results.folder / NAME}: looks closed claims there, but the last run was of a fixed number of seeds"
    return [left] * bool(record.looks), study


def _faults(results: Results, study: Study, stands: Standing, record: LooksRecord) -> list[str]:
    """Seeds that nothing asked for, and closed claims that the record has otherwise than the tables give them."""
    path, now = results.folder / NAME, record_of(stands)
    faults = changed(results, stands, record)
    if not record.looks:
        faults += [f"{path} is missing, though looks closed {len(now.closed)} claims"] * bool(now.closed)
    elif not faults:
        gone = record.closed.keys() - now.closed.keys()
        faults += [
            f"{path}: {key}: {_told(record.closed[key])}, but the tables do not go so far" for key in sorted(gone)
        ]
        new = now.closed.keys() - record.closed.keys()
        faults += [f"{path}: {key} is not in it, but {_told(now.closed[key])} by the tables" for key in sorted(new)]
    return _seeds_beyond(results, study, stands) + faults


def changed(results: Results, stands: Standing, record: LooksRecord) -> list[str]:
    """Claims that were closed, and that the tables, where they hold the runs of that look, decide otherwise now."""
    path, now = results.folder / NAME, record_of(stands)
    if record.looks and record.looks != now.looks:
        recorded, own = (", ".join(map(str, looks)) for looks in (record.looks, now.looks))
        return [f"{path}: its looks are at {recorded} seeds, but the study's at {own}"]
    keys, faults = {claim.key for claim in stands.study.claims}, []
    made = stands.look.number - bool(stands.lacking)
    for key, before in record.closed.items():
        after = now.closed.get(key)
        if key in keys and before.look <= made and not _same(before, after):
            by_tables = f"{_told(after)} by the tables" if after else "by the tables it was open then"
            faults.append(f"{path}: {key}: {_told(before)}, but {by_tables}")
    return [*_other_claims(path, record, now), *faults] if faults else []


def _other_claims(path: Path, record: LooksRecord, now: LooksRecord) -> list[str]:
    """Why a closed claim may be decided otherwise though no run is another: Holm's correction is over all claims."""
    added, removed = set(now.claims) - set(record.claims), set(record.claims) - set(now.claims)
    if not record.claims or not added | removed:
        return []
    words = [f"{word}: {', '.join(sorted(keys))}" for word, keys in (("added", added), ("removed", removed)) if keys]
    return [f"{path}: the study had other claims then, and p is corrected for all of them; {'; '.join(words)}"]


def _seeds_beyond(results: Results, study: Study, stands: Standing) -> list[str]:
    """Runs of the study that no look asked for, by arm and dataset."""
    asked = {run.run_id for run in stands.study.runs()}
    there, beyond = set(results.runs["run_id"]), dict[tuple[str, str], int]()
    for run in study.runs():
        if run.run_id in there and run.run_id not in asked:
            beyond[run.arm, run.dataset] = beyond.get((run.arm, run.dataset), 0) + 1
    return [
        f"{results.folder / RUNS}: {arm} on {dataset}: {count} seeds after the first {stands.study.asked[dataset, arm]}, "
        "added where no claim was open"
        for (arm, dataset), count in beyond.items()
    ]


def _frozen(verdict: Verdict) -> Frozen:
    assert verdict.look is not None
    p = None if math.isnan(verdict.p) else float(f"{verdict.p:.9g}")
    return Frozen(verdict.look, int(verdict.looks[verdict.look - 1]), verdict.share, p, verdict.verdict)


def _same(before: Frozen, after: Frozen | None) -> bool:
    """Equal, but for rounding of p."""
    if after is None or (before.p is None) != (after.p is None):
        return False
    one, other = before.p or 0.0, after.p or 0.0
    rest = [(of.look, of.n, of.share, of.verdict) for of in (before, after)]
    return rest[0] == rest[1] and math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-12)


def _told(frozen: Frozen) -> str:
    p = "" if frozen.p is None else f", p {p_value(frozen.p)}"
    return f"{frozen.verdict} at look {frozen.look} of {frozen.n} seeds, share {frozen.share:g}{p}"
