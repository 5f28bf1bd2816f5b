"""What an earlier rule said of the same runs: its verdicts stand beside the new ones, with the reason where they differ."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from ablate.claims.judgement import CONTRADICTED, DEPENDS, NO_EVENTS
from ablate.claims.verdict import POOLED, Verdict
from ablate.errors import UsageError
from ablate.registry.measures import measure

TABLE = "former_verdicts.csv"
KEY = ("study", "claim", "says", "dataset", "kind", "metric", "statistic", "arm", "against", "direction", "decide")
"""What makes a test the same test"""
Former = Mapping[tuple[str, ...], tuple[str, str]]
"""A test → the former verdict and its reason"""


def read(path: Path) -> Former:
    """The table; {} where there is none, UsageError where it is not such a table."""
    if not path.is_file():
        return {}
    try:
        with open(path, encoding="utf-8", newline="") as file:
            rows = csv.DictReader(file)
            return {tuple(row[name] for name in KEY): (row["verdict"], row["reason"]) for row in rows}
    except (OSError, UnicodeDecodeError, csv.Error, KeyError) as error:
        raise UsageError(f"{path}: not a table of former verdicts: {error}") from error


def of(former: Former, verdict: Verdict) -> tuple[str, str, str]:
    """The former verdict, its reason, and why the new one is another; empty texts where there is nothing to say."""
    word, reason = former.get(tuple(str(getattr(verdict, name)) for name in KEY), ("", ""))
    return word, reason, _why(word, reason, verdict) if word and word != verdict.verdict else ""


def _why(word: str, reason: str, verdict: Verdict) -> str:
    """Which change of the rule made it another."""
    if verdict.verdict == NO_EVENTS:
        return "shares of runs are compared as shares, and nothing happened in any run"
    if verdict.verdict == DEPENDS:
        return "the effect is not the same on all datasets, of which some are decided"
    if measure(verdict.metric).binary or verdict.statistic.startswith("share"):
        return "shares of runs are tested exactly, and three quarters of the pairs are not asked for"
    if word == CONTRADICTED and reason.startswith("the difference lies within the margin"):
        return "a difference smaller than the margin is not the opposite of the claim"
    clauses = {
        "verdicts on datasets are corrected for all datasets and claims": verdict.dataset != POOLED,
        "a spread is tested by gaps between runs, which are independent": verdict.statistic == "spread",
        "a small p of ranks must be confirmed by a test that unequal spreads do not fool": verdict.method
        == "studentized",
        "the test is of the margin, so that the correction for several claims covers it": verdict.margin > 0,
    }
    return "; ".join(clause for clause, applies in clauses.items() if applies) or "the interval is another one"
