"""A Ray cluster gives the tables that one machine gives, even if a node is lost on the way."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ablate.display import Quiet
from ablate.execution.study_run import Options, run_study
from ablate.study import load_study
from ablate.tables import TIMING, Results
from ablate.training.outcome import Progress

pytestmark = pytest.mark.ray


@pytest.fixture
def cluster() -> Iterator[Any]:
    """A head without processors, and two nodes with one each, on this machine."""
    pytest.importorskip("ray")
    import ray
    from ray.cluster_utils import Cluster

    found = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    found.nodes = [found.add_node(num_cpus=1), found.add_node(num_cpus=1)]
    yield found
    ray.shutdown()
    found.shutdown()


class RemovesANode(Quiet):
    """Takes a node away as soon as both cohorts train."""

    def __init__(self, cluster: Any) -> None:
        self.cluster, self.training, self.notes = cluster, set[str](), list[str]()

    def progress(self, cohort: str, progress: Progress) -> None:
        self.training.add(cohort)
        self.notes += [progress.note] if progress.note else []
        if len(self.training) == 2 and self.cluster.nodes:
            self.cluster.remove_node(self.cluster.nodes.pop(), allow_graceful=False)
            self.cluster.nodes.clear()


def content(folder: Path) -> list[pd.DataFrame]:
    results = Results.read(folder)
    return [
        results.runs.drop(columns=[*TIMING, "threads"]),
        results.curves.drop(columns="seconds"),
        results.probes,
    ]


@pytest.mark.parametrize("shared", [True, False])
def test_a_cluster_that_loses_a_node_gives_the_tables_of_one_machine(
    shared: bool, cluster: Any, study_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ablate.execution import ray_backend

    study = load_study(study_file, ("generator_steps=1500",))
    run_study(study, Options(tmp_path / "local", workers=1), Quiet())
    if not shared:  # nodes look for a token that is not there
        monkeypatch.setattr(ray_backend.Place, "__post_init__", lambda p: vars(p).update(token="no"), raising=False)
    display = RemovesANode(cluster)
    options = Options(tmp_path / "ray", backend="ray", address=cluster.address, checkpoint_seconds=0)
    summary = run_study(study, options, display)
    assert summary.counts == {"done": 6}
    assert any("Ray trains the cohort again (try 2 of 3)" in note for note in display.notes)
    for mine, other in zip(content(tmp_path / "local"), content(tmp_path / "ray"), strict=True):
        pd.testing.assert_frame_equal(mine, other, check_exact=True)
    names = [sorted(p.name for p in (tmp_path / name / "generators").iterdir()) for name in ("local", "ray")]
    assert names[0] == names[1] != []
    assert not (tmp_path / "ray" / "checkpoints").exists()


def test_without_the_package_one_line_says_how_to_get_it(study_file: Path, tmp_path: Path) -> None:
    if importlib.util.find_spec("ray") is not None:
        code = "import sys; sys.modules['ray'] = None; from ablate.cli import main; main()"
    else:
        code = "from ablate.cli import main; main()"
    words = [sys.executable, "-c", code, "run", str(study_file), "--backend", "ray", "--out", str(tmp_path / "out")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr.strip() == "ablate: --backend ray needs the package ray: pip install 'ablate[ray]'"
