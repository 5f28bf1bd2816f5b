"""A table that ablate did not write so is told: cut short or edited, and where."""

from __future__ import annotations

from pathlib import Path

import pytest

from ablate.errors import AblateError, UsageError
from ablate.files import whole_files
from ablate.results import checksums
from ablate.results.tables import Results


def row(name: str, **more: object) -> dict[str, object]:
    return {
        "run_id": name, "study": "s", "dataset": "d", "arm": "a", "seed": 0, "status": "done", "error": "", "flags": "",
        "diverged_at": 0.0, "fid": 1.5, **more,
    }  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Tables of five runs, in lines 2 to 6."""
    results = Results.empty(tmp_path)
    names = [f"run{i}" for i in range(5)]
    curve = {"generator_step": 1, "critic_step": 1, "seconds": 0.1, "metric": "fid", "value": 1.5}
    results.add([row(name) for name in names], [{"run_id": name, **curve} for name in names], [])
    results.write([])
    return tmp_path


def lines(folder: Path) -> list[str]:
    return (folder / "runs.csv").read_text().splitlines(keepends=True)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda rows: rows[:4], ":5: the table is cut short here, 2 lines are missing"),
        (lambda rows: [*rows[:4], rows[4][:9]], ":5: the table is cut short here, 2 lines are missing"),
        (lambda rows: [*rows[:2], rows[2].replace("1.5", "1.4"), *rows[3:]], ":3: edited by hand: this line"),
        (lambda rows: [*rows, "run9,s,d,a,0,done,,,0,1\n"], ":7: edited by hand: this line"),
        (lambda rows: [*rows[:2], *rows[3:]], ":3: edited by hand: lines were moved, doubled or deleted"),
        (lambda rows: [rows[0], *rows[:0:-1]], ":2: edited by hand: lines were moved"),
        (lambda rows: [*rows, rows[5]], ":7: edited by hand: lines were moved, doubled"),
    ],
    ids=["end lost", "half a line", "value", "line added", "line deleted", "sorted", "doubled"],
)
def test_a_table_cut_short_or_edited_is_told_apart_by_line(damage, said: str, folder: Path) -> None:
    path = folder / "runs.csv"
    before = Results.read(folder)
    path.write_text("".join(damage(lines(folder))))
    damaged = path.read_text()
    with pytest.raises(UsageError) as raised:
        Results.read(folder)
    assert f"{path}{said}" in str(raised.value)
    with pytest.raises(UsageError):
        before.write([])
    assert path.read_text() == damaged, "it is not overwritten"


def test_other_line_ends_are_no_edit(folder: Path) -> None:
    path = folder / "runs.csv"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert len(Results.read(folder).runs) == 5


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda content: content[:-20], "cut short"),
        (lambda content: content[:50] + b"X" + content[51:], "changed since ablate wrote it"),
    ],
)
def test_a_changed_curve_table_is_told(damage, said: str, folder: Path) -> None:
    path = folder / "curves.parquet"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(UsageError, match=rf"curves\.parquet: {said}"):
        Results.read(folder)


def test_a_kill_between_any_two_writes_leaves_tables_that_are_known(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = whole_files.replace
    for last in range(5):  # checksums.json and three tables
        written = []

        def dies(path: Path, write, last: int = last, written: list = written) -> None:
            if len(written) == last:
                raise KeyboardInterrupt
            written.append(path)
            whole(path, write)

        results = Results.read(folder)
        results.add([row(f"new{last}", fid=float(last))], [], [])
        monkeypatch.setattr(whole_files, "replace", dies)
        if last < 4:
            with pytest.raises(KeyboardInterrupt):
                results.write([])
        else:
            results.write([])
        monkeypatch.setattr(whole_files, "replace", whole)
        assert len(Results.read(folder).runs) == (6 if last == 4 else 5)


def test_tables_without_checksums_are_read_and_get_them_with_the_next_write(folder: Path) -> None:
    (folder / checksums.NAME).unlink()
    results = Results.read(folder)
    results.write([])
    assert set(checksums.read_checksums(folder)) == {"runs.csv", "curves.parquet", "probes.parquet"}


def test_damaged_checksums_are_named(folder: Path) -> None:
    (folder / checksums.NAME).write_text("{")
    with pytest.raises(AblateError, match=r"checksums\.json: not readable"):
        Results.read(folder)
