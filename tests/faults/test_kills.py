"""A few kills of each kind; `python -m tests.faults.run` does 30 of each."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from ablate.results.tables import Results
from tests.support.kills import FAULTS, STRIKES, STUDY, Count, Undisturbed, _compare, under_kills

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds worker processes by /proc")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    return Undisturbed.of(tmp_path_factory.mktemp("undisturbed"), steps=100)


@pytest.mark.parametrize("fault", FAULTS)
def test_kills_at_random_moments_lose_and_change_nothing(fault: str, undisturbed: Undisturbed, tmp_path: Path) -> None:
    kills = STRIKES[fault]  # as many as one call of `ablate run` is given
    count = under_kills(fault, kills, undisturbed, tmp_path, random.Random(fault))
    assert count == Count(fault, kills), count.notes


def test_the_count_sees_what_is_lost_and_what_differs(undisturbed: Undisturbed, tmp_path: Path) -> None:
    results = Results.read(undisturbed.folder)
    results.folder = tmp_path
    results.runs.loc[3, "fid"] += 1e-3
    results.runs = results.runs.drop(index=0)
    results.write([])
    count = Count("none")
    _compare(count, undisturbed.folder, tmp_path)
    assert STUDY.count("lipschitz") * 3 == len(results.runs) + 1
    assert count.lost == 1
    assert "the order of the rows" in count.notes
    assert len([note for note in count.notes if note.startswith("the content of")]) == 1


def test_the_count_sees_files_that_differ_or_are_left(undisturbed: Undisturbed, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(undisturbed.folder, out)
    count = Count("none")
    _compare(count, undisturbed.folder, out)
    assert count == Count("none")
    (out / "checkpoints").mkdir()
    generator, *_ = (out / "generators").iterdir()
    generator.write_bytes(generator.read_bytes()[:-1])
    _compare(count, undisturbed.folder, out)
    assert sorted(count.notes) == ["the file checkpoints", f"the file generators/{generator.name}"]
