"""How the documents word their claims: written by people beside the tables, a line a claim."""

from __future__ import annotations

from pathlib import Path

from ablate.report.questions import read_pairs

TABLE = "claims_in_words.csv"
COLUMNS = ("claim", "words")


def read(path: Path) -> dict[str, str]:
    """Claim → its words; {} where there is no such file, UsageError where it is not such a table."""
    return {claim: words for claim, (words, *_) in read_pairs(path, COLUMNS).items()}
