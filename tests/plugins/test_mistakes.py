"""Mistakes in a plugin: what every row has cannot be taken, and what fails names the plugin's file and line."""

from __future__ import annotations

import json
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from ablate import registry
from ablate.config.run_config import RunConfig
from ablate.errors import UsageError
from ablate.registry.registry import COLUMNS
from ablate.results.tables import IDENTITY, PROVENANCE, Results
from tests.support import commands
from tests.support.small_runs import run

METRIC = """\
from ablate.registry import register

@register("metric", {name!r}, needs=("points",))
def mine(e):
    "Mine."
    return 1.0
"""


def load(folder: Path, text: str) -> None:
    path = folder / "mistaken_plugin.py"
    path.write_text(text, encoding="utf-8")
    registry.load_plugin(str(path))


@pytest.mark.parametrize(
    "name", ["status", "seed", "seconds", "wasserstein_estimate", "set_lr", "w1_floor", "best_fid"]
)
def test_a_measure_cannot_take_a_column_that_every_row_has(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"metric {name!r}: every row has a column of this name"):
        load(tmp_path, METRIC.format(name=name))


@pytest.mark.parametrize("name", ["my metric", 'a"b', "1st", ""])
def test_a_measures_name_can_be_a_columns(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="for it names a column"):
        load(tmp_path, METRIC.format(name=name))


def test_the_columns_that_rows_have_are_those_that_cannot_be_taken(study_file: Path, tmp_path: Path) -> None:
    run(study_file, tmp_path / "out", ("generator_steps=6",))
    columns = set(Results.read(tmp_path / "out").runs.columns)
    measures = {name for kind in ("metric", "stability", "probe") for name in registry.entries(kind)}
    own = {name for name in columns - measures if not (name.startswith(("set_", "best_")) or name.endswith("_floor"))}
    assert own <= COLUMNS
    assert {*IDENTITY, *PROVENANCE} <= COLUMNS


@pytest.mark.parametrize(("kind", "place"), [("probe", "curves"), ("stability", "training")])
def test_what_has_no_curve_cannot_ask_to_be_drawn_as_one(kind: str, place: str, tmp_path: Path) -> None:
    text = f"from ablate.registry import register\n@register({kind!r}, 'mine', shown=({place!r},))\ndef mine(x): ...\n"
    with pytest.raises(UsageError, match=f"shown names '{place}', which cannot be"):
        load(tmp_path, text)


def test_a_clash_of_settings_says_what_differs(tmp_path: Path) -> None:
    text = (
        "from ablate.registry import Setting, register\n"
        "@register('lipschitz', 'mine', settings=(Setting('lambda_gp', least=0),))\nclass Mine: ...\n"
    )
    with pytest.raises(
        UsageError, match=r"'lambda_gp'.*above is None, there 0, least is 0, there None; make them equal"
    ):
        load(tmp_path, text)


def test_a_plugins_path_that_is_no_module_is_refused() -> None:
    with pytest.raises(UsageError, match=r"--plugin \.\./mine: neither a \.py file nor the name of a module"):
        registry.load_plugin("../mine")


def test_settings_that_a_run_does_not_use_are_not_said_to_be_used(tmp_path: Path) -> None:
    text = (
        "from ablate.registry import Setting, register\nfrom ablate.training.optimizers import SGD\n"
        "@register('optimizer', 'decaying', settings=(Setting('decay', default=0.01, least=0),))\n"
        "class Decaying(SGD): '''Decays.'''\n"
    )
    load(tmp_path, text)
    config = RunConfig.model_validate({"dataset": "ring8", "generator_steps": 1, "optimizer": "adam"})
    assert config.by_name()["decay"] is None


STUDY = """\
study: failing
question: Does it fail?
seeds: 1
datasets: [{dataset}]
base: {{width: 4, batch_size: 8, n_critic: 1, generator_steps: 2, evaluations: 1, evaluation_samples: 100, loss: {loss}}}
arms:
  only: {{}}
"""
FAILING = """\
from ablate.registry import register
from ablate.training.losses import Wasserstein

@register("loss", "failing")
class Failing(Wasserstein):
    "Fails."

    def critic(self, real, fake):
        raise RuntimeError("on purpose")

@register("dataset", "failing", shape=(2,))
def failing():
    "Fails."
    return open("no_such_points.npy")
"""


def ablate(folder: Path, dataset: str, loss: str) -> CompletedProcess[str]:
    (folder / "failing_plugin.py").write_text(FAILING)
    (folder / "failing.yaml").write_text(STUDY.format(dataset=dataset, loss=loss))
    arguments = ("run", "failing.yaml", "--plugin", "failing_plugin.py", "--workers", 1, "--json")
    return commands.ablate(*arguments, cwd=folder)


def test_a_component_that_fails_in_training_is_named_with_its_line(tmp_path: Path) -> None:
    done = ablate(tmp_path, "ring8", "failing")
    assert json.loads(done.stdout)["counts"] == {"failed": 1}
    (error,) = Results.read(tmp_path / "runs" / "failing").runs["error"]
    assert error == "RuntimeError: on purpose (failing_plugin.py:9)"


def test_a_dataset_that_fails_is_named_with_its_line_and_is_no_internal_error(tmp_path: Path) -> None:
    done = ablate(tmp_path, "failing", "wasserstein")
    assert done.returncode == 2
    assert "ablate: a plugin failed: FileNotFoundError" in done.stderr
    assert "(failing_plugin.py:14)" in done.stderr
    assert "please report it" not in done.stderr
