"""A search that prunes gives up draws by what its tables hold, whenever it was stopped, and says what it gave up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from shutil import copytree

import pandas as pd
import pytest

from ablate.claims.between_arms import between_arms
from ablate.errors import UsageError
from ablate.execution.display import Quiet
from ablate.execution.options import Options
from ablate.execution.train_again import train_again
from ablate.execution.verify import faults_in
from ablate.execution.verify import read as read_to_verify
from ablate.report.site import build_report
from ablate.results.tables import Results
from ablate.search.batches import run_study
from ablate.search.best_settings import best_studies
from ablate.search.proposals import next_batch
from ablate.search.pruning_medians import medians_for
from ablate.study.load import load_study
from ablate.study.study import Study
from tests.support.timing import TIMING

optuna = pytest.importorskip("optuna")

STUDY = """\
study: pruned
question: Which rate?
seeds: 1
datasets: [ring8]
base: {lipschitz: clip, clip_value: 0.1, width: 8, batch_size: 16, n_critic: 1, generator_steps: 60, evaluations: 3,
       evaluation_samples: 200}
arms:
  wgan: {loss: wasserstein}
search:
  draws: 15
  batch: 5
  sampler: tpe
  prune: true
  objective: fid
  parameters:
    lr: {low: 1e-6, high: 1e-1, scale: log}
"""


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Results]:
    folder = tmp_path_factory.mktemp("pruned")
    (folder / "pruned.yaml").write_text(STUDY)
    study = load_study(folder / "pruned.yaml")
    return study, run_study(study, Options(folder / "out", workers=1), Quiet()).results


def test_draws_behind_the_median_of_earlier_batches_are_pruned_and_no_others(searched: tuple[Study, Results]) -> None:
    _, results = searched
    runs = results.runs.set_index("draw")
    assert set(runs.loc[:4, "status"]) == {"done"}, "the first batch has nothing before it"
    assert "pruned" in set(runs["status"])
    curves = results.curves[results.curves["metric"] == "fid"].merge(results.runs[["run_id", "draw", "status"]])
    for number, row in runs.iterrows():
        earlier = curves[(curves["draw"] < number // 5 * 5) & (curves["status"] == "done")]
        own = curves[curves["draw"] == number].sort_values("generator_step")
        best = own.set_index("generator_step")["value"].cummin()
        median = earlier.groupby("generator_step")["value"].median()
        behind = [step for step in (20, 40) if number >= 5 and step in best and best[step] > median[step]]
        assert row["done_generator_steps"] == (behind[0] if behind else 60)
        assert row["status"] == ("pruned" if behind else "done")


def test_a_search_that_was_stopped_goes_on_as_if_it_had_not(searched: tuple[Study, Results], tmp_path: Path) -> None:
    study, results = searched
    part = Results(tmp_path / "out", results.runs[results.runs["draw"] < 5], results.curves, results.probes, {})
    part.write([])
    again = run_study(study, Options(tmp_path / "out", workers=1), Quiet()).results
    clock = [*TIMING]
    pd.testing.assert_frame_equal(again.runs.drop(columns=clock), results.runs.drop(columns=clock), check_exact=True)


def test_what_was_pruned_is_neither_best_nor_counted_nor_a_fault(
    searched: tuple[Study, Results], tmp_path: Path
) -> None:
    study, results = searched
    (best,) = best_studies(study, results, (), "100:103")
    done = results.runs[results.runs["status"] == "done"]
    assert best.best["wgan"].value == done["fid"].min()
    assert faults_in(*read_to_verify(results.folder)) == []
    pruned = len(results.runs) - len(done)
    page = build_report([(study, results)], tmp_path).read_text()
    assert f"wgan on ring8: {pruned} of 15 runs, {pruned} of them pruned" in page
    assert "draws that fall behind the median of earlier ones are pruned" in page


def test_the_journal_says_which_trials_were_pruned(searched: tuple[Study, Results]) -> None:
    from optuna.storages.journal import JournalFileBackend

    _, results = searched
    storage = optuna.storages.JournalStorage(JournalFileBackend(str(results.folder / "search.journal")))
    states = {t.number: t.state.name for t in optuna.load_study(study_name="pruned/ring8/wgan", storage=storage).trials}
    words = {"done": "COMPLETE", "pruned": "PRUNED"}
    expected = {int(row.draw): words[row.status] for row in results.runs.itertuples() if row.draw < 10}
    assert {number: states[number] for number in expected} == expected


def test_without_prune_there_are_no_medians(searched: tuple[Study, Results], tmp_path: Path) -> None:
    study, results = searched
    batch = next_batch(study, results)
    medians = medians_for(batch, results, batch.runs())
    assert medians is not None
    assert {run.draw for run in batch.runs() if medians.at[run.run_id]} == set(range(5, 15))
    path = tmp_path / "plain.yaml"
    path.write_text(STUDY.replace("  prune: true\n", ""))
    assert medians_for(load_study(path), Results.read_or_empty(tmp_path), []) is None


def test_rows_of_pruned_draws_are_verified(searched: tuple[Study, Results]) -> None:
    results, study = read_to_verify(searched[1].folder)
    pruned = (results.runs["status"] == "pruned") & (results.runs["done_generator_steps"] == 20)
    line = int(pruned.to_numpy().nonzero()[0][0])
    for column, value, fault in (
        ("done_generator_steps", 60, "pruned after 60 generator steps"),
        ("done_generator_steps", 40, "pruned, but curves.parquet holds no evaluation"),
        ("fid", -1.0, "fid is -1.0"),
    ):
        edited = results.runs.copy()
        edited.loc[line, column] = value
        faults = faults_in(Results(results.folder, edited, results.curves, results.probes, {}), study)
        assert any(fault in told and f":{line + 2}:" in told for told in faults), faults


def test_what_was_pruned_is_not_trained_again(searched: tuple[Study, Results]) -> None:
    results, study = read_to_verify(searched[1].folder)
    ended = set(results.runs.loc[results.runs["status"] == "done", "run_id"])
    again = train_again(results, study, len(ended), 0, "cpu", lambda row: None)
    assert {row.run.run_id for row in again} == ended
    assert all(row.agrees for row in again)


def test_arms_of_which_draws_were_pruned_are_not_compared(searched: tuple[Study, Results]) -> None:
    study, results = searched
    two = replace(study, arms=("wgan", "other"))
    with pytest.raises(UsageError, match="draws were pruned there"):
        between_arms(two, results, "wgan", "other", "fid")


def test_when_prune_is_taken_out_what_was_pruned_is_trained_to_its_end(
    searched: tuple[Study, Results], tmp_path: Path
) -> None:
    _, results = searched
    copytree(results.folder, tmp_path / "out")
    (tmp_path / "pruned.yaml").write_text(STUDY.replace("  prune: true\n", ""))
    whole = load_study(tmp_path / "pruned.yaml")
    again = run_study(whole, Options(tmp_path / "out", workers=1), Quiet()).results.runs
    assert set(again["status"]) == {"done"}
    assert set(again["done_generator_steps"]) == {60}
    assert set(results.runs["run_id"]) <= set(again["run_id"])


def test_medians_go_by_evaluations_and_not_by_steps(searched: tuple[Study, Results]) -> None:
    study, results = searched
    curves = results.curves.copy()
    slow = set(results.runs.loc[results.runs["draw"].isin([0, 1]), "run_id"])
    curves.loc[curves["run_id"].isin(slow), "generator_step"] *= 3  # a draw of n_critic, at equal critic steps
    other = Results(results.folder, results.runs, curves, results.probes, {})
    batch = next_batch(study, results)
    medians, same = medians_for(batch, other, batch.runs()), medians_for(batch, results, batch.runs())
    assert medians is not None
    assert medians == same


def test_with_a_shared_storage_it_is_refused(searched: tuple[Study, Results], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"leave --storage out, or remove search\.prune"):
        run_study(searched[0], Options(tmp_path, storage="postgresql://u@h/d"), Quiet())
