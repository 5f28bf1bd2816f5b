"""A study that goes by looks trains only what an open claim needs, goes on after an interruption, and can be checked."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from ablate.claims.by_looks import standing
from ablate.claims.looks_check import check_looks
from ablate.errors import AblateError, UsageError
from ablate.execution.display import Quiet
from ablate.execution.options import Options
from ablate.results.looks_file import NAME
from ablate.results.tables import Results, study_as_run
from ablate.search.batches import run_study
from ablate.search.looks import look_ahead
from ablate.study.load import load_study
from ablate.study.select import select
from ablate.study.study import Study

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
