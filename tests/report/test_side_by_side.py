"""Studies that are drawn in processes of their own give the page that one process gives, or one clear error."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from ablate.errors import AblateError
from ablate.report import site as page
from ablate.results.tables import Results
from ablate.study.study import Study
from tests.support.simulated_page import full_study

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs fork")


def two_studies() -> list[tuple[Study, Results]]:
    study, results = full_study()
    return [(study, results), (replace(study, name="another"), results)]


def test_the_page_is_the_same_made_by_one_process_or_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    for processes in (1, 2):
        monkeypatch.setattr(page, "cores", lambda processes=processes: processes)
        out = tmp_path / str(processes)
        page.build_report(two_studies(), out)
        made.append([(out / name).read_bytes() for name in (page.PAGE, page.TABLE)])
    assert made[0] == made[1]
    assert b"another" in made[0][0]


def test_a_process_that_is_killed_is_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "cores", lambda: 2)
    monkeypatch.setattr(page, "section_of", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(AblateError, match="was killed"):
        page.build_report(two_studies(), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_error_in_a_process_reaches_the_caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*_: object) -> None:
        raise AblateError("no such thing")

    monkeypatch.setattr(page, "cores", lambda: 2)
    monkeypatch.setattr(page, "section_of", wrong)
    with pytest.raises(AblateError, match="no such thing"):
        page.build_report(two_studies(), tmp_path / "out")
