"""A csv file with published results of single runs beside a study file: one of its columns, of the rows that a claim names."""

from __future__ import annotations

import csv
import math
from pathlib import PurePosixPath

from ablate import registry
from ablate.study.claims.reader import Reader
from ablate.study.settings import shown


def published_values(reader: Reader) -> tuple[float, ...]:
    """The values of a claim's `file`, `column` and `where`; () where something is wrong, which is noted."""
    rows = _rows(reader)
    if not rows:
        return ()
    columns = tuple(rows[0][1])
    column = reader.text("column")
    if column and column not in columns:
        reader.wrong("column", registry.unknown("column", column, columns))
        return ()
    chosen = _chosen(reader, rows, columns)
    values = []
    for line, row in chosen if column else []:
        try:
            value = float(row[column])
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            reader.wrong("file", f"line {line} holds {row[column]!r} as its {column}, expected a finite number")
            return ()
        values.append(value)
    return tuple(values)


def _rows(reader: Reader) -> list[tuple[int, dict[str, str]]]:
    """The file's rows, each with its line."""
    name = reader.text("file")
    path = PurePosixPath(name)
    if not name:
        return []
    if path.is_absolute() or ".." in path.parts:
        reader.wrong(
            "file", f"{name} lies elsewhere, expected a file beside the study file, which is kept with the tables"
        )
        return []
    if path.suffix != ".csv" or path.name == "runs.csv":
        reader.wrong(
            "file", f"{name} is kept beside the tables, expected a name that ends with .csv and is not runs.csv"
        )
        return []
    where = reader.source.path.parent / path
    try:
        with open(where, encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file, strict=True, restval="")
            rows = [(table.line_num, {key: cell for key, cell in row.items() if key}) for row in table]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = error.strerror if isinstance(error, OSError) else error
        reader.wrong("file", f"{where} cannot be read: {why}; expected a csv file with a line of column names")
        return []
    if not rows:
        reader.wrong("file", f"{where} has no rows, expected a line of column names and a line for each run")
    return rows


def _chosen(
    reader: Reader, rows: list[tuple[int, dict[str, str]]], columns: tuple[str, ...]
) -> list[tuple[int, dict[str, str]]]:
    """The rows whose cells are what `where` says."""
    if "where" not in reader.given:
        return rows
    where = reader.given["where"]
    if not isinstance(where, dict) or not where:
        reader.wrong("where", f"where is {shown(where)}, expected a mapping of columns to what they hold")
        return []
    for column in where:
        if column not in columns:
            reader.source.wrong((*reader.spot, "where", column), registry.unknown("column", column, columns), key=True)
            return []
    chosen = [(line, row) for line, row in rows if all(row[name] == str(value) for name, value in where.items())]
    if not chosen:
        reader.wrong("where", "no row of the file is of this kind")
    return chosen
