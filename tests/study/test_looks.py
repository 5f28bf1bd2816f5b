"""A study may go by looks: the file says at how many seeds, or --until decided does where it has a number of seeds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ablate.errors import StudyErrors
from ablate.study.load import load_study
from ablate.study.looks import DEFAULT_LOOKS, SHARES, looks_at
from tests.support.broken_studies import VALID
from tests.support.written_studies import study_of


def with_seeds(seeds: str) -> str:
    return VALID.replace("seeds: 3", f"seeds: {seeds}")


def test_a_study_that_goes_by_looks_has_the_seeds_of_the_last_one(tmp_path: Path) -> None:
    study = study_of(tmp_path, with_seeds("{until: decided, looks: [5, 8]}"))
    assert (study.looks, study.seeds, study.looks_flag) == ((5, 8), tuple(range(8)), False)
    assert study_of(tmp_path, with_seeds("{until: decided}")).looks == DEFAULT_LOOKS
    assert study_of(tmp_path, VALID).looks == ()


def test_shares_use_up_the_error_and_grow_from_look_to_look() -> None:
    for count, shares in SHARES.items():
        assert len(shares) == count
        assert sum(shares) == pytest.approx(1)
        assert list(shares) == sorted(shares)
    assert [(look.n, look.share, look.last) for look in looks_at((10, 20, 40))] == [
        (10, 0.2, False), (20, 0.3, False), (40, 0.5, True),
    ]  # fmt: skip


def test_the_flag_gives_looks_to_a_study_with_a_number_of_seeds(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(with_seeds('"2:4"'), encoding="utf-8")
    study = load_study(path, until=(5, 7))
    assert (study.looks, study.seeds, study.looks_flag) == ((5, 7), (2, 3, 4, 5, 6, 7, 8), True)
    path.write_text(with_seeds("{until: decided, looks: [5, 8]}"), encoding="utf-8")
    assert load_study(path, until=(6, 7)).looks == (5, 8)
    fixed = load_study(path, seeds="4")
    assert (fixed.looks, fixed.seeds) == ((), (0, 1, 2, 3))


def test_only_the_seeds_that_are_asked_for_are_runs(tmp_path: Path) -> None:
    study = study_of(tmp_path, with_seeds("{until: decided, looks: [5, 8]}"))
    cells = [(dataset, arm) for dataset in study.datasets for arm in study.arms]
    asked = replace(study, asked=dict.fromkeys(cells, 5) | {cells[0]: 8})
    assert len(asked.runs()) == asked.size == 5 * len(cells) + 3
    assert [run.seed for run in asked.runs() if (run.dataset, run.arm) == cells[0]] == list(range(8))


@pytest.mark.parametrize(
    ("seeds", "message"),
    [
        ("{until: decided, look: [5, 8]}", r"3:25: seeds.look: unknown key 'look'"),
        ("{looks: [5, 8]}", "the key 'until' is missing, expected until: decided"),
        ("{until: later}", "until is the text 'later', expected decided"),
        ("{until: decided, looks: [5]}", "expected 2 to 4 numbers of seeds"),
        ("{until: decided, looks: [8, 5]}", "expected 2 to 4 numbers of seeds, ascending"),
        ("{until: decided, looks: [4, 8]}", "look 4, expected a whole number of seeds from 5"),
    ],
)
def test_what_is_wrong_with_looks_is_told(tmp_path: Path, seeds: str, message: str) -> None:
    with pytest.raises(StudyErrors, match=message):
        study_of(tmp_path, with_seeds(seeds))


def test_looks_need_a_claim_that_can_be_decided(tmp_path: Path) -> None:
    text = with_seeds("{until: decided}")
    with pytest.raises(StudyErrors, match="no claim has a test that could decide"):
        study_of(tmp_path, text[: text.index("claims:")])


def test_seeds_that_are_fixed_or_have_gaps_go_by_no_looks(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(with_seeds("[0, 3]"), encoding="utf-8")
    with pytest.raises(StudyErrors, match="lists its seeds with gaps"):
        load_study(path, until=(5, 8))
    with pytest.raises(StudyErrors, match="--seeds 5 fixes the seeds"):
        load_study(path, seeds="5", until=(5, 8))
