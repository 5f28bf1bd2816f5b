"""Hashes of the tables as ablate wrote them: a table that was cut short or edited by hand is detected, with its line.

checksums.json is written before the tables, and knows two versions of each: the new one, and the one that it replaces.
So a process that is killed between two writes leaves no unknown table, and a reader can tell which version each table
is of (ablate.results.consistent_read). Tables without the file, such as older ones, are read as they are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from ablate.errors import UsageError

NAME = "checksums.json"
LINE_DIGITS = 8
"""Hexadecimal digits of a line's hash: enough to say which line was edited; the whole file's hash says whether."""
MAGIC = b"PAR1"
"""How a whole Parquet file ends"""
BOTH = frozenset({0, 1})
"""New and old version, in the order in which checksums.json lists them"""
ANYWAY = (
    f"restore it from a copy; if the edit is meant, delete {NAME}: the tables are then used as they are, but "
    "`ablate promote` refuses them"
)

Known = Mapping[str, Mapping[str, Sequence[str]]]
"""File name → {"sha256": hashes of the new version and of the one before, "lines": a hash a line of the new one}"""


def read_checksums(folder: Path) -> Known:
    """What is known of the tables in a folder; empty where no hashes are kept. UsageError for a damaged file."""
    path = folder / NAME
    try:
        content = path.read_bytes() if path.exists() else b""
    except OSError as error:
        raise UsageError(f"{path}: not readable: {error.strerror}") from error
    return parse_checksums(path, content)


def parse_checksums(path: Path, content: bytes) -> Known:
    """The same of the file's content; empty content stands for no file."""
    if not content:
        return {}
    try:
        tables = json.loads(content)
        return {str(name): {key: list(map(str, tables[name][key])) for key in ("sha256", "lines")} for name in tables}
    except (ValueError, TypeError, KeyError) as error:
        raise UsageError(f"{path}: not readable ({error}); restore it from a copy") from error


def checksums_text(folder: Path, contents: Mapping[str, bytes]) -> str:
    """The text of checksums.json before `contents`, by file name, take the place of what lies in the folder."""
    known = {}
    for name, content in contents.items():
        path = folder / name
        before = [_digest(path.read_bytes())] if path.exists() else []
        known[name] = {"sha256": list(dict.fromkeys([_digest(content), *before])), "lines": _lines(name, content)}
    return json.dumps(known, separators=(",", ":"), sort_keys=True) + "\n"


def versions_of(name: str, content: bytes, known: Known) -> frozenset[int]:
    """Which of the two versions of a table this is: 0 new, 1 old, both where they are equal or no hashes are kept."""
    if name not in known:
        return BOTH
    hashes, digest = known[name]["sha256"], _digest(content)
    return BOTH if [digest] == list(hashes) else frozenset(i for i, version in enumerate(hashes) if version == digest)


def check(path: Path, content: bytes, known: Known) -> None:
    """UsageError, with the line where there is one, if ablate did not write this content of a table."""
    if versions_of(path.name, content, known):
        return
    if path.suffix != ".csv":
        if path.suffix == ".parquet" and not content.endswith(MAGIC):
            raise UsageError(f"{path}: cut short; restore it from a copy, or train anew in another folder, with --out")
        raise UsageError(f"{path}: changed since ablate wrote it; {ANYWAY}")
    line, what = _difference(content, known[path.name]["lines"])
    raise UsageError(f"{path}:{line}: {what}; {ANYWAY}")


def _difference(content: bytes, written: Sequence[str]) -> tuple[int, str]:
    """The first line that is not as written, and what is wrong there."""
    lines = _lines(".csv", content)
    whole = lines if content.endswith(b"\n") else lines[:-1]
    if len(whole) < len(written) and whole == list(written[: len(whole)]):
        return len(whole) + 1, f"the table is cut short here, {len(written) - len(whole)} lines are missing"
    known = set(written)
    foreign = [i for i, line in enumerate(lines) if line not in known]
    if foreign:
        return foreign[0] + 1, "edited by hand: this line is not as ablate wrote it"
    differing = [i for i, (a, b) in enumerate(zip(lines, written, strict=False)) if a != b]
    return min([*differing, len(lines) - 1, len(written)]) + 1, "edited by hand: lines were moved, doubled or deleted"


def _digest(content: bytes) -> str:
    return hashlib.sha256(_with_plain_line_ends(content)).hexdigest()


def _lines(name: str, content: bytes) -> list[str]:
    if not name.endswith(".csv"):
        return []
    return [hashlib.sha256(line).hexdigest()[:LINE_DIGITS] for line in _with_plain_line_ends(content).splitlines()]


def _with_plain_line_ends(content: bytes) -> bytes:
    """Text with \\n alone, for a checkout may have changed the line ends; Parquet as it is."""
    return content if content.startswith(MAGIC) else content.replace(b"\r\n", b"\n")
