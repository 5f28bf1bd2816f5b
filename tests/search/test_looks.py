"""A study that goes by looks trains only what an open claim needs, goes on after an interruption, and can be checked."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from ablate.claims.by_looks import standing
from ablate.claims.looks_check import changed, check_looks
from ablate.errors import AblateError, UsageError
from ablate.execution.display import Quiet
from ablate.execution.options import Options
from ablate.results.looks_file import NAME, read_looks_record
from ablate.results.tables import Results, study_as_run
from ablate.search.batches import run_study
from ablate.search.looks import look_ahead
from ablate.study.load import load_study
from ablate.study.select import select
from ablate.study.study import Study
from tests.support.commands import ablate

TEXT = """\
study: by_looks
question: Does it go on only where a claim is open?
seeds: {until: decided, looks: [5, 7, 9]}
datasets: [digits]
base:
  {width: 4, batch_size: 4, n_critic: 1, generator_steps: 1, evaluations: 1, evaluation_samples: 100, loss: wasserstein,
   lipschitz: gradient_penalty, lambda_gp: 10}
arms:
  plain: {lr: 1e-3}
  other: {lr: 2e-3}
  spare: {lr: 3e-3}
claims:
  - {id: a, says: it has less fid, test: compare, metric: fid, arm: plain, against: other, direction: less}
"""


class Stopped(Quiet):
    """Interrupts the run before the look of that number."""

    def __init__(self, number: int) -> None:
        self.number = number

    def part(self, words: str) -> None:
        if words.startswith(f"look {self.number} "):
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    path = tmp_path_factory.mktemp("study") / "by_looks.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return load_study(path)


@pytest.fixture(scope="module")
def whole(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Results:
    return run_study(study, Options(tmp_path_factory.mktemp("whole"), workers=1, cohort_size=16), Quiet()).results


def content(results: Results) -> str:
    return results.runs[["run_id", "arm", "seed", "status", "fid"]].to_csv()


def test_seeds_are_added_only_to_arms_of_open_claims(study: Study, whole: Results) -> None:
    counts = whole.runs.groupby("arm").size().to_dict()
    assert counts == {"plain": 9, "other": 9, "spare": 5}
    stands = standing(study, whole)
    assert (stands.look.number, stands.lacking, len(stands.closed)) == (3, 0, 1)
    headline = stands.verdicts[0]
    assert (headline.look, headline.looks, headline.share, headline.n) == (3, ("5", "7", "9"), 0.5, (9, 9))


def test_what_is_interrupted_between_looks_goes_on_to_the_same_tables(
    study: Study, whole: Results, tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        run_study(study, Options(tmp_path, workers=1, cohort_size=16), Stopped(2))
    ahead = look_ahead(study, Results.read(tmp_path))
    assert (ahead.least, ahead.most) == (19, 23)
    summary = run_study(study, Options(tmp_path, workers=1, cohort_size=16), Quiet())
    assert summary.trained == 8
    assert content(summary.results) == content(whole)
    assert (tmp_path / NAME).read_text() == (whole.folder / NAME).read_text()
    again = run_study(study, Options(tmp_path, workers=1, cohort_size=16), Quiet())
    assert (again.trained, again.counts) == (0, {"done": 23})


def test_before_the_first_run_the_least_and_the_most_are_known(study: Study, tmp_path: Path) -> None:
    ahead = look_ahead(study, Results.read_or_empty(tmp_path))
    assert (ahead.least, ahead.most, ahead.words) == (15, 23, "look 1 of 3, 5 seeds")


def test_the_tables_say_by_which_looks_they_were_made(study: Study, whole: Results) -> None:
    as_run = study_as_run(whole)
    assert (as_run.looks, as_run.seeds) == (study.looks, study.seeds)
    faults, asked = check_looks(whole, as_run)
    assert faults == []
    assert len(asked.runs()) == 23


def test_seeds_where_no_claim_was_open_are_told(study: Study, whole: Results) -> None:
    spare = whole.runs[whole.runs["arm"] == "spare"].tail(1)
    run = next(run for run in study.runs() if run.arm == "spare" and run.seed == 5)
    more = replace(whole, runs=pd.concat([whole.runs, spare.assign(run_id=run.run_id)]))
    (fault,) = check_looks(more, study)[0]
    assert "spare on digits: 1 seeds after the first 5, added where no claim was open" in fault


def test_a_changed_verdict_is_told_and_stops_the_run(study: Study, whole: Results) -> None:
    path = whole.folder / NAME
    before = path.read_text()
    record = json.loads(before)
    (closed,) = record["closed"].values()
    closed["verdict"] = "reproduced"
    path.write_text(json.dumps(record))
    try:
        (fault,) = check_looks(whole, study)[0]
        assert "reproduced at look 3 of 9 seeds" in fault
        with pytest.raises(AblateError, match="what a look closed stays closed"):
            run_study(study, Options(whole.folder, workers=1, cohort_size=16), Quiet())
        path.unlink()
        assert "is missing, though looks closed 1 claims" in check_looks(whole, study)[0][0]
    finally:
        path.write_text(before)


def test_a_part_of_the_study_does_not_go_by_looks(study: Study, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--only leaves claims without runs"):
        run_study(select(study, ["arm=plain"]), Options(tmp_path, workers=1, cohort_size=16), Quiet())


def test_looks_of_a_call_that_has_nothing_to_train_are_known_afterwards(
    study: Study, whole: Results, tmp_path: Path
) -> None:
    """9 seeds of all arms are there; then the study goes by looks, and the other way round."""
    folder = Path(shutil.copytree(whole.folder, tmp_path / "out"))
    plain = study.path.with_name("plain.yaml")
    plain.write_text(TEXT.replace("seeds: {until: decided, looks: [5, 7, 9]}", "seeds: 5"), encoding="utf-8")
    options = Options(folder, workers=1, cohort_size=16)
    fixed = run_study(load_study(plain), options, Quiet())
    assert fixed.trained == 0
    assert fixed.changes
    assert not study_as_run(Results.read(folder)).looks
    looked = run_study(load_study(plain, until=(5, 7, 9)), options, Quiet())
    assert looked.trained == 0
    assert looked.changes == ["looks: none, 5 seeds → at 5, 7, 9 seeds"]
    results = Results.read(folder)
    assert check_looks(results, study_as_run(results))[0] == []


def test_tables_that_are_put_together_have_a_record_of_their_looks(
    study: Study, whole: Results, tmp_path: Path
) -> None:
    for name, arms in (("one", ["plain"]), ("two", ["other", "spare"])):
        folder = Path(shutil.copytree(whole.folder, tmp_path / name))
        (folder / NAME).unlink()
        own = Results.read(folder)
        own.runs = own.runs[own.runs["arm"].isin(arms)]
        own.write(study.runs())
    done = ablate("merge", study.path, tmp_path / "one", tmp_path / "two", "--out", tmp_path / "both")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "both" / NAME).read_text() == (whole.folder / NAME).read_text()
    assert ablate("verify", tmp_path / "both").returncode == 0


def test_a_closed_claim_that_other_claims_decide_otherwise_is_told_with_the_cause(study: Study, whole: Results) -> None:
    record = read_looks_record(whole.folder)
    (key,) = record.closed
    before = replace(
        record,
        closed={key: replace(record.closed[key], verdict="reproduced")},
        claims=(*record.claims, "b: plain vs spare"),
    )
    faults = changed(whole, standing(study, whole), before)
    assert "p is corrected for all of them; removed: b: plain vs spare" in faults[0]
    assert len(faults) == 2
    assert changed(whole, standing(study, whole), replace(record, claims=("b: plain vs spare",))) == []
