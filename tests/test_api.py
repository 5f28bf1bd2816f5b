"""Studies run by a script, and the components that it registers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import ablate
from ablate import registry
from ablate.errors import UsageError


def test_the_library_gives_a_data_frame(study_file: Path, tmp_path: Path) -> None:
    results = ablate.run(ablate.load_study(study_file), out=tmp_path / "out", workers=1)
    assert isinstance(results.runs, pd.DataFrame)
    assert len(results.runs) == 6


def test_a_script_without_a_main_guard_may_run_a_study_with_workers(study_file: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        f"import ablate\nprint('begun')\nresults = ablate.run({str(study_file)!r}, out={str(tmp_path / 'out')!r}, workers=2)\n"
        "print(len(results.runs))\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["begun", "6"], done.stderr


OWN_LOSS = """
import os
from ablate.registry import register
from ablate.training.losses import Wasserstein
with open({here!r} + "/" + str(os.getpid()), "a") as file:
    file.write("x")
@register("loss", "mine")
class Mine(Wasserstein):
    "As it was."
"""
RUN = "import ablate{imports}\nprint(len(ablate.run({study!r}, out={out!r}, workers=2).runs))\n"


@pytest.mark.parametrize("place", ["of the script itself", "of a module that it imports", "of an entry point's module"])
def test_a_scripts_own_components_are_known_where_its_runs_train(place: str, study_file: Path, tmp_path: Path) -> None:
    loaded = tmp_path / "loaded"
    loaded.mkdir()
    study_file.write_text(study_file.read_text().replace("loss: wasserstein, lip", "loss: mine, lip"))
    own, imports, script = OWN_LOSS.format(here=str(loaded)), "", tmp_path / "script.py"
    if place != "of the script itself":
        (tmp_path / "my_losses.py").write_text(own)
        own = ""
        imports = (
            ", my_losses"
            if "imports" in place
            else "\nfrom ablate.registry import load_plugin\nload_plugin('my_losses')"
        )
    script.write_text(own + RUN.format(imports=imports, study=str(study_file), out=str(tmp_path / "out")))
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120)
    assert done.stdout == "6\n", done.stderr
    assert ("it trains alone" in done.stderr) == (place == "of the script itself")
    assert {path.read_text() for path in loaded.iterdir()} == {"x"}, "no process loads it twice"


def test_a_scripts_own_components_are_refused_on_a_cluster(
    study_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry.registry, "sources", {registry.MAIN: None})
    with pytest.raises(UsageError, match="which Ray's nodes cannot have; put them into a module"):
        ablate.run(study_file, out=tmp_path / "out", backend="ray")
