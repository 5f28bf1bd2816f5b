"""A verdict says when its claim was written down only where the record says so."""

from __future__ import annotations

from ablate.claims.decide import decide
from ablate.claims.study_rows import StudyRows
from ablate.claims.written import NOT_RECORDED, history, summary, with_written
from ablate.results.claims_record import with_claims
from tests.support.simulated_study import SimulatedClaim, tables

LOW, HIGH = [1.0 + 0.01 * i for i in range(8)], [2.0 + 0.01 * i for i in range(8)]
CELLS = {("ring8", "a"): LOW, ("ring8", "b"): HIGH}


def test_each_verdict_has_the_words_of_its_claims_entry() -> None:
    study, results = tables(
        CELLS, [SimulatedClaim(id="first"), SimulatedClaim(id="second"), SimulatedClaim(id="third")]
    )
    rows = StudyRows.of(study, results)
    verdicts = decide(study, results)
    told = with_written(rows, verdicts)
    assert {v.written for v in told} == {NOT_RECORDED}
    assert summary(told) == "Of 3 tests, none has a record of whether it was written down before the runs."
    first, second, _ = study.claims
    results.record = with_claims((), [first], None, 0, 16)
    results.record = with_claims(results.record, [first, second], [first], 9, 16)
    told = with_written(rows, verdicts)
    words = {v.claim: v.written for v in told}
    assert words == {"first": "written before the runs", "second": "added after 9 of 16 runs", "third": NOT_RECORDED}
    assert [v.claim for v in told] == [v.claim for v in verdicts]
    assert summary(told) == (
        "Of 3 tests, 1 were written down before the runs; 1 were added or changed after some of them; of 1 that is not recorded."
    )
    assert summary(verdicts) == ""


def test_former_texts_and_claims_that_are_gone_are_told() -> None:
    study, results = tables(CELLS, [SimulatedClaim(id="same", margin=0.2), SimulatedClaim(id="kept")])
    former, kept = study.claims
    gone = tables(CELLS, [SimulatedClaim(id="gone")])[0].claims[0]
    narrow = tables(CELLS, [SimulatedClaim(id="same", margin=0.1)])[0].claims[0]
    record = with_claims((), [narrow, kept, gone], None, 0, 16)
    results.record = with_claims(record, study.claims, [narrow, kept, gone], 4, 16)
    lines = history(StudyRows.of(study, results))
    assert len(lines) == 2
    assert lines[0].startswith("same (fid of a)")
    assert ": changed after 4 of 16 runs, " in lines[0]
    assert lines[0].endswith("; before: margin 0.1")
    assert lines[1].endswith("written before the runs, and no longer in the study")
    assert lines[1].startswith("gone")
    assert former.margin == 0.2
