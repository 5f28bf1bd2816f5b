"""One list of options: a field of it is a flag, an argument of `ablate.run`, and known to every worker."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

import ablate
from ablate.config.option import options_of
from ablate.errors import UsageError
from ablate.execution.options import Options
from ablate.execution.planner import plan
from ablate.execution.task import Task
from ablate.study.load import load_study
from ablate.training.options import TrainingOptions

PLUGIN = """\
from pathlib import Path
from ablate.execution import worker

control_of = worker.control_of

def noted(task, *others):
    (Path({folder!r}) / task.plan.checkpoint_name).write_text(str(task.options.patience))
    return control_of(task, *others)

worker.control_of = noted
"""


def more(*arguments: object) -> subprocess.CompletedProcess[str]:
    """`ablate run` whose options have one more field."""
    words = [sys.executable, "-c", "from tests.support.more_options import main; main()", *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, timeout=120, cwd=Path(__file__).parents[2])


def test_a_new_field_is_a_flag_with_its_help_default_and_bounds(study_file: Path) -> None:
    said = " ".join(more("--help").stdout.split())
    assert "--patience" in said
    assert "how many evaluations without progress are borne" in said
    assert "[default: 3; x>=1]" in said
    done = more(study_file, "--patience", 0)
    assert done.returncode == 2
    assert "--patience" in done.stderr


def test_a_worker_process_sees_the_value_of_a_new_flag(study_file: Path, tmp_path: Path) -> None:
    plugin, seen = tmp_path / "noting.py", tmp_path / "seen"
    seen.mkdir()
    plugin.write_text(PLUGIN.format(folder=str(seen)))
    out = ("--out", tmp_path / "out", "--plugin", plugin)
    done = more(study_file, "--workers", 2, "--patience", 5, *out)
    assert done.returncode == 0, done.stderr
    assert [path.read_text() for path in seen.iterdir()] == ["5", "5"]


def test_every_option_of_the_training_reaches_it(study_file: Path, tmp_path: Path) -> None:
    from ablate.execution.worker import control_of

    others: dict[str, Any] = {
        "checkpoint_seconds": 7.0, "compile": "on", "arithmetic": "tf32", "keep_checkpoints": True,
    }  # fmt: skip
    assert set(others) == {field.name for field in fields(TrainingOptions)}
    (cohort, *_) = plan(load_study(study_file).runs())
    control = control_of(Task(cohort, "cuda", Options(tmp_path, **others)), lambda progress: None, lambda: False)
    assert {name: getattr(control, name) for name in others} == others


def test_an_unknown_option_in_python_names_the_nearest(study_file: Path) -> None:
    with pytest.raises(UsageError, match=r"unknown option 'devise', expected one of: .*did you mean 'device'\?"):
        ablate.run(study_file, devise="cpu")


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"workers": 0}, "workers is 0, expected a whole number of at least 1 and at most 256"),
    ({"workers": 2.5}, "workers is 2.5, expected a whole number"),
    ({"checkpoint_seconds": -1}, "checkpoint_seconds is -1, expected a number of at least 0"),
    ({"compile": "of"}, "compile is 'of', expected one of: auto, on, off"),
    ({"retry_failed": 1}, "retry_failed is 1, expected true or false"),
    ({"device": "cudda"}, "--device cudda: unknown device, expected one of: auto, cpu, cuda"),
    ({"features": "incepton"}, "--features incepton: expected classifier"),
    ({"address": "head:6379"}, "--address and --gpu-share have no effect without --backend ray"),
]


@pytest.mark.parametrize(("given", "said"), WRONG, ids=[said for _, said in WRONG])
def test_a_wrong_value_in_python_is_refused(given: dict[str, Any], said: str, study_file: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"^{said}"):
        ablate.run(study_file, out=tmp_path / "out", **given)
    assert not (tmp_path / "out").exists()


def test_a_path_may_be_given_as_a_text(tmp_path: Path) -> None:
    assert Options(tmp_path, tensorboard="here").tensorboard == Path("here")  # type: ignore[arg-type]
    assert replace(Options(tmp_path), workers=None).workers is None


def test_every_option_has_words_and_what_is_none_is_not_a_flag() -> None:
    named = {known.name: known for known in options_of(Options)}
    assert all(known.words.help for known in named.values())
    assert {field.name for field in fields(Options)} - set(named) == {"folder", "command"}
    assert (named["arithmetic"].flag, named["cohort_size"].flag) == ("--precision", "--cohort")
