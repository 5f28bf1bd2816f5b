"""Arms are crossed with a grid's levels; a ladder names some of them in order."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from ablate.study.load import load_study
from tests.support.written_studies import GRID, study_of


def test_a_grid_is_multiplied_with_the_arms(tmp_path: Path) -> None:
    alone = study_of(tmp_path, GRID)
    assert alone.arms == (
        "lambda_gp=0.1 lr=1e-05", "lambda_gp=0.1 lr=0.001", "lambda_gp=10 lr=1e-05", "lambda_gp=10 lr=0.001"
    )  # fmt: skip
    assert alone.factors["lambda_gp=10 lr=0.001"] == {"lambda_gp": 10.0, "lr": 1e-3}
    assert alone.config("ring8", "lambda_gp=10 lr=0.001").own.get("lambda_gp") == 10
    both = study_of(tmp_path, GRID + "arms: {a: {}, b: {n_critic: 1}}\n")
    assert len(both.arms) == 8
    assert both.arms[0] == "a lambda_gp=0.1 lr=1e-05"


def test_a_ladder_names_arms_before_the_grids_levels(tmp_path: Path) -> None:
    crossed = GRID + "arms: {a: {}, b: {n_critic: 1}, c: {n_critic: 2}}\nladder: [b, a]\n"
    assert study_of(tmp_path, crossed).ladder == ("b", "a")
    assert study_of(tmp_path, GRID).ladder == ()


def test_the_ladder_from_gan_to_wgan_makes_one_change_at_each_rung() -> None:
    climbed = load_study(Path(__file__).parents[2] / "studies" / "gan_to_wgan.yaml")
    for level in ("0.0003", "0.001"):
        rungs = [climbed.config("ring8", f"{rung} lr={level}").by_name() for rung in climbed.ladder]
        changed = [{k for k in b if a[k] != b[k]} for a, b in pairwise(rungs)]
        assert changed == [
            {"loss"}, {"loss"}, {"lipschitz", "clip_value"}, {"optimizer", "beta1", "beta2", "momentum"}
        ]  # fmt: skip
