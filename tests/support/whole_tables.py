"""Tables that two runs of a study leave, and the command that makes them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd

from ablate.results.tables import Results
from tests.support.timing import TIMING


def content(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The tables without what a clock wrote."""
    results = Results.read(folder)
    return (
        results.runs.drop(columns=[*TIMING, "threads", "cohort_size"]),
        results.curves.drop(columns="seconds"),
        results.probes,
    )


def assert_same(a: Path, b: Path) -> None:
    for mine, other in zip(content(a), content(b), strict=True):
        pd.testing.assert_frame_equal(mine, other, check_exact=True)


def command(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "ablate", *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, timeout=120, **options)  # type: ignore[call-overload, no-any-return]
