"""A Ray cluster gives the tables that one machine gives, even if a node is lost on the way."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ablate import registry
from ablate.errors import AblateError, UsageError
from ablate.execution.backends import ray_backend, ray_cluster
from ablate.execution.display import Quiet
from ablate.execution.options import Options
from ablate.results import provenance
from ablate.results.tables import Results
from ablate.search.batches import run_study
from ablate.study.load import load_study
from ablate.training.outcome import Progress
from tests.support.timing import TIMING

pytestmark = pytest.mark.ray


GATED = """\
import time
from pathlib import Path
from ablate.registry import register
from ablate.training.losses import Wasserstein

calls = 0

@register("loss", "gated")
class Gated(Wasserstein):
    "Waits in the middle of the training until a file is there."
    def critic(self, real, fake):
        global calls
        calls += 1
        while calls > {calls} and not Path({gate!r}).exists():
            time.sleep(0.05)
        return super().critic(real, fake)
"""
FIRST_SEGMENT = 40
"""critic steps before the first evaluation, after which a cohort tells how far it is and writes a checkpoint"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head without processors, on this machine; nodes come and go."""
    pytest.importorskip("ray")
    import ray
    from ray.cluster_utils import Cluster

    found = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    yield found
    ray.shutdown()
    found.shutdown()


@pytest.fixture
def nodes(cluster: Any) -> Iterator[list[Any]]:
    """Two nodes of the cluster with a processor each."""
    found = [cluster.add_node(num_cpus=1), cluster.add_node(num_cpus=1)]
    yield found
    for node in found:
        cluster.remove_node(node)


class RemovesANode(Quiet):
    """Takes a node away as soon as both cohorts train, and only then opens the gate to the rest of their training."""

    def __init__(self, cluster: Any, nodes: list[Any], gate: Path) -> None:
        self.cluster, self.nodes, self.gate = cluster, nodes, gate
        self.training, self.notes = set[str](), list[str]()

    def progress(self, cohort: str, progress: Progress) -> None:
        self.training.add(cohort)
        self.notes += [progress.note] if progress.note else []
        if len(self.training) == 2 and not self.gate.exists():
            self.cluster.remove_node(self.nodes.pop(), allow_graceful=False)
            self.gate.touch()


def content(folder: Path) -> list[pd.DataFrame]:
    results = Results.read(folder)
    return [
        results.runs.drop(columns=[*TIMING, "threads"]),
        results.curves.drop(columns="seconds"),
        results.probes,
    ]


@pytest.mark.parametrize("shared", [True, False])
def test_a_cluster_that_loses_a_node_gives_the_tables_of_one_machine(
    shared: bool, cluster: Any, nodes: list[Any], study_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, plugin = tmp_path / "gate", tmp_path / f"gated_{'shared' if shared else 'local'}.py"
    plugin.write_text(GATED.format(calls=FIRST_SEGMENT, gate=str(gate)))
    study_file.write_text(study_file.read_text().replace("loss: wasserstein", "loss: gated"))
    monkeypatch.setattr(registry.registry, "_plugins", dict(registry.registry._plugins))
    monkeypatch.setattr(registry.registry, "sources", dict(registry.registry.sources))
    registry.load_plugin(str(plugin))
    study = load_study(study_file)
    gate.touch()
    run_study(study, Options(tmp_path / "local", workers=1, compile="off"), Quiet())
    gate.unlink()
    if not shared:  # nodes look for a token that is not there
        monkeypatch.setattr(ray_backend.Place, "__post_init__", lambda p: vars(p).update(token="no"), raising=False)
    display = RemovesANode(cluster, nodes, gate)
    options = Options(
        tmp_path / "ray",
        backend="ray",
        address=cluster.address,
        checkpoint_seconds=0,
        compile="off",
    )
    summary = run_study(study, options, display)
    assert summary.counts == {"done": 6}
    assert any("Ray trains the cohort again (try 2 of 3)" in note for note in display.notes)
    for mine, other in zip(content(tmp_path / "local"), content(tmp_path / "ray"), strict=True):
        pd.testing.assert_frame_equal(mine, other, check_exact=True)
    names = [sorted(p.name for p in (tmp_path / name / "generators").iterdir()) for name in ("local", "ray")]
    assert names[0] == names[1] != []
    assert not (tmp_path / "ray" / "checkpoints").exists()


def test_a_cluster_that_is_not_there_is_one_message(study_file: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    words = [sys.executable, "-m", "ablate", "run", str(study_file), "--out", str(tmp_path / "out")]
    words += ["--backend", "ray", "--address", "127.0.0.1:1"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    said = "ablate: no Ray cluster at 127.0.0.1:1: Connection refused; start one with `ray start --head --port 1`\n"
    assert done.stderr == said


@pytest.mark.parametrize("address", ["head", "ray://127.0.0.1:10001", "head:port"])
def test_an_address_that_is_none_is_a_usage_error(address: str) -> None:
    pytest.importorskip("ray")
    with (
        pytest.raises(UsageError, match=f"^--address {address}: expected host:port of the head, as head:6379"),
        ray_cluster.connected(address),
    ):
        pass


def test_a_node_with_other_code_is_refused() -> None:
    here = ray_backend.Place((), 1, "", provenance.versions(), provenance.code())
    here.check()
    older = replace(here, versions={**here.versions, "torch": "1.0"})
    with pytest.raises(AblateError, match=r"has torch 2.*, the driver 1\.0; install the same on all"):
        older.check()
    if here.code["commit"]:
        other = replace(here, code={"commit": "c0ffee", "dirty": True})
        with pytest.raises(AblateError, match=r"has commit .*, the driver c0ffee with changes"):
            other.check()


def test_without_the_package_one_line_says_how_to_get_it(study_file: Path, tmp_path: Path) -> None:
    if importlib.util.find_spec("ray") is not None:
        code = "import sys; sys.modules['ray'] = None; from ablate.cli import main; main()"
    else:
        code = "from ablate.cli import main; main()"
    words = [sys.executable, "-c", code, "run", str(study_file), "--backend", "ray", "--out", str(tmp_path / "out")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.strip() == "ablate: --backend ray needs the package ray: pip install 'ablate[ray]'"
