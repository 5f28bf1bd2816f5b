"""A study file that has changed since its tables were made is told by run, verify and report, and taken over by run alone."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.commands import ablate

CLAIM = """\
claims:
  - {id: better, source: [me], says: it is better, test: compare, metric: fid, arm: wgan, against: wgan_gp, direction: less}
"""


def test_what_has_changed_is_told_until_run_takes_it_over(study_file: Path, trained: Path, tmp_path: Path) -> None:
    study_file.write_text(study_file.read_text() + CLAIM)
    files = ("--study-files", tmp_path)
    told = ablate("verify", trained, *files)
    assert told.returncode == 0
    assert f"{study_file} is different now: claims added: better" in told.stdout
    shown = ablate("report", "out", "--results", tmp_path, "--out", tmp_path / "page", *files)
    assert (
        "has changed since its tables were made, and the page shows it as it was: claims added: better;" in shown.stderr
    )
    assert "it is better" not in (tmp_path / "page" / "index.html").read_text()
    again = ablate("run", study_file, "--out", trained)
    assert "nothing to do" in again.stdout
    assert "changed since the tables were made, and taken over: claims added: better" in again.stdout
    assert json.loads(ablate("run", study_file, "--out", trained, "--json").stdout)["changes"] == []
    shown = ablate("report", "out", "--results", tmp_path, "--out", tmp_path / "page", *files)
    assert "has changed" not in shown.stderr
    page = (tmp_path / "page" / "index.html").read_text()
    assert "added after 6 of 6 runs" in page
    assert "Of 1 tests, 1 were added or changed after some of them." in page
    assert "is different now" not in ablate("verify", trained, *files).stdout


def test_a_published_file_that_has_changed_is_told_and_taken_over(
    study_file: Path, trained: Path, tmp_path: Path
) -> None:
    theirs = tmp_path / "theirs.csv"
    theirs.write_text("fid\n1.5\n2.5\n")
    study_file.write_text(
        study_file.read_text()
        + "claims:\n  - {id: again, says: as published, test: published, metric: fid, arm: wgan, "
        "margin: 1, quoted: table I, file: theirs.csv, column: fid}\n"
    )
    assert "claims added: again" in ablate("run", study_file, "--out", trained).stdout
    theirs.write_text("fid\n1.5\n3.5\n")
    assert "claims changed: again" in ablate("verify", trained, "--study-files", tmp_path).stdout
    assert "claims changed: again" in ablate("run", study_file, "--out", trained).stdout
    assert (trained / "theirs.csv").read_text() == theirs.read_text()
    assert "nothing to do" in ablate("run", study_file, "--out", trained).stdout
    assert json.loads(ablate("run", study_file, "--out", trained, "--json").stdout)["changes"] == []
