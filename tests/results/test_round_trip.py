"""What is written into tables is what reading them gives back: every type, every status, awkward texts and numbers."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from ablate.results.tables import STATUSES, Results, rounded, rows_by_id, runs_text

NAMES = [
    "plain", "NA", "None", "nan", "NaN", "null", "1e5", "0012", "inf", "True", "a,b", 'q"uo"te', "new\nline", "lone\rreturn",
    "both\r\n", " spaces ", "ünïcode ∞ 日本", "#hash", "'", "-", "=1+1", "tab\t",
]  # fmt: skip
NUMBERS = [math.inf, -math.inf, math.nan, 0.0, -0.0, 1 / 3, 1e-300, 1.7e308, 5e-324, 123456789.123, -2.5]
COUNTS = [0, 1, 999_999_999, 1_000_000_000, 12_345_678_901, 2**53 - 1]


def row(number: int, **cells: Any) -> dict[str, Any]:
    return {
        "run_id": f"{number:016x}", "study": "s", "dataset": "d", "arm": "a", "seed": number, "status": "done",
        "error": "", "flags": "", "diverged_at": math.nan, **cells,
    }  # fmt: skip


def written_and_read(rows: list[dict[str, Any]], folder: Path) -> dict[str, dict[str, Any]]:
    results = Results.empty(folder)
    results.add(rows, [], [])
    results.write([])
    again = Results.read(folder)
    assert runs_text(again.runs) == (folder / "runs.csv").read_bytes().decode(), "writing what was read changes nothing"
    return rows_by_id(again.runs)


def equal(cell: object, written: object) -> bool:
    if isinstance(written, float) and math.isnan(written):
        return isinstance(cell, float) and math.isnan(cell)
    return bool(cell == written)


def assert_given_back(rows: list[dict[str, Any]], folder: Path) -> None:
    cells = written_and_read(rows, folder)
    assert len(cells) == len(rows)
    for expected in rows:
        for column, value in expected.items():
            assert equal(cells[expected["run_id"]][column], value), (column, value)


def test_texts_of_every_kind_are_given_back(tmp_path: Path) -> None:
    assert_given_back(
        [row(i, arm=name, dataset=name, error=name, flags=name) for i, name in enumerate(NAMES)], tmp_path
    )


def test_rows_of_every_status_are_given_back(tmp_path: Path) -> None:
    rows = [
        row(i, status=status, diverged_at=7.0 if status == "diverged" else math.nan, set_lr=1e-4, set_conditional=True)
        for i, status in enumerate(STATUSES)
    ]
    assert_given_back(rows, tmp_path)


def test_numbers_are_given_back_to_nine_digits_and_the_not_finite_ones_as_they_are(tmp_path: Path) -> None:
    assert_given_back([row(i, fid=rounded(value)) for i, value in enumerate(NUMBERS)], tmp_path)


@pytest.mark.parametrize("gap", [False, True], ids=["in every row", "with a gap"])
def test_counts_keep_all_their_digits(gap: bool, tmp_path: Path) -> None:
    rows = [row(i, images_seen=count) for i, count in enumerate(COUNTS)]
    assert_given_back(rows + [row(len(rows), images_seen=math.nan)] * gap, tmp_path)


@pytest.mark.parametrize("gap", [False, True], ids=["in every row", "with a gap"])
def test_booleans_are_given_back(gap: bool, tmp_path: Path) -> None:
    rows = [row(i, set_conditional=bool(i % 2), dirty=bool(i % 2)) for i in range(4)]
    assert_given_back(rows + [row(9, status="failed", set_conditional=False, dirty=math.nan)] * gap, tmp_path)


def test_curves_and_probes_are_given_back_to_the_last_bit(tmp_path: Path) -> None:
    results = Results.empty(tmp_path)
    values = [*NUMBERS, 0.1 + 0.2, math.pi]
    own = "0" * 16
    curves = [
        {
            "run_id": own,
            "generator_step": i,
            "critic_step": 5 * i,
            "seconds": 0.1 * i,
            "metric": NAMES[i],
            "value": value,
        }
        for i, value in enumerate(values)
    ]
    probes = [
        {"run_id": own, "generator_step": i, "probe": NAMES[i], "layer": NAMES[-i], "value": value}
        for i, value in enumerate(values)
    ]
    results.add([row(0)], curves, probes)
    results.write([])
    again = Results.read(tmp_path)
    for table, written in ((again.curves, curves), (again.probes, probes)):
        rows = table.to_dict("records")
        assert len(rows) == len(written)
        for cells, expected in zip(rows, written, strict=True):
            assert all(equal(cells[column], value) for column, value in expected.items()), (cells, expected)
            assert math.copysign(1, cells["value"]) == math.copysign(1, expected["value"])


def test_a_curve_without_a_row_is_not_written(tmp_path: Path) -> None:
    results = Results.empty(tmp_path)
    point = {"run_id": "other", "generator_step": 1, "critic_step": 1, "seconds": 0.1, "metric": "fid", "value": 1.0}
    results.add([row(0)], [point], [])
    results.write([])
    assert len(Results.read(tmp_path).curves) == 0
