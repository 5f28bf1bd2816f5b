"""Seeds are a number, a range or a list, in the file or on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.broken_studies import VALID
from tests.support.written_studies import study_of


@pytest.mark.parametrize(
    ("written", "seeds"), [("3", (0, 1, 2)), ("2:4", (2, 3)), ('"2:4"', (2, 3)), ("[9, 1]", (1, 9)), ("[0]", (0,))]
)
def test_seeds_are_a_number_a_range_or_a_list(tmp_path: Path, written: str, seeds: tuple[int, ...]) -> None:
    assert study_of(tmp_path, VALID.replace("seeds: 3", f"seeds: {written}")).seeds == seeds


@pytest.mark.parametrize(("flag", "seeds"), [("2", (0, 1)), ("5:7", (5, 6)), ("8,1", (1, 8))])
def test_the_command_line_replaces_the_seeds(tmp_path: Path, flag: str, seeds: tuple[int, ...]) -> None:
    assert study_of(tmp_path, VALID, seeds=flag).seeds == seeds
