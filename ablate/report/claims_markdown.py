"""The claims as a Markdown table, a row a claim: what README shows is a copy of it."""

from __future__ import annotations

from collections.abc import Sequence

from ablate.report.glance import Row

HEAD = (
    "| claim | in the document's words | from | verdict | its tests | what came out |",
    "| --- | --- | --- | --- | --- | --- |",
)


def table(rows: Sequence[Row]) -> str:
    """The table, ending in a line break; checks stand in brackets behind the tests."""
    lines = [
        f"| `{row.id}` | {_cell(row.words)} | {', '.join(row.sources) or '–'} | {row.symbol} {row.verdict} | {_tests(row)} | "
        f"{_cell(row.told)} |"
        for row in rows
    ]
    return "\n".join([*HEAD, *lines]) + "\n"


def _tests(row: Row) -> str:
    tests = " ".join(f"{count} {symbol}" for symbol, _, count in row.counts)
    return f"{tests} ({len(row.checks)} checks)" if row.checks else tests


def _cell(text: str) -> str:
    """A text that ends no cell, and starts no emphasis or tag."""
    for sign in "\\|*_<`":
        text = text.replace(sign, f"\\{sign}")
    return " ".join(text.split())
