"""What a study file says of published figures, files of published runs included, and what is said of one that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from ablate.claims.kinds.published import PublishedFields
from ablate.errors import StudyErrors
from ablate.results.study_copy import is_written, write_study
from ablate.study.claims import Claim
from ablate.study.load import load_study
from ablate.study.select import select
from ablate.study.study import Study

TOP = """\
study: again
question: Do we find what they found?
seeds: 5
datasets: [ring8]
base: {loss: wasserstein, lipschitz: gradient_penalty, lambda_gp: 10, generator_steps: 100}
arms:
  ns: {width: 32}
"""
SEEDS = """\
experiment,arm,seed,modes,note
ring,saturating,1,0,
ring,non_saturating,1,8,
ring,non_saturating,2,5.5,
grid,non_saturating,1,many,
"""
FIGURE = "metric: modes@1, arm: ns, margin: 1, quoted: table I"
OF_FILE = f"{FIGURE}, file: theirs/seeds.csv, column: modes"
RING = "where: {experiment: ring, arm: non_saturating}"


def load(tmp_path: Path, claim: str) -> Study:
    (tmp_path / "theirs").mkdir(exist_ok=True)
    (tmp_path / "theirs" / "seeds.csv").write_text(SEEDS, encoding="utf-8")
    (tmp_path / "theirs" / "empty.csv").write_text("modes\n", encoding="utf-8")
    path = tmp_path / "again.yaml"
    path.write_text(f"{TOP}claims:\n  - {{id: c, says: so, test: published, {claim}}}\n", encoding="utf-8")
    return load_study(path)


def read(tmp_path: Path, claim: str) -> Claim:
    (read,) = load(tmp_path, claim).claims
    return read


@pytest.mark.parametrize(
    ("claim", "key"),
    [
        (f"{FIGURE}, value: 5.89, se: 0.13, runs: 200",
         "c: mean of modes@1 of ns equal to the published 5.89 ± 0.13 (200 runs) within 1"),
        (f"{FIGURE}, value: 5.89, sd: 2, runs: 10",
         "c: mean of modes@1 of ns equal to the published 5.89, sd 2 (10 runs) within 1"),
        (f"{FIGURE}, value: 5.89, interval: [5, 6.5]", "c: mean of modes@1 of ns equal to the published 5.89 [5, 6.5] within 1"),
        (f"{FIGURE}, value: 0.22, runs: 200, within: [8, 8]",
         "c: share within [8, 8] of modes@1 of ns equal to the published 0.22 (200 runs) within 1"),
        (f"{OF_FILE}, {RING}",
         "c: modes@1 of ns equal to the published 2 runs of theirs/seeds.csv (modes of ring, non_saturating) within 1"),
    ],
)  # fmt: skip
def test_a_figure_is_told_as_it_is_published(tmp_path: Path, claim: str, key: str) -> None:
    assert read(tmp_path, claim).key == key


def test_single_runs_are_read_from_the_rows_that_are_named(tmp_path: Path) -> None:
    claim = read(tmp_path, f"{OF_FILE}, {RING}")
    assert PublishedFields.of(claim).seeds == (8.0, 5.5)
    assert PublishedFields.of(read(tmp_path, f"{OF_FILE}, where: {{experiment: ring, seed: 1}}")).seeds == (0.0, 8.0)


def test_a_file_of_published_runs_is_kept_with_the_tables(tmp_path: Path) -> None:
    study = load(tmp_path, f"{OF_FILE}, {RING}")
    kept = tmp_path / "results"
    (tmp_path / "theirs" / "seeds.csv").unlink()  # while it trains; what was read is what is kept
    assert not is_written(kept, study)
    write_study(kept, study)
    assert is_written(kept, study)
    copy = load_study(kept / "study.yaml")
    assert copy.claims == study.claims
    write_study(kept, copy)  # as where a folder's own study is run on
    assert (kept / "theirs" / "seeds.csv").read_text(encoding="utf-8") == SEEDS


def test_a_part_of_the_study_keeps_the_files_of_the_whole(tmp_path: Path) -> None:
    study = load(tmp_path, f"{OF_FILE}, {RING}, datasets: [ring8]")
    text = study.text.replace("[ring8]", "[ring8, grid25]", 1)
    study.path.write_text(text, encoding="utf-8")
    part = select(load_study(study.path), ["dataset=grid25"])
    assert part.claims == ()
    write_study(tmp_path / "part", part)
    assert load_study(tmp_path / "part" / "study.yaml").claims == study.claims


@pytest.mark.parametrize(
    ("claim", "problem"),
    [
        (f"{FIGURE}, se: 1", "the key 'value' is missing, expected 'value' or 'file'"),
        (f"{FIGURE}, value: 5.9", "the key 'se' is missing, expected 'se' or 'sd' or 'interval'"),
        (f"{FIGURE}, value: 5.9, se: 1, sd: 1, runs: 9", "sd: sd is given beside se; remove one"),
        (f"{FIGURE}, value: 5.9, sd: 1", "sd: sd is the spread of single runs, expected runs: beside it"),
        (f"{FIGURE}, value: 5.9, se: -1", "se: se is -1, expected a finite number of at least 0"),
        (f"{FIGURE}, value: 5.9, interval: [6, 7]", "interval: interval does not hold the value, 5.9"),
        (f"{FIGURE}, value: 5.9, se: 1, runs: 2.5", "runs: runs is 2.5, expected a whole number of at least 2"),
        (f"{FIGURE}, value: 0.5, within: [8, 8]", "a published share needs runs: how many it is of"),
        (f"{FIGURE}, value: 0.5, within: [8, 8], runs: 9, se: 1", "se: a share has the error of its runs; remove se"),
        (f"{FIGURE}, value: 22, within: [8, 8], runs: 9", "value: value is 22, expected a share of runs from 0 to 1"),
        (f"{FIGURE}, value: 5.9, se: 1, column: modes", "column: column has no effect, expected file: beside it"),
        ("metric: fid, arm: ns, margin: 0.1, quoted: table I, value: 0, se: 1", "value: value is 0, expected one above 0"),
        ("metric: fid, arm: ns, margin: 0, quoted: table I, value: 1, se: 1", "margin: margin is 0, expected the largest"),
        ("metric: fid, arm: ns, margin: 0.1, value: 1, se: 1", "the key 'quoted' is missing"),
        (f"{FIGURE}, file: theirs/seeds.csv", "the key 'column' is missing"),
        (f"{OF_FILE}, runs: 9, {RING}", "runs: runs is that of the file's rows; remove it"),
        (f"{FIGURE}, file: theirs/seeds.csv, column: mode", "column: unknown column 'mode', expected one of: experiment, arm"),
        (f"{OF_FILE}, where: {{arms: gan}}", "where.arms: unknown column 'arms', expected one of: experiment"),
        (f"{OF_FILE}, where: {{arm: gan}}", "where: no row of the file is of this kind"),
        (f"{OF_FILE}, where: ring", "where: where is the text 'ring', expected a mapping"),
        (OF_FILE, "file: line 5 holds 'many' as its modes, expected a finite number"),
        ("metric: fid, arm: ns, margin: 1, quoted: table I, file: theirs/seeds.csv, column: modes, where: {experiment: ring}",
         "file: its rows hold 0, expected values above 0: fid is compared by ratio"),
        (f"{FIGURE}, file: theirs/none.csv, column: modes", "cannot be read: No such file or directory"),
        (f"{FIGURE}, file: theirs/empty.csv, column: modes", "has no rows, expected a line of column names"),
        (f"{FIGURE}, file: ../seeds.csv, column: modes", "file: ../seeds.csv lies elsewhere"),
        (f"{FIGURE}, file: runs.csv, column: modes", "file: runs.csv is kept beside the tables"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_where_it_stands(tmp_path: Path, claim: str, problem: str) -> None:
    with pytest.raises(StudyErrors) as caught:
        read(tmp_path, claim)
    assert any(problem in said for said in caught.value.problems), caught.value.problems
