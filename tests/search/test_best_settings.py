"""`ablate best`: the best draws become a study that trains the same settings with fresh seeds."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ablate import cli
from ablate.claims.draws import best_of, drawn
from ablate.claims.study_rows import StudyRows
from ablate.study.load import load_study
from ablate.study.study import Study
from tests.support.searched_study import searched


@pytest.fixture
def search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    """A finished search in runs/tuning of the working folder."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "runs" / "tuning"
    folder.mkdir(parents=True)
    return searched(folder)[0]


def ablate(*arguments: object) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["ablate", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
    return int(ended.value.code or 0)


def test_the_best_draw_of_each_arm_is_trained_with_fresh_seeds(search: Study, tmp_path: Path) -> None:
    assert ablate("best", search.path, "--seeds", "100:103") == 0
    rows = StudyRows.of(*searched(tmp_path / "runs" / "tuning"))
    for dataset in ("ring8", "digits"):
        found = load_study(tmp_path / "studies" / f"tuning_best_{dataset}.yaml")
        assert (found.arms, found.seeds) == (("gan", "wgan", "wgan_gp"), (100, 101, 102))
        assert "clip_before" not in found.text, "a setting at its default goes without saying"
        for run in found.runs():
            best = best_of(drawn(rows, dataset, run.arm), search.search)
            assert best is not None
            (config,) = (searched.config for searched in rows.runs if searched.run_id == best.run_id)
            assert run.config == config.model_copy(update={"seed": run.seed})


def test_one_arm_and_one_dataset_can_be_chosen(search: Study, tmp_path: Path) -> None:
    chosen = ("--arm", "wgan_gp", "--only", "dataset=digits", "--seeds", "100,200", "--out", "b.yaml")
    assert ablate("best", search.path, *chosen) == 0
    found = load_study(tmp_path / "b.yaml")
    assert (found.name, found.arms, found.datasets, found.seeds) == (
        "tuning_best_digits",
        ("wgan_gp",),
        ("digits",),
        (100, 200),
    )
    assert ablate("best", search.path, *chosen) == 0  # the same file again is no conflict


@pytest.mark.parametrize(
    ("flags", "phrase"),
    [
        (["--seeds", "20:30"], "the search drew with seeds 0 to 29; take others, such as 30:40"),
        (["--seeds", "many"], "seeds is the text 'many'"),
        (["--arm", "wgann"], "no such arm, expected one of: gan, wgan, wgan_gp"),
        (["--out", "b.yaml"], "choose with --only dataset=ring8"),
        (["--from", "nowhere"], "no runs.csv there"),
    ],
)
def test_a_mistake_is_one_message(
    search: Study, flags: list[str], phrase: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ablate("best", search.path, *flags) == 2
    assert phrase in capsys.readouterr().err


def test_another_file_is_not_overwritten(search: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "b.yaml").write_text("mine")
    assert ablate("best", search.path, "--only", "dataset=ring8", "--out", "b.yaml") == 2
    assert "b.yaml: a file is there already" in capsys.readouterr().err
    assert (tmp_path / "b.yaml").read_text() == "mine"


def test_a_study_without_a_search_has_no_best_draws(
    search: Study, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = search.text[: search.text.index("search:")].replace("clip}", "clip, clip_value: 0.1}")
    text = text.replace("penalty}", "penalty, lambda_gp: 1}")
    (tmp_path / "plain.yaml").write_text(text)
    assert ablate("best", "plain.yaml") == 2
    assert "the study has no search" in capsys.readouterr().err


def test_an_arm_without_a_finished_draw_is_named(search: Study, capsys: pytest.CaptureFixture[str]) -> None:
    table = Path("runs/tuning/runs.csv")
    lines = table.read_text().splitlines(keepends=True)
    table.write_text("".join(line for line in lines if ",wgan_gp," not in line))
    table.with_name("checksums.json").unlink()  # the table is to be used as it is
    assert ablate("best", search.path) == 2
    assert "no draw of wgan_gp on ring8 has a fid" in capsys.readouterr().err
