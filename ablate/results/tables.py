"""Result tables: what a study's runs left, in a folder of plain files that are only ever replaced whole.

runs.csv        one row a run, sorted, floats at a fixed number of significant digits, so that diffs are readable
curves.parquet  metrics over training, long: run_id, generator_step, critic_step, seconds, metric, value
probes.parquet  probes over training, long: run_id, generator_step, probe, layer, value
samples/        a few generated samples of some runs, and real ones, as .npz
study.yaml      the study file as run
environment.json  command, versions, device, times
claims.json     when each claim was written down (ablate.results.claims_record)
checksums.json  hashes of the tables and of claims.json (ablate.results.checksums)

runs.csv is written last: a curve without a row is not used.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ablate.errors import UsageError
from ablate.files import whole_files
from ablate.results import checksums, claims_record
from ablate.results.consistent_read import read_whole

if TYPE_CHECKING:
    from ablate.study.study import Run, Study

SIGNIFICANT_DIGITS = 9
RUNS, CURVES, PROBES = "runs.csv", "curves.parquet", "probes.parquet"
STUDY, ENVIRONMENT, SAMPLES = "study.yaml", "environment.json", "samples"

IDENTITY = ["run_id", "study", "dataset", "arm", "seed", "status", "error", "flags", "diverged_at"]
PROVENANCE = [
    "commit", "dirty", "ablate_version", "python", "torch", "device", "threads", "cohort_size",
    "dataset_fingerprint", "features", "features_fingerprint", "finished_at",
]  # fmt: skip
TEXT = ["run_id", "study", "dataset", "arm", "status", "error", "flags", "commit", "features_fingerprint"]
TEXT += ["dataset_fingerprint", "ablate_version", "python", "torch", "device", "features", "finished_at"]
MEASURED_LATER = "measured_later"
"""Metrics of a row that were measured after its training, each as metric@commit; a column only where there are any"""
TEXT += [MEASURED_LATER]
RESULTS_VERSION_COLUMN = "results_version"
"""Of the code that made the row: rows of different versions have nothing in common; 1 where there is no such column"""
STATUSES = ("done", "diverged", "failed", "pruned")
COUNTED = ("done", "diverged")
"""Statuses of runs that are evidence; a failed run is missing, and so is a pruned one"""
WITH_OUTCOME = (*COUNTED, "pruned")
"""Statuses of runs that left metrics, counters and curves"""
CURVE_COLUMNS = ["run_id", "generator_step", "critic_step", "seconds", "metric", "value"]
PROBE_COLUMNS = ["run_id", "generator_step", "probe", "layer", "value"]


@dataclass
class Results:
    """The tables of one study, read."""

    folder: Path
    runs: pd.DataFrame
    curves: pd.DataFrame
    probes: pd.DataFrame
    environment: dict[str, Any]
    record: claims_record.Record = ()

    @classmethod
    def read(cls, folder: Path | str) -> Results:
        """Read a results folder; an error names the file, and the line where there is one.

        The tables are of one version, also while a run writes them. That they were cut short or edited since ablate
        wrote them is an error too.
        """
        folder = Path(folder)
        if not (folder / RUNS).is_file():
            raise UsageError(f"{folder}: no {RUNS} there; run the study first, or name a folder that holds its tables")
        contents, known = read_whole(folder, (RUNS, CURVES, PROBES, claims_record.NAME))
        for name in (RUNS, CURVES, PROBES, *{claims_record.NAME} & {*known, *contents}):
            if name not in contents:
                raise UsageError(
                    f"{folder / name} is missing, though other tables are there; restore it from a copy, or train "
                    "anew in another folder, with --out"
                )
            checksums.check(folder / name, contents[name], known)
        return cls(
            folder,
            _parse_runs(folder / RUNS, contents[RUNS]),
            _parse_parquet(folder / CURVES, contents[CURVES], CURVE_COLUMNS),
            _parse_parquet(folder / PROBES, contents[PROBES], PROBE_COLUMNS),
            _read_json(folder / ENVIRONMENT),
            claims_record.parse(folder / claims_record.NAME, contents.get(claims_record.NAME)),
        )

    @classmethod
    def read_or_empty(cls, folder: Path | str) -> Results:
        """The tables in a folder, or tables without a row where there are none yet."""
        folder = Path(folder)
        return cls.read(folder) if (folder / RUNS).exists() else cls.empty(folder)

    @classmethod
    def empty(cls, folder: Path) -> Results:
        """Tables without a row."""
        runs = pd.DataFrame(columns=IDENTITY + PROVENANCE)
        return cls(folder, runs, pd.DataFrame(columns=CURVE_COLUMNS), pd.DataFrame(columns=PROBE_COLUMNS), {})

    def sample(self, run_id: str) -> np.ndarray | None:
        """Generated samples of a run: uint8 [n, channels, height, width] or float32 [n, 2]; None if none are kept."""
        return _read_array(self.folder / SAMPLES / f"{run_id}.npz")

    def surface(self, run_id: str) -> tuple[np.ndarray, float] | None:
        """The critic's scores on a square, upward, and half the square's side; None where none are kept."""
        path = self.folder / SAMPLES / f"{run_id}.npz"
        values, half = _read_array(path, "surface"), _read_array(path, "half")
        return None if values is None or half is None else (values, float(half))

    def real_sample(self, dataset: str) -> np.ndarray | None:
        """Real samples of a dataset, by its label in the study."""
        return _read_array(self.folder / SAMPLES / f"real_{dataset}.npz")

    def add(self, rows: list[dict[str, Any]], curves: list[dict[str, Any]], probes: list[dict[str, Any]]) -> None:
        """Take in rows, replacing those with the same run_id, with their curves and probes."""
        known = {row["run_id"] for row in rows}
        self.runs = _joined(self.runs, rows, known)
        self.curves = _joined(self.curves, curves, known)
        self.probes = _joined(self.probes, probes, known)

    def write(self, order: Iterable[Run]) -> None:
        """Write all tables, each to a temporary file that then takes its name; runs.csv last.

        A table there that someone has edited meanwhile is an error, and is kept.

        Rows are sorted by dataset, arm and seed in the order of the study's runs; rows that the study no longer has
        come after them.
        """
        position = {run.run_id: i for i, run in enumerate(order)}
        place = self.runs["run_id"].map(position).fillna(len(position))
        runs = self.runs.assign(_place=place).sort_values(["_place", "dataset", "arm", "seed"], kind="stable")
        place_of = {run_id: i for i, run_id in enumerate(runs["run_id"])}
        self.runs = runs.drop(columns="_place").reset_index(drop=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        contents = claims_record.contents(self.folder, self.record)
        for name, table in ((CURVES, self.curves), (PROBES, self.probes)):
            with_row = table[table["run_id"].isin(place_of)]
            place = with_row["run_id"].map(place_of)
            ordered = with_row.assign(_place=place).sort_values("_place", kind="stable")
            contents[name] = ordered.drop(columns="_place").reset_index(drop=True).to_parquet(compression="zstd")
        contents[RUNS] = runs_text(self.runs).encode()
        known = checksums.read_checksums(self.folder)
        for path in (self.folder / name for name in contents):
            if path.exists():
                checksums.check(path, path.read_bytes(), known)
        hashes = checksums.checksums_text(self.folder, contents)
        whole_files.write_text(self.folder / checksums.NAME, hashes)
        for name, content in contents.items():
            whole_files.write_bytes(self.folder / name, content)

    def write_environment(self) -> None:
        """Write environment.json."""
        text = json.dumps(self.environment, indent=2, sort_keys=True) + "\n"
        whole_files.write_text(self.folder / ENVIRONMENT, text)


def results_version(runs: pd.DataFrame) -> int:
    """The version of the code that made these rows, the newest where there are several; this code's without rows."""
    from ablate.config.run_config import RESULTS_VERSION

    if runs.empty:
        return RESULTS_VERSION
    if RESULTS_VERSION_COLUMN not in runs.columns:
        return 1
    known = pd.to_numeric(runs[RESULTS_VERSION_COLUMN], errors="coerce")  # what no number is follows from no settings
    return int(known[np.isfinite(known)].max()) if np.isfinite(known).any() else 1


def study_as_run(results: Results) -> Study:
    """The study of the tables, with the settings and the seeds that its last run was given on the command line.

    Its runs are those of the code that made the tables.
    """
    return replace(_as_given(results), results_version=results_version(results.runs))


def _as_given(results: Results) -> Study:
    from ablate.study.load import load_study

    path, given = results.folder / STUDY, results.environment
    overrides, seeds = given.get("overrides", []), given.get("seeds", [])
    study = load_study(path, overrides, until=given.get("looks", []))
    if not seeds or tuple(seeds) == study.seeds:
        return study
    whole = seeds == list(range(seeds[0], seeds[-1] + 1))
    return load_study(path, overrides, f"{seeds[0]}:{seeds[-1] + 1}" if whole else ",".join(map(str, seeds)))


def runs_text(runs: pd.DataFrame) -> str:
    """A runs table as the text of runs.csv."""
    whole = {name: runs[name].astype("Int64") for name in runs.columns if _holds_large_counts(runs[name])}
    lines = _Lines()
    runs.assign(**whole).to_csv(
        lines, index=False, float_format=f"%.{SIGNIFICANT_DIGITS}g", lineterminator=_Lines.ROW_END
    )
    return lines.getvalue()


class _Lines(io.StringIO):
    """Ends rows in \\n, though the CSV writer ends them in \\r\\n: only then it quotes a text with a lone \\r in it."""

    ROW_END = "\r\n"

    def write(self, row: str) -> int:
        return super().write(row.removesuffix(self.ROW_END) + "\n")


def _holds_large_counts(column: pd.Series) -> bool:
    """Whether these are whole numbers that became floats because of gaps, and have more digits than floats are given."""
    if not pd.api.types.is_float_dtype(column):
        return False
    values = column.dropna().to_numpy()
    return bool(10**SIGNIFICANT_DIGITS <= np.abs(values).max(initial=0.0) < 2**53 and (values == np.rint(values)).all())


def rows_by_id(runs: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """run_id → the row, by column."""
    return {str(row["run_id"]): {str(name): cell for name, cell in row.items()} for row in runs.to_dict("records")}


def rounded(value: Any) -> Any:
    """A float as runs.csv will hold it, so that a table in memory equals the one read back."""
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}") if isinstance(value, float) else value


def _parse_runs(path: Path, content: bytes) -> pd.DataFrame:
    """runs.csv, checked: columns, statuses, no run twice."""
    if content and not content.endswith(b"\n"):
        line = content.count(b"\n") + 1
        raise UsageError(f"{path}:{line}: the table is cut short; restore it, or delete it to train anew")
    try:
        header = pd.read_csv(io.BytesIO(content), nrows=0).columns
        gaps = {name: [""] if name in TEXT or name.startswith("set_") else ["", "nan", "NaN"] for name in header}
        runs = pd.read_csv(  # an arm may be named NA or None
            io.BytesIO(content), dtype=dict.fromkeys(TEXT, str), keep_default_na=False, na_values=gaps
        )
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise UsageError(f"{path}: not a readable table: {error}; restore it, or delete it to train anew") from error
    missing = [name for name in IDENTITY if name not in runs.columns]
    if missing:
        raise UsageError(f"{path}:1: column {missing[0]!r} is missing; not a table written by ablate")
    for problem, bad in (
        (f"status is not one of {', '.join(STATUSES)}", ~runs["status"].isin(STATUSES)),
        ("run_id is missing", runs["run_id"].isna()),
        ("this run_id stands in an earlier line too", runs["run_id"].duplicated()),
    ):
        if bad.any():
            line = int(np.flatnonzero(bad.to_numpy())[0]) + 2
            raise UsageError(f"{path}:{line}: {problem}; restore the table, or delete the line to train that run anew")
    for name in ("error", "flags"):
        runs[name] = runs[name].fillna("")
    return runs.copy()  # in one piece: pandas warns of a table with a block for each of a hundred columns


def _parse_parquet(path: Path, content: bytes, columns: list[str]) -> pd.DataFrame:
    try:
        table = pd.read_parquet(io.BytesIO(content))
    except Exception as error:  # pyarrow raises many kinds for a damaged file
        raise UsageError(f"{path}: not a readable table: {error}; restore it, or delete it to train anew") from error
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise UsageError(f"{path}: column {missing[0]!r} is missing; not a table written by ablate")
    return table


def _read_json(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: not readable JSON: {error}; restore or delete it") from error
    return content if isinstance(content, dict) else {}


def _read_array(path: Path, name: str = "x") -> np.ndarray | None:
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            return None if name != "x" and name not in file else np.asarray(file[name])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise UsageError(f"{path}: not readable samples: {error}; delete the file") from error


def _joined(table: pd.DataFrame, new: list[dict[str, Any]], replaced: set[str]) -> pd.DataFrame:
    kept = table[~table["run_id"].isin(replaced)]
    added = pd.DataFrame(new)
    return pd.concat([t for t in (kept, added) if len(t)], ignore_index=True) if len(kept) + len(added) else table
