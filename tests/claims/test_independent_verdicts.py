"""The committed verdicts are found a second time by scripts that know the tables and the rules, and nothing of ablate."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "tests" / "independent"


def test_every_verdict_that_does_not_wait_is_worked_out_and_is_the_same() -> None:
    """Few differ within the error of random deals."""
    command = [sys.executable, SCRIPTS / "verdicts.py", ROOT / "results", ROOT / "reports" / "verdicts.csv"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told = done.stdout
    assert "differs:" not in told, told
    table = (ROOT / "reports" / "verdicts.csv").read_text(encoding="utf-8")
    rows = sum(map(int, re.findall(r": (\d+) rows", told)))
    assert rows > 300
    assert rows <= len(table.splitlines())
    assert told.count("near:") <= 8, told


def test_nothing_of_ablate_is_used_and_each_script_is_short() -> None:
    for script in SCRIPTS.glob("*.py"):
        text = script.read_text(encoding="utf-8")
        assert not re.search(r"^\s*(from|import) (ablate|tests)", text, re.MULTILINE)
        assert len(text.splitlines()) <= 150, script
