"""What may explain that runs contradict a claim: open questions, written by people beside the tables."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from ablate.claims.judgement import CONTRADICTED
from ablate.claims.verdict import Verdict
from ablate.errors import UsageError

TABLE = "open_questions.csv"
COLUMNS = ("claim", "question")


def read(path: Path) -> dict[str, list[str]]:
    """Claim → questions, in the order of the file; {} where there is none, UsageError where it is not such a table."""
    return read_pairs(path, COLUMNS)


def read_pairs(path: Path, columns: tuple[str, str]) -> dict[str, list[str]]:
    """The first column of a table of two → the texts beside it, in the order of the file; {} where there is no file."""
    if not path.is_file():
        return {}
    try:
        with open(path, encoding="utf-8", newline="") as file:
            lines = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from error
    by_claim: dict[str, list[str]] = {}
    for number, line in enumerate(lines, start=1):
        wanted = f"the columns {','.join(columns)}" if number == 1 else f"a {columns[0]} and its {columns[1]}"
        if (number == 1 and tuple(line) != columns) or len(line) != len(columns):
            raise UsageError(f"{path}:{number}: {','.join(line) or 'nothing'!r}, expected {wanted}")
        if number > 1:
            by_claim.setdefault(line[0], []).append(line[1])
    return by_claim


def of_contradicted(questions: Mapping[str, list[str]], verdicts: Iterable[Verdict]) -> list[tuple[str, list[str]]]:
    """(claim, questions) of the claims that some verdict contradicts, in the order of the questions."""
    contradicted = {verdict.claim for verdict in verdicts if verdict.verdict == CONTRADICTED}
    return [(claim, asked) for claim, asked in questions.items() if claim in contradicted]
