"""ablate compare and ablate calibrate as they are typed, on the committed tables and on changed copies of them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from subprocess import CompletedProcess

import pandas as pd
import pytest

from ablate.claims.between_arms import between_arms
from ablate.claims.calibration_table import TABLES, Case, read_table, table_text
from ablate.claims.decide import decide
from ablate.claims.verdict import Verdict
from ablate.results import checksums
from ablate.results.tables import Results, runs_text, study_as_run
from tests.support import commands

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "results" / "gp_vs_clip"


def ablate(*arguments: object) -> CompletedProcess[str]:
    return commands.ablate(*arguments, cwd=ROOT)


def changed(folder: Path, factor: float, rows: slice = slice(None)) -> Path:
    """A copy of the reference with fid and tail fid of the arm wgan_gp multiplied."""
    shutil.copytree(REFERENCE, folder)
    (folder / checksums.NAME).unlink(missing_ok=True)  # an edited table is used where its hashes are gone
    runs = Results.read(folder).runs
    runs.loc[runs["arm"] == "wgan_gp", ["fid", "tail_fid"]] *= factor
    (folder / "runs.csv").write_text(runs_text(pd.DataFrame(runs[rows])), encoding="utf-8")
    return folder


def decided(folder: Path, metric: str) -> dict[str, Verdict]:
    """The penalty against clipping on each dataset, by the library."""
    results = Results.read(folder)
    verdicts = between_arms(study_as_run(results), results, "wgan_gp", "wgan_c0.1", metric)
    return {verdict.dataset: verdict for verdict in verdicts}


def test_two_arms_are_compared_as_a_claim_would_compare_them() -> None:
    results = Results.read(REFERENCE)
    study = study_as_run(results)
    verdicts = decide(study, results)
    for claim, metric in (("gan-collapse", "basins"), ("gp-bounded", "grad_norm_ratio")):
        asked = {verdict.dataset: verdict for verdict in between_arms(study, results, "wgan_gp", "wgan_c0.1", metric)}
        claimed = [own for own in verdicts if (own.claim, own.metric, own.against) == (claim, metric, "wgan_c0.1")]
        assert {verdict.dataset for verdict in claimed} == set(asked)
        for verdict in claimed:
            own = asked[verdict.dataset]
            assert (own.effect, own.improvement) == (verdict.effect, verdict.improvement)
            if not verdict.margin:  # the test is of the margin, and a question has none
                assert own.p == verdict.p
        assert asked["pooled"].p_adjusted == asked["pooled"].p


def test_the_command_prints_each_dataset_and_whether_it_is_decided(tmp_path: Path) -> None:
    for folder, factor in (("as_it_is", 1), ("far_better", 1e-3)):
        table = changed(tmp_path / folder, factor)
        done = ablate("compare", table, "--arm", "wgan_gp", "--arm", "wgan_c0.1")
        assert done.returncode == 0, done.stderr
        lines = {line.split()[0]: line for line in done.stdout.splitlines()[1:]}
        assert list(lines) == ["pooled", "ring8", "digits"]
        for dataset, verdict in decided(table, "fid").items():
            phrases = {"reproduced": "wgan_gp is better", "contradicted": "wgan_c0.1 is better"}
            open_ = f"about {verdict.seeds_needed} seeds" if verdict.seeds_needed else f"undecided: {verdict.reason}"
            assert phrases.get(verdict.verdict, open_) in lines[dataset]
    assert "20 vs 20  wgan_gp is better" in lines["pooled"]
    told = json.loads(ablate("compare", table, "--arm", "wgan_gp", "--arm", "wgan_c0.1", "--json").stdout)
    assert told["verdicts"][0]["ahead"] == "wgan_gp"
    assert told["verdicts"][0]["effect"] == pytest.approx(decided(table, "fid")["pooled"].effect, rel=1e-5)
    neither = ablate("compare", "gp_vs_clip", "--arm", "wgan_gp", "--arm", "gan", "--metric", "share_at_bound")
    assert "neither way is better" in neither.stdout


@pytest.mark.parametrize(
    ("arguments", "phrase"),
    [
        (["gp_vs_clip"], "takes two arms"),
        (["gp_vs_clip", "--arm", "gan", "--arm", "gann"], "did you mean 'gan'?"),
        (["gp_vs_clip", "--arm", "gan", "--arm", "gan"], "given twice"),
        (["gp_vs_clip", "--arm", "gan", "--arm", "wgan_gp", "--metric", "fidd"], "did you mean 'fid'?"),
        (["nowhere", "--arm", "gan", "--arm", "wgan_gp"], "no runs.csv there"),
        (["results", "results/gp_vs_clip"], "does not"),
        (["results", "tests"], "no study has tables in both"),
        (["results/gp_vs_clip", "results/gp_vs_clip_pilot"], "nothing to compare"),
        (["results", "results", "--arm", "gan"], "--arm compares arms of one study"),
    ],
)
def test_what_cannot_be_compared_is_said_in_one_line(arguments: list[str], phrase: str) -> None:
    done = ablate("compare", *arguments)
    assert done.returncode == 2
    assert phrase in done.stderr
    assert "Traceback" not in done.stderr


def test_equal_results_agree_and_others_exit_with_3(tmp_path: Path) -> None:
    same = ablate("compare", REFERENCE, changed(tmp_path / "near", 1.01))
    assert same.returncode == 0, same.stdout
    assert "the same to the last digit: 60" in same.stdout
    other = ablate("compare", REFERENCE, changed(tmp_path / "far", 20.0))
    assert other.returncode == 3
    assert "ring8, wgan_gp, fid" in other.stdout
    told = ablate("compare", REFERENCE, tmp_path / "far", "--json")
    assert told.returncode == 3
    (comparison,) = json.loads(told.stdout)
    assert comparison["differs"]
    assert any(pair["conflict"] for pair in comparison["verdicts"])


def test_sets_of_several_studies_are_held_together_by_name(tmp_path: Path) -> None:
    changed(tmp_path / "gp_vs_clip", 1.0, slice(0, 60))
    done = ablate("compare", ROOT / "results", tmp_path)
    assert done.returncode == 0, done.stdout
    assert "runs in both: 60; the same to the last digit: 60" in done.stdout
    assert "pilot" not in done.stdout


def test_calibrate_writes_the_table_that_it_prints(tmp_path: Path) -> None:
    done = ablate("calibrate", "--quick", "--studies", 1, "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    rows = [row for of in TABLES for row in read_table(tmp_path, of)]
    assert len(rows) > 30
    assert len(done.stdout.splitlines()) == len(rows) + len(TABLES)
    assert {row.command for row in rows} == {"ablate calibrate --studies 1 --seed 0 --quick"}
    kept = {of.FILE: (tmp_path / of.FILE).read_text() for of in TABLES}
    (tmp_path / "power.csv").write_text("".join(kept["power.csv"].splitlines(keepends=True)[:-1]))
    again = ablate("calibrate", "--quick", "--studies", 1, "--out", tmp_path)
    assert len(again.stdout.splitlines()) == 1 + len(TABLES)  # only the line that was missing
    assert {of.FILE: (tmp_path / of.FILE).read_text() for of in TABLES} == kept
    other = ablate("calibrate", "--quick", "--studies", 2, "--out", tmp_path)
    assert other.returncode == 2
    assert "made by `ablate calibrate --studies 1 --seed 0 --quick`; --again replaces it" in other.stderr
    assert {of.FILE: (tmp_path / of.FILE).read_text() for of in TABLES} == kept


def test_a_report_shows_the_calibration_and_the_studies_that_are_not_run(tmp_path: Path) -> None:
    shutil.copytree(REFERENCE, tmp_path / "results" / "gp_vs_clip")
    (tmp_path / "results" / "calibration").mkdir()
    case = Case("bound", "normal", 5, 5, 1, 1, 0.0, 9, 0.01, 0.02, 0.0, 0.0, 0.03, 0.05, False, 0, "ablate calibrate")
    (tmp_path / "results" / "calibration" / "calibration.csv").write_text(table_text([case], Case))
    files = tmp_path / "studies"
    files.mkdir()
    text = (REFERENCE / "study.yaml").read_text().replace("study: gp_vs_clip", "study: later")
    (files / "later.yaml").write_text(text + "  - {id: far, says: it will be seen, waits: for a <CUDA> device}\n")
    done = ablate("report", "--results", tmp_path / "results", "--study-files", files, "--out", tmp_path / "page")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "page" / "index.html").read_text()
    assert "bound of an interquartile mean" in page
    assert "for a &lt;CUDA&gt; device" in page
    assert "its study is not run yet" in page
    (tmp_path / "results" / "calibration" / "calibration.csv").write_text("kind\nx\n")
    broken = ablate("report", "--results", tmp_path / "results", "--out", tmp_path / "page")
    assert broken.returncode == 2
    assert "not a readable table" in broken.stderr
