"""A search in a study file becomes draws: deterministic, shared by the arms, from the ranges that it gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from ablate.errors import StudyErrors
from ablate.study.search_space import Parameter, Search
from ablate.study.select import select
from ablate.study.study import Study
from tests.support.broken_searches import BROKEN_SEARCHES, VALID_SEARCH
from tests.support.written_studies import study_of


def study(tmp_path: Path, text: str = VALID_SEARCH, *overrides: str, seeds: str | None = None) -> Study:
    return study_of(tmp_path, text, *overrides, seeds=seeds)


@pytest.mark.parametrize(
    ("name", "old", "new", "place", "phrases"), BROKEN_SEARCHES, ids=[case[0] for case in BROKEN_SEARCHES]
)
def test_a_mistake_is_shown_with_its_place(
    tmp_path: Path, name: str, old: str, new: str, place: str, phrases: list[str]
) -> None:
    assert VALID_SEARCH.count(old) >= 1
    with pytest.raises(StudyErrors) as caught:
        study(tmp_path, VALID_SEARCH.replace(old, new, 1))
    found = [problem.removeprefix(f"{tmp_path / 'x.yaml'}:") for problem in caught.value.problems]
    fitting = [p for p in found if p.startswith(f"{place}: ") and all(phrase in p for phrase in phrases)]
    assert len(fitting) == 1, found


def test_flags_do_not_set_what_is_drawn(tmp_path: Path) -> None:
    with pytest.raises(StudyErrors, match=r"--set lr=0\.1: lr is drawn by the search"):
        study(tmp_path, VALID_SEARCH, "lr=0.1")
    with pytest.raises(StudyErrors, match="--seeds 3: seeds gives 3 seeds, expected 1"):
        study(tmp_path, VALID_SEARCH, seeds="3")


def test_every_draw_is_a_run_with_a_seed_of_its_own(tmp_path: Path) -> None:
    found = study(tmp_path, seeds="100:101")
    runs = found.runs()
    assert found.size == len(runs) == len({run.run_id for run in runs}) == 2 * 3 * 6
    assert [(run.arm, run.draw, run.seed) for run in runs[:7]] == [
        *[("gan", number, 100 + number) for number in range(6)], ("wgan", 0, 100)
    ]  # fmt: skip


def test_draws_are_the_same_each_time_and_pair_the_arms_but_differ_between_datasets(tmp_path: Path) -> None:
    runs = study(tmp_path).runs()
    assert [run.run_id for run in runs] == [run.run_id for run in study(tmp_path).runs()]
    by_arm = {
        (dataset, arm): [
            (run.config.lr, run.config.own.get("beta1"), run.config.n_critic)
            for run in runs
            if (run.dataset, run.arm) == (dataset, arm)
        ]
        for dataset in ("ring8", "digits")
        for arm in ("gan", "wgan", "wgan_gp")
    }
    assert by_arm["ring8", "gan"] == by_arm["ring8", "wgan"] == by_arm["ring8", "wgan_gp"]
    assert not set(by_arm["ring8", "gan"]) & set(by_arm["digits", "gan"])
    assert len(set(by_arm["ring8", "gan"])) == 6


def test_committed_draws_never_change(tmp_path: Path) -> None:
    """Identities of committed tables hang on these numbers."""
    first = study(tmp_path).draws("ring8", "gan")[0]
    assert first == {
        "lr": 0.00241874, "beta1": 0.9, "n_critic": 7, "clip_value": 0.869061, "lambda_gp": 0.242863
    }  # fmt: skip
    quasi = study(tmp_path, VALID_SEARCH.replace("random", "qmc")).draws("ring8", "gan")[1]
    assert quasi == {
        "lr": 0.00640421, "beta1": 0.9, "n_critic": 10, "clip_value": 0.167414, "lambda_gp": 0.567415
    }  # fmt: skip


def test_more_draws_or_parameters_leave_the_random_draws_before_as_they_are(tmp_path: Path) -> None:
    before = study(tmp_path).draws("ring8", "gan")
    more = study(tmp_path, VALID_SEARCH.replace("draws: 6", "draws: 9") + "    width: {choices: [32, 64]}\n")
    after = more.draws("ring8", "gan")
    assert len(after) == 9
    assert all({name: after[i][name] for name in before[i]} == before[i] for i in range(6))
    other = study(tmp_path, VALID_SEARCH.replace("draws: 6", "draws: 6\n  seed: 1")).draws("ring8", "gan")
    assert other[0] != before[0]


def test_an_arm_leaves_out_what_its_components_do_not_use(tmp_path: Path) -> None:
    runs = {run.arm: run.config for run in study(tmp_path).runs() if run.dataset == "ring8" and run.draw == 0}
    assert (runs["gan"].own.get("clip_value"), runs["gan"].own.get("lambda_gp")) == (None, None)
    assert runs["wgan"].own.get("clip_value") == 0.869061
    assert runs["wgan"].own.get("lambda_gp") is None
    assert runs["wgan_gp"].own.get("lambda_gp") == 0.242863


def test_a_search_stands_beside_a_grid_or_alone(tmp_path: Path) -> None:
    beside = study(tmp_path, VALID_SEARCH.replace("search:", "grid: {batch_size: [16, 32]}\nsearch:"))
    assert len(beside.arms) == 6
    assert beside.size == len(beside.runs()) == 2 * 6 * 6
    text = VALID_SEARCH[: VALID_SEARCH.index("arms:")] + VALID_SEARCH[VALID_SEARCH.index("search:") :]
    alone = study(tmp_path, text.split("    clip_value")[0])
    assert alone.arms == ("base",)
    part = select(beside, ["arm=wgan", "batch_size=16", "dataset=digits"])
    assert [run.draw for run in part.runs()] == list(range(6))


@pytest.mark.parametrize("sampler", ["random", "qmc"])
def test_draws_are_spread_as_optunas_are(sampler: str) -> None:
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    space = {
        "lr": (Parameter("lr", 1e-5, 1e-2, log=True), optuna.distributions.FloatDistribution(1e-5, 1e-2, log=True)),
        "lambda_gp": (Parameter("lambda_gp", 0.5, 3.0), optuna.distributions.FloatDistribution(0.5, 3.0)),
        "n_critic": (Parameter("n_critic", 1, 10, whole=True), optuna.distributions.IntDistribution(1, 10)),
        "width": (
            Parameter("width", 16, 256, log=True, whole=True), optuna.distributions.IntDistribution(16, 256, log=True)
        ),
        "beta1": (Parameter("beta1", choices=(0.0, 0.5, 0.9)), optuna.distributions.CategoricalDistribution([0.0, 0.5, 0.9])),
    }  # fmt: skip
    search = Search(2000, sampler, "fid", "less", 16, 0, tuple(parameter for parameter, _ in space.values()))
    other = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    theirs = [other.ask({name: each for name, (_, each) in space.items()}).params for _ in range(2000)]
    ours = search.drawn("ring8")
    for name in space:
        first, second = ([float(draw[name]) for draw in draws] for draws in (ours, theirs))
        assert stats.ks_2samp(first, second).pvalue > 0.001, name
        assert all(space[name][0].holds(value) for value in first)
        assert (min(first), max(first)) == pytest.approx((min(second), max(second)), rel=0.02)


def test_quasi_random_draws_fill_the_space_more_evenly_than_random_ones() -> None:
    parameters = tuple(Parameter(f"p{i}", 0.0, 1.0) for i in range(3))
    discrepancy = {}
    for sampler in ("random", "qmc"):
        draws = Search(64, sampler, "fid", "less", 16, 3, parameters).drawn("digits")
        discrepancy[sampler] = stats.qmc.discrepancy(np.array([list(draw.values()) for draw in draws]))
    assert discrepancy["qmc"] < discrepancy["random"] / 4


def test_an_adaptive_search_knows_no_draw_before_its_runs(tmp_path: Path) -> None:
    found = study(tmp_path, VALID_SEARCH.replace("random", "tpe\n  batch: 3"))
    assert (found.size, found.runs(), found.search.batch) == (36, [], 3)
