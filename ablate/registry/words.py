"""What a message says of an unknown name: what was expected, and the nearest known name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

MOST_NAMES = 40
"""How many names an error message lists."""


def unknown(what: str, name: object, known: Iterable[object]) -> str:
    """One sentence for an unknown name: what was expected, and the nearest known name."""
    names = [str(item) for item in known]
    near = difflib.get_close_matches(str(name), names, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    rest = f", and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return f"unknown {what} {name!r}, expected one of: {', '.join(names[:MOST_NAMES])}{rest}{hint}"
