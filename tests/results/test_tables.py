"""Tables are written whole or not at all, and read back as they were."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path

import pytest

from ablate.errors import AblateError, UsageError
from ablate.files.whole_files import replace
from ablate.results.tables import Results, rounded, study_as_run

ROOT = Path(__file__).parents[2]


def test_a_write_that_fails_leaves_the_file_before_and_no_remains(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("before")

    def fail(file: Path) -> None:
        file.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(AblateError, match=r"table\.csv: could not be written: No space left"):
        replace(path, fail)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_one_clear_error(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full here")

    def write(file: Path) -> None:
        with open(full, "w") as device:
            device.write("x" * 100_000)

    with pytest.raises(AblateError, match="No space left"):
        replace(tmp_path / "table.csv", write)


def test_a_folder_without_tables_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no runs\.csv there"):
        Results.read(tmp_path)


def test_a_table_of_many_columns_is_written_again_without_a_warning(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "results" / "gp_vs_clip", tmp_path / "table")
    results = Results.read(tmp_path / "table")
    assert len(results.runs.columns) > 110
    before = (tmp_path / "table" / "runs.csv").read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        results.write(study_as_run(results).runs())
    assert (tmp_path / "table" / "runs.csv").read_bytes() == before


def test_a_damaged_curve_table_is_named(tmp_path: Path) -> None:
    results = Results.empty(tmp_path)
    results.write([])
    (tmp_path / "curves.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(UsageError, match=r"curves\.parquet: cut short"):
        Results.read(tmp_path)
    (tmp_path / "checksums.json").unlink()
    with pytest.raises(UsageError, match=r"curves\.parquet: not a readable table"):
        Results.read(tmp_path)


def test_damaged_samples_are_named(tmp_path: Path) -> None:
    results = Results.empty(tmp_path)
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples" / "abc.npz").write_bytes(b"PK and no more")
    with pytest.raises(UsageError, match=r"abc\.npz: not readable samples"):
        results.sample("abc")
    assert results.sample("other") is None


@pytest.mark.parametrize("value", [1 / 3, 1e-300, 123456.789, 0.1, float("inf")])
def test_a_rounded_float_is_what_the_table_gives_back(value: float) -> None:
    assert float(f"{rounded(value):.9g}") == rounded(value)
    assert rounded(value) == pytest.approx(value, rel=1e-8)
