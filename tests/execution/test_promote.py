"""promote takes nothing that verify refuses, and says what to do instead."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from ablate.errors import UsageError
from ablate.execution import promote as module
from ablate.execution.promote import promote
from ablate.execution.verify import faults_in, read
from ablate.results import checksums, tables
from ablate.results.study_copy import write_study
from ablate.results.tables import Results, runs_text
from ablate.study.load import load_study
from ablate.study.study import Study
from tests.support.small_runs import run


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a study file and its tables in out/, as of clean, committed code."""
    folder = tmp_path_factory.mktemp("trained")
    path = folder / "small.yaml"
    path.write_text(
        "study: small\nquestion: Does anything change?\nseeds: 2\ndatasets: [ring8]\n"
        "base: {width: 4, batch_size: 8, n_critic: 1, generator_steps: 4, evaluations: 2, evaluation_samples: 200}\n"
        "arms:\n  gan: {loss: non_saturating, lipschitz: none}\n  wgan: {loss: wasserstein, lipschitz: clip, clip_value: 0.1}\n"
    )
    results = run(path, folder / "out").results
    results.runs = results.runs.assign(commit="c0ffee", dirty=False)
    results.write(load_study(path).runs())
    return folder


@pytest.fixture
def source(trained: Path, tmp_path: Path) -> Path:
    shutil.copytree(trained / "out", tmp_path / "out")
    return tmp_path / "out"


@pytest.fixture
def study(trained: Path) -> Study:
    return load_study(trained / "small.yaml")


def refusal(study: Study, source: Path) -> str:
    target = source.with_name("reference")
    with pytest.raises(UsageError) as raised:
        promote(study, source, target)
    assert not target.exists()
    assert sorted(p.name for p in source.parent.iterdir()) == ["out"], "no remains"
    return str(raised.value)


def test_what_is_promoted_is_good_to_verify(study: Study, source: Path, tmp_path: Path) -> None:
    promoted = promote(study, source, tmp_path / "reference")
    assert runs_text(promoted.runs) == (source / tables.RUNS).read_text()
    assert faults_in(*read(tmp_path / "reference")) == []
    assert (tmp_path / "reference" / checksums.NAME).exists()


def test_published_results_that_a_claim_rests_on_are_copied_with_the_tables(
    study: Study, source: Path, tmp_path: Path
) -> None:
    (tmp_path / "theirs.csv").write_text("fid\n1.5\n2.5\n", encoding="utf-8")
    claim = (
        f"{{id: c, says: so, test: published, metric: fid, arm: {study.arms[0]}, margin: 1, quoted: table I, "
        "file: theirs.csv, column: fid}"
    )
    path = tmp_path / "small.yaml"
    path.write_text(f"{study.text}claims:\n  - {claim}\n", encoding="utf-8")
    claimed = load_study(path)
    write_study(source, claimed)
    promote(claimed, source, tmp_path / "reference")
    assert load_study(tmp_path / "reference" / "study.yaml").claims == claimed.claims


def test_an_edited_fid_is_refused_with_checksums_or_without(study: Study, source: Path) -> None:
    path = source / tables.RUNS
    runs = Results.read(source).runs
    runs.loc[0, "fid"] /= 2
    path.write_text(runs_text(runs))
    assert "runs.csv:2: edited by hand" in refusal(study, source)
    (source / checksums.NAME).unlink()
    said = refusal(study, source)
    assert "no checksums.json, so whether someone edited the tables cannot be told; restore it" in said
    assert "`ablate run STUDY --out ANOTHER_FOLDER`" in said
    assert "runs.csv:2: fid is" in said


def test_good_tables_without_checksums_are_refused_too(study: Study, source: Path) -> None:
    (source / checksums.NAME).unlink()
    assert refusal(study, source).startswith(f"{source}: no checksums.json")


def with_other_curve(source: Path, study: Study) -> None:
    results = Results.read(source)
    results.curves.loc[results.curves["metric"] == "fid", "value"] += 1.0
    results.write(study.runs())


def with_other_setting(source: Path, study: Study) -> None:
    results = Results.read(source)
    results.runs["set_width"] = 5
    results.write(study.runs())


def with_other_study(source: Path, study: Study) -> None:
    path = source / tables.STUDY
    path.write_text(path.read_text().replace("width: 4", "width: 5"))


def without_study(source: Path, study: Study) -> None:
    (source / tables.STUDY).unlink()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (with_other_curve, "in the last evaluation in curves.parquet"),
        (with_other_setting, "runs.csv:2: set_width is 5, but the run of this run_id has 4"),
        (with_other_study, "follows from no settings of study.yaml"),
        (without_study, "study.yaml is missing"),
    ],
    ids=["curve", "setting", "study.yaml", "no study.yaml"],
)
def test_what_verify_refuses_is_refused_though_the_hashes_are_right(
    change: Callable[[Path, Study], None], said: str, study: Study, source: Path
) -> None:
    change(source, study)
    assert said in refusal(study, source)


def test_rows_that_the_study_does_not_have_are_left_behind_with_their_curves(
    study: Study, source: Path, tmp_path: Path
) -> None:
    results = Results.read(source)
    first = results.runs.iloc[0]
    other = {**first.to_dict(), "run_id": "0" * 16, "set_width": 9}
    point = results.curves[results.curves["run_id"] == first["run_id"]].assign(run_id="0" * 16)
    results.add([other], point.to_dict("records"), [])  # type: ignore[arg-type]
    results.write(study.runs())
    promoted = promote(study, source, tmp_path / "reference")
    for table in (promoted.runs, promoted.curves):
        assert "0" * 16 not in set(table["run_id"])
    assert len(promoted.runs) == 4


def test_a_study_of_which_the_last_call_trained_fewer_seeds_is_promoted_whole(
    study: Study, trained: Path, source: Path, tmp_path: Path
) -> None:
    results = Results.read(source)
    last = results.runs["run_id"] == study.runs()[-1].run_id
    missing = study.runs()[-1]
    whole, results.runs = results.runs, results.runs[~last]
    results.write(study.runs())
    (source / tables.ENVIRONMENT).write_text(json.dumps({**results.environment, "seeds": [0]}))
    assert "1 runs are missing" in refusal(study, source)
    results = Results.read(source)
    results.add(whole[whole["run_id"] == missing.run_id].to_dict("records"), curve_of(trained, missing.run_id), [])  # type: ignore[arg-type]
    results.write(study.runs())
    assert len(promote(study, source, tmp_path / "reference").runs) == 4
    assert faults_in(*read(tmp_path / "reference")) == []


def curve_of(trained: Path, run_id: str) -> list[dict[str, object]]:
    curves: pd.DataFrame = Results.read(trained / "out").curves
    return curves[curves["run_id"] == run_id].to_dict("records")  # type: ignore[return-value]


def test_a_copy_that_verify_would_refuse_is_not_put_in_place(
    study: Study, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoilt(own: Results, beside: Path, study: Study) -> None:
        own.runs = own.runs.assign(fid=1.0)
        copy(own, beside, study)

    copy = module._copy
    monkeypatch.setattr(module, "_copy", spoilt)
    said = refusal(study, source)
    assert "runs.csv:2: fid is 1, but" in said
