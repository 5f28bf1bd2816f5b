"""Claims are recorded before the first run, and every later text of them with the runs that there were then."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from ablate.errors import UsageError
from ablate.execution.promote import promote
from ablate.execution.verify import notes_on, read
from ablate.results import checksums, claims_record, tables
from ablate.results.claims_record import ADDED, BEFORE, CHANGED, FOUND, Record, entry_of, joined, with_claims
from ablate.results.merge import merge
from ablate.results.tables import Results, study_as_run
from ablate.study.claims.claim_text import claim_text, text_hash
from ablate.study.load import load_study
from tests.support.broken_studies import VALID
from tests.support.small_runs import run
from tests.support.written_studies import study_of

CLAIM = """\
claims:
  - {id: better, source: [me], says: it is better, test: compare, metric: fid, arm: wgan, against: wgan_gp, direction: less}
"""


def record_in(folder: Path) -> Record:
    return Results.read(folder).record


def edit(path: Path, *pairs: tuple[str, str]) -> None:
    text = path.read_text()
    for before, now in pairs:
        assert before in text
        text = text.replace(before, now)
    path.write_text(text)


def test_a_claim_is_written_before_the_runs_added_or_changed_after_some(tmp_path: Path) -> None:
    first = study_of(tmp_path, VALID).claims
    record = with_claims((), first, None, 0, 18)
    assert [entry.event for entry in record] == [BEFORE, BEFORE]
    assert record[0].words == "written before the runs"
    assert record[0].claim["says"] == "the penalty gives better samples"
    assert record[0].time.endswith("Z")
    assert len(record[0].commit) in (0, 40)
    assert with_claims(record, first, first, 5, 18) == record
    later = study_of(tmp_path, VALID.replace("better samples", "much better samples")).claims
    changed = with_claims(record, later, first, 5, 18)
    assert changed[:2] == record
    assert [(e.event, e.replaces) for e in changed[2:]] == [(CHANGED, e.sha256) for e in record]
    assert changed[2].words == "changed after 5 of 18 runs"
    more = study_of(tmp_path, VALID + VALID[VALID.index("  - id") :].replace("gp-quality", "new")).claims
    added = with_claims(record, more, first, 7, 18)
    assert [(e.id, e.event, e.words) for e in added[2:]] == [("new", ADDED, "added after 7 of 18 runs")] * 2
    assert with_claims(record, later, first, 0, 18)[2].event == BEFORE


def test_of_tables_without_a_record_no_claim_is_said_to_be_written_before(tmp_path: Path) -> None:
    claims = study_of(tmp_path, VALID).claims
    for former in (claims, None):
        found = with_claims((), claims, former, 18, 18)
        assert {entry.event for entry in found} == {FOUND}
        assert found[0].words.startswith("first recorded after 18 of 18 runs; not recorded whether")
    assert with_claims((), claims, (), 18, 18)[0].event == ADDED  # the study file beside the tables has no claim


def test_a_field_that_a_claim_does_not_have_or_leaves_at_its_default_is_not_in_its_hash(tmp_path: Path) -> None:
    plain, other = study_of(tmp_path, VALID).claims
    assert "margin" not in claim_text(plain)
    assert "factor_of_best" not in claim_text(plain)
    assert text_hash(claim_text(plain)) != text_hash(claim_text(other))
    named = VALID + "    margin: 0.0\n    decide: pooled\n"
    assert claim_text(study_of(tmp_path, named).claims[0]) == claim_text(plain)
    fixed = VALID.replace("against: [wgan, gan]", "value: 0")
    assert claim_text(study_of(tmp_path, fixed).claims[0])["value"] == 0


def test_the_record_is_there_before_a_run_ends_and_is_kept_with_the_tables(study_file: Path, tmp_path: Path) -> None:
    edit(study_file, ("generator_steps: 60", "generator_steps: 2"), ("seeds: 3", "seeds: 1"))
    study_file.write_text(study_file.read_text() + CLAIM)
    folder = tmp_path / "own"
    run(study_file, folder)
    (entry,) = record_in(folder)
    assert (entry.event, entry.done, entry.runs) == (BEFORE, 0, 2)
    assert entry.time <= Results.read(folder).runs["finished_at"].min()
    assert claims_record.NAME in json.loads((folder / checksums.NAME).read_text())


def test_a_call_with_nothing_to_train_takes_over_what_changed_in_the_study_file(
    study_file: Path, trained: Path
) -> None:
    assert record_in(trained) == ()
    study_file.write_text(study_file.read_text() + CLAIM)
    told = run(study_file, trained)
    assert (told.trained, told.changes) == (0, ["claims added: better"])
    assert [claim.id for claim in study_as_run(Results.read(trained)).claims] == ["better"]
    assert [(e.event, e.done, e.runs) for e in record_in(trained)] == [(ADDED, 6, 6)]
    edit(study_file, ("it is better", "it is best"), ("Does anything", "Does something"))
    assert run(study_file, trained).changes == ["question changed", "claims changed: better"]
    first, second = record_in(trained)
    assert (second.event, second.replaces) == (CHANGED, first.sha256)
    assert first.claim["says"] == "it is better"
    times = {path: path.stat().st_mtime_ns for path in trained.iterdir()}
    assert run(study_file, trained).changes == []
    assert times == {path: path.stat().st_mtime_ns for path in trained.iterdir()}
    edit(study_file, (CLAIM.replace("it is better", "it is best"), ""))
    assert run(study_file, trained).changes == ["claims removed: better"]
    assert record_in(trained) == (first, second)


def test_renamed_arms_and_datasets_have_one_name_in_the_tables(study_file: Path, trained: Path) -> None:
    kept = Results.read(trained).real_sample("ring8")
    edit(study_file, ("  wgan: {", "  clipped: {"), ("datasets: [ring8]", "datasets: {ring: {dataset: ring8}}"))
    told = run(study_file, trained)
    assert told.trained == 0
    assert "arms renamed: wgan → clipped" in told.changes
    assert "datasets renamed: ring8 → ring" in told.changes
    results, study = read(trained)
    assert set(results.runs["arm"]) == {"wgan_gp", "clipped"} == set(study.arms)
    assert set(results.runs["dataset"]) == {"ring"}
    real = results.real_sample("ring")
    assert real is not None
    assert kept is not None
    assert (real == kept).all()


def test_flags_of_an_earlier_call_are_not_in_force_where_a_later_one_has_none(study_file: Path, trained: Path) -> None:
    environment = json.loads((trained / tables.ENVIRONMENT).read_text())
    flags = {"overrides": ["generator_steps=5"], "seeds": [0]}
    (trained / tables.ENVIRONMENT).write_text(json.dumps({**environment, **flags}))
    told = run(study_file, trained)
    assert told.trained == 0
    assert "seeds: 1 → 3" in told.changes
    assert "--set: generator_steps=5 → none" in told.changes
    study = study_as_run(Results.read(trained))
    assert (study.overrides, study.seeds) == ((), (0, 1, 2))


def test_a_record_that_was_edited_or_deleted_is_told(study_file: Path, trained: Path) -> None:
    study_file.write_text(study_file.read_text() + CLAIM)
    run(study_file, trained)
    path = trained / claims_record.NAME
    whole = path.read_text()
    path.write_text(whole.replace('"event": "added"', '"event": "before"'))
    with pytest.raises(UsageError, match=r"claims\.json: changed since ablate wrote it"):
        Results.read(trained)
    path.unlink()
    with pytest.raises(UsageError, match=r"claims\.json is missing"):
        Results.read(trained)
    (trained / checksums.NAME).unlink()
    assert f"no {claims_record.NAME}: {claims_record.NOT_RECORDED}" in notes_on(*read(trained))
    path.write_text(whole.replace("it is better", "it is worse"))
    with pytest.raises(UsageError, match=r"the text of entry 1 \(better\) was changed"):
        Results.read(trained)
    for damaged in (
        "{",
        "[1]",
        "[{}]",
        whole.replace('"done": 6', '"done": 7'),
        whole.replace('"done": 6', '"done": "6"'),
    ):
        path.write_text(damaged)
        with pytest.raises(UsageError, match="not a readable record of claims"):
            Results.read(trained)


def test_merged_tables_have_the_entries_of_all_and_the_latest_counts(
    study_file: Path, trained: Path, tmp_path: Path
) -> None:
    study_file.write_text(study_file.read_text() + CLAIM)
    study = load_study(study_file)
    late, early = (Path(shutil.copytree(trained, tmp_path / name)) for name in ("late", "early"))
    run(study_file, late)
    part = Results.read(early)
    part.record = with_claims((), study.claims, None, 0, 6)
    part.write(study.runs())
    merged = merge(study, [early, late], tmp_path / "merged")
    assert {entry.event for entry in merged.record} == {BEFORE, ADDED}
    known = entry_of(merged.record, text_hash(claim_text(study.claims[0])))
    assert known is not None
    assert known.event == ADDED
    assert joined([merged.record, merged.record]) == merged.record
    unrecorded = merge(study, [trained], tmp_path / "other").record
    assert [entry.event for entry in unrecorded] == [FOUND]


def test_promote_takes_the_record_along_and_refuses_a_study_that_has_changed(study_file: Path, trained: Path) -> None:
    study_file.write_text(study_file.read_text() + CLAIM)
    run(study_file, trained)
    results = Results.read(trained)
    results.runs = results.runs.assign(commit="c0ffee", dirty=False)
    results.write(load_study(study_file).runs())
    target = trained.with_name("reference")
    assert promote(load_study(study_file), trained, target).record == results.record
    edit(study_file, ("it is better", "it is best"))
    with pytest.raises(UsageError, match=r"not the study as it is now: claims changed: better; `ablate run"):
        promote(load_study(study_file), trained, target)
