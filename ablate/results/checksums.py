"""Hashes of the tables as ablate wrote them: a table that was cut short or edited by hand is told apart, by its line.

checksums.json is written before the tables, and knows two versions of each: the one that lies there, and the one that is
about to. So a process that is killed between two writes leaves no table that is not known. Tables without the file, such
as older ones, cannot be told apart, and are read as they are.
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


def read_checksums(folder: Path) -> dict[str, dict[str, list[str]]]:
    """File name → {"sha256": hashes of the versions that are ablate's, "lines": a hash a line}; empty where none are kept."""
    path = folder / NAME
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): {key: list(map(str, found[name][key])) for key in ("sha256", "lines")} for name in found}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UsageError(
            f"{path}: not readable ({error}); restore it, or delete it to have the tables used as they are"
        ) from error


def checksums_text(folder: Path, contents: Mapping[str, bytes]) -> str:
    """The text of checksums.json before `contents`, by file name, take the place of what lies in the folder."""
    known = {}
    for name, content in contents.items():
        path = folder / name
        before = [_digest(path.read_bytes())] if path.exists() else []
        known[name] = {"sha256": list(dict.fromkeys([_digest(content), *before])), "lines": _lines(name, content)}
    return json.dumps(known, separators=(",", ":"), sort_keys=True) + "\n"


def check(path: Path, content: bytes, known: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
    """UsageError, with the line where there is one, if the content of this table is none that ablate wrote there."""
    versions = known.get(path.name)
    if versions is None or _digest(content) in versions["sha256"]:
        return
    anyway = f"restore it, or, to have it used as it is, delete {path.with_name(NAME)}"
    if path.suffix != ".csv":
        if not content.endswith(MAGIC):
            raise UsageError(f"{path}: cut short; restore it, or delete {path.with_name('runs.csv')} to train anew")
        raise UsageError(f"{path}: changed since ablate wrote it; {anyway}")
    line, what = _difference(content, versions["lines"])
    raise UsageError(f"{path}:{line}: {what}; {anyway}")


def _difference(content: bytes, written: Sequence[str]) -> tuple[int, str]:
    """The first line that is not as written, and what is wrong there."""
    found = _lines(".csv", content)
    whole = found if content.endswith(b"\n") else found[:-1]
    if len(whole) < len(written) and whole == list(written[: len(whole)]):
        return len(whole) + 1, f"the table is cut short here, {len(written) - len(whole)} lines are missing"
    known = set(written)
    foreign = [i for i, line in enumerate(found) if line not in known]
    if foreign:
        return foreign[0] + 1, "edited by hand: this line is not as ablate wrote it"
    differing = [i for i, (a, b) in enumerate(zip(found, written, strict=False)) if a != b]
    return min([*differing, len(found) - 1, len(written)]) + 1, "edited by hand: lines were moved, doubled or deleted"


def _digest(content: bytes) -> str:
    return hashlib.sha256(_plain(content)).hexdigest()


def _lines(name: str, content: bytes) -> list[str]:
    if not name.endswith(".csv"):
        return []
    return [hashlib.sha256(line).hexdigest()[:LINE_DIGITS] for line in _plain(content).splitlines()]


def _plain(content: bytes) -> bytes:
    """Text with plain line ends, for a checkout may have changed them; Parquet as it is."""
    return content if content.startswith(MAGIC) else content.replace(b"\r\n", b"\n")
