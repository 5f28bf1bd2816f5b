"""looks.json: what each look of a study closed, as it was decided then; a verdict there is not changed by later runs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ablate.errors import UsageError
from ablate.files import whole_files

NAME = "looks.json"


@dataclass(frozen=True)
class Frozen:
    """A claim's headline when it was closed."""

    look: int
    n: int
    """seeds of an arm on a dataset"""
    share: float
    """the look's, of the error"""
    p: float | None
    """the least of p / share over the looks so far; None where nothing is left to chance"""
    verdict: str


@dataclass(frozen=True)
class LooksRecord:
    """The looks of a study, and what they closed."""

    looks: tuple[int, ...] = ()
    closed: dict[str, Frozen] = field(default_factory=dict)
    """by the claim's key"""
    claims: tuple[str, ...] = ()
    """keys of all claims that p was corrected for"""


def read_looks_record(folder: Path) -> LooksRecord:
    """The record beside the tables; an empty one where there is none. UsageError where it is not readable."""
    path = folder / NAME
    if not path.exists():
        return LooksRecord()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        closed = {str(key): Frozen(**value) for key, value in content["closed"].items()}
        return LooksRecord(tuple(map(int, content["looks"])), closed, tuple(map(str, content.get("claims", ()))))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(
            f"{path}: not a readable record of looks: {error!r}; restore it, or delete it to have it made anew"
        ) from error


def write_looks_record(folder: Path, record: LooksRecord) -> None:
    """Write it, in the order of the claims."""
    closed = {key: asdict(frozen) for key, frozen in record.closed.items()}
    content = {"looks": list(record.looks), "claims": list(record.claims), "closed": closed}
    text = json.dumps(content, indent=2, ensure_ascii=False)
    whole_files.write_text(folder / NAME, text + "\n")
