"""A dry run checks what the run checks, and says what the run then does."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from ablate.results.tables import Results
from tests.support.commands import ablate


def sizes_in(runs: pd.DataFrame) -> list[int]:
    """The sizes of the cohorts that trained these rows."""
    counts = runs["cohort_size"].value_counts()
    return sorted(int(size) for size, rows in counts.items() for _ in range(rows // int(size)))


@pytest.mark.parametrize("flags", [("--cohort", 2, "--workers", 1), ("--cohort", 1, "--workers", 1), ()])
def test_it_says_the_cohorts_that_the_run_then_trains(
    flags: tuple[object, ...], study_file: Path, tmp_path: Path
) -> None:
    arguments = (study_file, *flags, "--out", tmp_path / "out", "--json")
    done = ablate("run", *arguments, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "out").exists()
    cohorts = json.loads(done.stdout)["cohorts"]
    assert ablate("run", *arguments).returncode == 0
    assert sorted(len(cohort["runs"]) for cohort in cohorts) == sizes_in(Results.read(tmp_path / "out").runs)


def test_six_runs_in_cohorts_of_two_are_four_cohorts(study_file: Path, tmp_path: Path) -> None:
    said = ablate("run", study_file, "--cohort", 2, "--out", tmp_path / "out", "--dry-run").stdout
    assert "6 of them missing" in said
    assert "in 4 cohorts" in said  # two arms of three runs each: 2 and 1 of each
    assert said.count("   2 runs of 60 generator steps") == said.count("   1 runs of 60 generator steps") == 2


WRONG = [
    (("--device", "cudda"), "--device cudda: unknown device, expected one of: auto, cpu, cuda"),
    (("--features", "incepton"), "--features incepton: expected classifier (as without it) or inception"),
    (("--features", "inception", "--inception-weights", "x.pth"), "--inception-weights x.pth: no such file"),
    (("--gpu-share", "0.5"), "--address and --gpu-share have no effect without --backend ray"),
    (("--storage", "postgresql://host/db"), "--storage has no effect"),
    (("--backend", "ray", "--address", "head"), "--address head: expected host:port of the head"),
]


@pytest.mark.parametrize("more", [(), ("--estimate",)], ids=["dry run", "estimate"])
@pytest.mark.parametrize(("flags", "said"), WRONG, ids=[" ".join(flags) for flags, _ in WRONG])
def test_what_the_run_refuses_is_refused(
    flags: tuple[str, ...], said: str, more: tuple[str, ...], study_file: Path, tmp_path: Path
) -> None:
    if "ray" in flags:
        pytest.importorskip("ray")
        if more:
            said = "--estimate times steps on this machine, not on a Ray cluster"
    done = ablate("run", study_file, *flags, *more, "--dry-run", "--out", tmp_path / "out")
    assert done.returncode == 2, done.stderr
    assert said in done.stderr


def test_missing_data_are_said_before_the_run(study_file: Path, tmp_path: Path) -> None:
    study_file.write_text(study_file.read_text().replace("[ring8]", "[mnist]"))
    blocked = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    arguments = (study_file, "--set", "architecture=conv", "--data", tmp_path / "none", "--out", tmp_path / "out")
    dry, real = ablate("run", *arguments, "--dry-run", **blocked), ablate("run", *arguments, **blocked)
    assert dry.returncode == real.returncode == 2
    assert dry.stderr == real.stderr
    assert "train-images-idx3-ubyte" in dry.stderr


def test_an_estimate_has_a_time_for_each_cohort_and_for_all(study_file: Path, tmp_path: Path) -> None:
    done = ablate("run", study_file, "--workers", 1, "--dry-run", "--estimate", "--json", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["seconds"] == pytest.approx(sum(cohort["seconds"] for cohort in said["cohorts"]), abs=0.2)
    assert all(cohort["seconds"] >= 0 for cohort in said["cohorts"])
