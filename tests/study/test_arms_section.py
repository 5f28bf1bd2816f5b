"""Arms are crossed with a grid's levels; a ladder names some of them in order."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from ablate.errors import StudyErrors
from ablate.study.load import load_study
from tests.support.broken_studies import VALID
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


OWN_RATES = VALID.replace("wgan_gp: {}", "wgan_gp: {lr: 1e-3, by_dataset: {digits: {lr: 3e-3}}}")


def test_an_arm_can_have_settings_on_one_dataset_alone(tmp_path: Path) -> None:
    study = study_of(tmp_path, OWN_RATES)
    assert [study.config(dataset, "wgan_gp").lr for dataset in ("ring8", "digits")] == [1e-3, 3e-3]
    assert study.config("digits", "wgan").lr == 1e-4
    assert study_of(tmp_path, OWN_RATES, "lr=1e-2").config("digits", "wgan_gp").lr == 1e-2
    crossed = study_of(
        tmp_path, OWN_RATES[: OWN_RATES.index("claims:")] + "grid: {lr: [1e-5, 1e-2], n_critic: [1, 5]}\n"
    )
    assert crossed.config("digits", "wgan_gp lr=1e-05 n_critic=1").lr == 1e-5, "a level of the grid is the stronger"


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("{digits: {lrr: 1e-3}}", "unknown setting 'lrr'"),
        ("{digits: {lr: high}}", "lr is the text 'high', expected a finite number"),
        ("{digit: {lr: 1e-3}}", "unknown dataset of this study 'digit'"),
        ("{digits: 3}", "is 3, expected a mapping of settings"),
        ("{}", "by_dataset is empty, expected a mapping of datasets to settings"),
        ("{digits: {clip_value: 1}}", "clip_value has no effect in any run"),
    ],
)
def test_what_is_wrong_with_them_is_named_at_its_place(tmp_path: Path, given: str, problem: str) -> None:
    text = VALID.replace("wgan_gp: {}", f"wgan_gp: {{lr: 1e-3, by_dataset: {given}}}")
    with pytest.raises(StudyErrors) as raised:
        study_of(tmp_path, text)
    (message,) = [line for line in str(raised.value).splitlines() if problem in line]
    assert f"x.yaml:{text[: text.index('wgan_gp: {')].count(chr(10)) + 1}:" in message


def test_arms_whose_factor_differs_by_dataset_have_no_order_along_it(tmp_path: Path) -> None:
    test = "test: trend, metric: fid, over: lr, arm: [gan, wgan, wgan_gp], direction: less"
    trend = f"claims:\n  - {{id: a, source: [me], says: b, {test}}}\n"
    with pytest.raises(StudyErrors, match="arm 'wgan_gp' has another lr by dataset"):
        study_of(tmp_path, OWN_RATES[: OWN_RATES.index("claims:")] + trend)
