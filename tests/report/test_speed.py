"""The page shows the speed benchmark's table where there is one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ablate.errors import UsageError
from ablate.report import speed
from ablate.report.site import build_report
from tests.support.page_tags import Tags
from tests.support.simulated_page import full_study

HEADER = (
    "workload,device,threads,members,plain_s,stacked_s,ratio,ratio_low,ratio_high,peak_share,automatic,compiled,"
    "precision,loss_difference,commit,dirty,torch,measured_at\n"
)
ROWS = (
    "toy_3x64,a <simulated> CPU,2,1,0.012,0.02,0.6,0.55,0.65,0.1,False,False,fp32,1e-16,0123456789,False,2.x,2000\n"
    "toy_3x64,a <simulated> CPU,2,16,0.012,0.0015,8,7.5,8.25,0.62,True,False,fp32,1e-16,0123456789,False,2.x,2000\n"
    "toy_3x64,a <simulated> CPU,2,16,0.012,0.001,12,11,13,0.7,True,True,fp32,1e-16,0123456789,False,2.x,2000\n"
    "d2_16,a <simulated> GPU,1,64,0.5,0.002,250,249,251,0.4,False,True,fp32,,,False,2.x,2000\n"
)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "results" / speed.TABLE
    path.parent.mkdir(parents=True)
    path.write_text(HEADER + ROWS)
    return path


def test_the_page_has_the_table_and_both_plots_of_each_machine(table: Path, tmp_path: Path) -> None:
    study = full_study(seeds=2, datasets=("ring8",), missing=False)
    page = build_report([study], tmp_path / "page", speed_table=table).read_text()
    parsed = Tags.of(page)
    assert len(parsed.ids) == len(set(parsed.ids))
    assert '<h2 id="speed">' in page
    assert "a &lt;simulated&gt; CPU, 2 threads" in page
    assert "a &lt;simulated&gt; GPU, one thread" in page
    for cell in ("16 (automatic)", "× 8", "7.5 to 8.25", "62 %", "× 250", "0123456"):
        assert f"<td>{cell}</td>" in page
    pictures = [
        a["aria-label"] for tag, a in parsed.elements if a.get("role") == "img" and "cohort size" in a["aria-label"]
    ]
    assert len(pictures) == 4
    assert "toy_3x64, compiled: × 12 at most" in pictures[0]
    assert "nan" not in page[page.index('id="speed"') :].lower().split()


def test_the_same_table_gives_the_same_bytes(table: Path, tmp_path: Path) -> None:
    study = full_study(seeds=2, datasets=("ring8",), missing=False)
    pages = [build_report([study], tmp_path / name, speed_table=table).read_bytes() for name in ("a", "b")]
    assert pages[0] == pages[1]


def test_without_a_table_the_page_is_as_before(tmp_path: Path) -> None:
    study = full_study(seeds=2, datasets=("ring8",), missing=False)
    without = build_report([study], tmp_path / "a").read_bytes()
    assert build_report([study], tmp_path / "b", speed_table=tmp_path / "none.csv").read_bytes() == without
    assert b'id="speed"' not in without


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a readable table"),
        (HEADER.replace("ratio_low,", "") + "", "1: column 'ratio_low' is missing"),
        (HEADER + ROWS.replace("0.0015", "-1"), "csv:3: stacked_s is not a positive number"),
        (HEADER + ROWS.replace("0.62", "fast"), "csv:3: peak_share is not a positive number"),
    ],
)
def test_a_damaged_table_is_one_error_with_its_line(table: Path, text: str, message: str) -> None:
    table.write_text(text)
    with pytest.raises(UsageError, match=message):
        speed.read(table)


def test_a_picture_of_all_machines_is_a_png(table: Path, tmp_path: Path) -> None:
    found = speed.read(table)
    assert found is not None
    speed.picture(found, tmp_path / "plot")
    assert (tmp_path / "plot").read_bytes().startswith(b"\x89PNG")


def test_the_benchmarks_folder_is_no_study(table: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ablate", "report", "--results", str(table.parents[1]), "--out", str(tmp_path / "page")],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert "no result tables there" in done.stderr
