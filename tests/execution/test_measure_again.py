"""A metric that was registered after the runs is named, and is measured from the generators that they kept."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from ablate.errors import AblateError, AblateWarning
from ablate.execution.train_again import train_again
from ablate.execution.verify import faults_in, notes_on, read
from ablate.registry import register
from ablate.registry import registry as module
from ablate.results import provenance
from ablate.results.late_metrics import lacking, measured_later, with_measured
from ablate.results.tables import MEASURED_LATER, STUDY, Results
from ablate.study.load import load_study
from tests.support import commands
from tests.support.small_runs import run
from tests.support.timing import TIMING

TEXT = """\
study: small
question: Does anything change at all?
seeds: 2
datasets: [ring8]
base: {width: 4, batch_size: 8, n_critic: 1, generator_norm: batch, generator_steps: 20, evaluations: 2, evaluation_samples: 200}
arms:
  gan: {loss: non_saturating, lipschitz: none}
  wild: {loss: least_squares, lipschitz: none, optimizer: sgd, lr: 10}
"""
FLAG = "--measure-missing"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study whose arm gan is done and whose arm wild diverges, in out/."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "small.yaml").write_text(TEXT)
    statuses = run(folder / "small.yaml", folder / "out").results.runs["status"]
    assert list(statuses) == ["done"] * 2 + ["diverged"] * 2
    return folder


@pytest.fixture
def out(trained: Path, tmp_path: Path) -> Path:
    shutil.copytree(trained / "out", tmp_path / "out")
    return tmp_path / "out"


Registers = Callable[..., None]


@pytest.fixture
def registers(monkeypatch: pytest.MonkeyPatch) -> Registers:
    """Registers a measure `late` until the test ends."""
    monkeypatch.setattr(module, "_plugins", dict(module._plugins))
    monkeypatch.setattr(module, "loading", ["a test"])

    def late(kind: str = "metric", **facts: Any) -> None:
        def measure(subject: Any) -> float:
            """The mean of the first coordinate, or how many evaluations there were."""
            return float(subject.samples[:, 0].mean()) if kind == "metric" else float(len(subject.steps))

        measure.__name__ = "late"
        register(kind, "late", **facts)(measure)

    return late


def told(trained: Path, out: Path, **options: Any) -> tuple[Results, list[str]]:
    """The tables after another call of the run, in which nothing is left to train, and what it warned of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        summary = run(trained / "small.yaml", out, **options)
    assert summary.trained == 0
    return summary.results, [str(w.message) for w in caught if w.category is AblateWarning]


def test_a_metric_that_no_row_has_is_named_in_one_note(trained: Path, out: Path, registers: Registers) -> None:
    assert told(trained, out)[1] == []
    registers(needs=("features",), at_end=True)
    results, (note,) = told(trained, out)
    assert "finished runs lack: late (in 0 of 2 rows)" in note
    assert FLAG in note
    assert "late" not in results.runs
    assert any("late (in 0 of 2 rows)" in line for line in notes_on(*read(out)))


@pytest.mark.parametrize(
    ("kind", "facts"),
    [("metric", {"needs": ("features",)}), ("stability", {})],
    ids=["of every evaluation", "of the whole record"],
)
def test_what_a_last_generator_does_not_say_needs_a_new_training(
    kind: str, facts: dict[str, Any], trained: Path, out: Path, registers: Registers
) -> None:
    registers(kind, **facts)
    results, (note,) = told(trained, out, measure_missing=True)
    assert "late (in 0 of 2 rows): they need a new training, `ablate run STUDY --out ANOTHER_FOLDER`" in note
    assert FLAG not in note
    assert "late" not in results.runs


def test_a_metric_whose_needs_the_runs_do_not_meet_is_not_lacking(
    trained: Path, out: Path, registers: Registers
) -> None:
    registers(needs=("classes",), at_end=True)
    assert told(trained, out)[1] == []


def test_the_value_measured_later_is_that_of_the_training(
    trained: Path, out: Path, tmp_path: Path, registers: Registers
) -> None:
    registers(needs=("features",), at_end=True)
    straight = run(trained / "small.yaml", tmp_path / "straight").results
    results, notes = told(trained, out, measure_missing=True)
    assert notes == []
    done = results.runs["status"] == "done"
    assert results.runs.loc[done, "late"].tolist() == pytest.approx(straight.runs.loc[done, "late"].tolist(), rel=1e-5)
    assert results.runs.loc[~done, "late"].isna().all()
    assert set(results.runs.loc[done, MEASURED_LATER]) == {f"late@{provenance.code()['commit'] or 'unknown'}"}
    assert results.runs.loc[~done, MEASURED_LATER].isna().all()
    assert MEASURED_LATER not in straight.runs
    points = results.curves[results.curves["metric"] == "late"]
    assert points["generator_step"].tolist() == [20, 20]
    assert len(results.curves) == len(straight.curves)
    assert faults_in(*read(out)) == []
    others = [name for name in straight.runs if name not in ("late", *TIMING)]
    assert results.runs[others].equals(straight.runs[others])
    assert told(trained, out, measure_missing=True)[1] == [], "nothing is left"


def test_a_value_measured_later_does_not_keep_rows_from_being_trained_again(
    trained: Path, out: Path, registers: Registers, monkeypatch: pytest.MonkeyPatch
) -> None:
    registers(needs=("features",), at_end=True)
    told(trained, out, measure_missing=True)
    monkeypatch.setattr(module, "_plugins", {})  # who verifies need not have the plugin
    results, study = read(out)
    assert all(again.agrees for again in train_again(results, study, 2, 0, "cpu", lambda again: None))


def test_runs_that_kept_no_generator_are_said_and_the_others_measured(
    trained: Path, out: Path, registers: Registers
) -> None:
    registers(needs=("features",), at_end=True)
    lost = Results.read(out).runs["run_id"][0]
    (out / "generators" / f"{lost}.last.safetensors").unlink()
    results, (first, second) = told(trained, out, measure_missing=True)
    assert "1 of 2 runs that lack a metric kept no generator of their end" in first
    assert "--out ANOTHER_FOLDER" in first
    assert "late (in 1 of 2 rows)" in second
    assert results.runs["late"].notna().tolist() == [False, True, False, False]


def test_other_data_than_the_runs_are_not_measured(trained: Path, out: Path, registers: Registers) -> None:
    registers(needs=("features",), at_end=True)
    results = Results.read(out)
    results.runs["dataset_fingerprint"] = "other"
    results.write(load_study(out / STUDY).runs())
    with pytest.raises(AblateError, match=r"the fingerprint of the data is \w+ here, but other in the table"):
        run(trained / "small.yaml", out, measure_missing=True)
    assert "late" not in Results.read(out).runs


def test_a_value_that_was_taken_and_is_nan_is_no_gap(out: Path, registers: Registers) -> None:
    registers(needs=("features",), at_end=True)
    results, study = read(out)
    assert [gap.measure.name for gap in lacking(results, study)] == ["late"]
    points = results.curves[results.curves["metric"] == "fid"].assign(metric="late", value=float("nan"))
    results.add([], points.to_dict("records"), [])  # type: ignore[arg-type]
    assert lacking(results, study) == []


def test_the_column_names_metrics_with_the_commit_of_each() -> None:
    cell = with_measured(float("nan"), ["modes@20", "kid"], "c0ffee")
    assert cell == "kid@c0ffee; modes@20@c0ffee"
    assert with_measured(cell, ["kid"], "") == "kid@unknown; modes@20@c0ffee"
    assert set(measured_later(cell)) == {"kid", "modes@20"}
    assert set(measured_later(float("nan"))) == set(measured_later("")) == set()


def test_run_verify_and_report_say_it_and_the_flag_measures_it(trained: Path, out: Path, tmp_path: Path) -> None:
    plugin = tmp_path / "late_metric.py"
    plugin.write_text(
        "from ablate.registry import register\n\n@register('metric', 'spread', needs=('points',), at_end=True)\n"
        "def spread(evaluation):\n    'Standard deviation.'\n    return float(evaluation.samples.std())\n"
    )

    def ablate(*arguments: object) -> CompletedProcess[str]:
        done = commands.ablate(*arguments, "--plugin", plugin, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    note = "spread (in 0 of 2 rows)"
    assert note in ablate("run", trained / "small.yaml", "--out", out).stderr
    assert note in ablate("verify", out).stdout
    assert note in ablate("report", "--results", out.parent, "--out", tmp_path / "page").stderr
    assert note not in ablate("run", trained / "small.yaml", "--out", out, FLAG).stderr
    assert note not in ablate("verify", out).stdout
    assert Results.read(out).runs["spread"].notna().sum() == 2
