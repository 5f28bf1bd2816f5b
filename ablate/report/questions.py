"""What may explain that runs contradict a claim: open questions, written by people beside the tables."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from ablate.claims.judgement import CONTRADICTED
from ablate.claims.verdict import Verdict
from ablate.errors import UsageError

TABLE = "open_questions.csv"
COLUMNS = ["claim", "question"]


def read(path: Path) -> dict[str, list[str]]:
    """Claim → questions, in the order of the file; UsageError where it is not such a table."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            lines = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from error
    found: dict[str, list[str]] = {}
    for number, line in enumerate(lines, start=1):
        wanted = "the columns claim,question" if number == 1 else "a claim and a question"
        if (number == 1 and line != COLUMNS) or len(line) != len(COLUMNS):
            raise UsageError(f"{path}:{number}: {','.join(line) or 'nothing'!r}, expected {wanted}")
        if number > 1:
            found.setdefault(line[0], []).append(line[1])
    return found


def of_contradicted(questions: Mapping[str, list[str]], verdicts: Iterable[Verdict]) -> list[tuple[str, list[str]]]:
    """(claim, questions) of the claims that some verdict contradicts, in the order of the questions."""
    contradicted = {each.claim for each in verdicts if each.verdict == CONTRADICTED}
    return [(claim, each) for claim, each in questions.items() if claim in contradicted]
