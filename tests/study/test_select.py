"""Parts of a study can be chosen, by dataset, arm and level."""

from __future__ import annotations

from pathlib import Path

import pytest

from ablate.errors import UsageError
from ablate.study.load import load_study
from ablate.study.select import select
from tests.support.broken_studies import VALID
from tests.support.written_studies import GRID, study_of


def test_a_part_of_a_study_can_be_chosen(tmp_path: Path) -> None:
    whole = study_of(tmp_path, VALID)
    part = select(whole, ["dataset=ring8", "arm=gan", "arm=wgan_gp"])
    assert (part.datasets, part.arms, part.size) == (("ring8",), ("gan", "wgan_gp"), 6)
    assert {run.run_id for run in part.runs()} < {run.run_id for run in whole.runs()}
    assert [(claim.against, claim.datasets) for claim in part.claims] == [("gan", ("ring8",))]
    assert select(whole, []).runs() == whole.runs()


def test_levels_of_a_grid_can_be_chosen(tmp_path: Path) -> None:
    whole = study_of(tmp_path, GRID + "arms: {a: {}, b: {n_critic: 1}}\n")
    assert select(whole, ["lambda_gp=10", "arm=a"]).arms == ("a lambda_gp=10 lr=1e-05", "a lambda_gp=10 lr=0.001")
    assert select(whole, ["lr=0.001", "lr=1e-05"]).arms == whole.arms
    assert select(whole, ["arm=b lambda_gp=10 lr=0.001"]).size == 6


@pytest.mark.parametrize(
    ("only", "phrase"),
    [
        ("digits", "expected factor=level"),
        ("data=digits", "did you mean 'dataset'?"),
        ("arm=wgann", "did you mean 'wgan'?"),
    ],
)
def test_an_unknown_part_of_a_study_is_named(tmp_path: Path, only: str, phrase: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(VALID)
    with pytest.raises(UsageError) as caught:
        select(load_study(path), [only])
    assert phrase in str(caught.value)
    assert caught.value.exit_code == 2
