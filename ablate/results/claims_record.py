"""claims.json: when each claim of a study was written down, and how many of the study's runs there were then.

An entry is added when a run of the study first meets a claim, and none is ever changed or removed: a claim that is rewritten
gets a new entry, and its former text stays.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate.errors import UsageError
from ablate.files import whole_files
from ablate.results import provenance
from ablate.study.claims.claim_text import text_hash, texts_by_hash, with_former

if TYPE_CHECKING:
    from ablate.study.claims import Claim

NAME = "claims.json"
BEFORE, ADDED, CHANGED, FOUND = "before", "added", "changed", "found"
"""Written before any run was done; after some; the same in place of another text; in a study whose tables had no record"""
EVENTS = (BEFORE, ADDED, CHANGED, FOUND)


@dataclass(frozen=True)
class Entry:
    """A claim's text, and how things stood when it was written down."""

    id: str
    claim: dict[str, Any]
    """its text (ablate.study.claims.claim_text)"""
    sha256: str
    """of the text"""
    event: str
    """of EVENTS"""
    replaces: str
    """the hash of the text whose place it took; empty where there is none"""
    done: int
    """runs of the study that had ended, failed ones not counted"""
    runs: int
    """of the study, done or not"""
    time: str
    """UTC, ISO 8601"""
    commit: str
    dirty: bool
    """whether the code differed from the commit"""

    @property
    def words(self) -> str:
        """As a page says it."""
        n_of_m = f"after {self.done:,} of {self.runs:,} runs"
        if self.event == FOUND:
            return f"first recorded {n_of_m}; not recorded whether it was written before them"
        return "written before the runs" if self.event == BEFORE else f"{self.event} {n_of_m}"


Record = tuple[Entry, ...]
NOT_RECORDED = "not recorded whether its claims were written before the runs"


def with_claims(
    record: Record, claims: Iterable[Claim], former: Iterable[Claim] | None, done: int, runs: int
) -> Record:
    """The record with an entry for each claim that it does not hold.

    former: the claims of the study file that lies beside the tables; None where there is none.
    """
    now, known = texts_by_hash(claims), {entry.sha256 for entry in record}
    before = texts_by_hash(former or ())
    new = {own_hash: text for own_hash, text in now.items() if own_hash not in known}
    gone = {own_hash: text for own_hash, text in before.items() if own_hash not in now}
    code = provenance.code()
    added = []
    for own_hash, text, replaces in with_former(new, gone):
        found = own_hash in before or not (record or former is not None)
        event = BEFORE if not done else FOUND if found else CHANGED if replaces else ADDED
        replaces = replaces if event == CHANGED else ""
        added.append(
            Entry(
                text["id"],
                dict(text),
                own_hash,
                event,
                replaces,
                done,
                runs,
                provenance.now(),
                code["commit"],
                code["dirty"],
            )
        )
    return (*record, *added)


def joined(records: Sequence[Record]) -> Record:
    """The entries of several machines' records of one study, each once, in the order of time."""
    entries = [entry for record in records for entry in record]
    once = [entry for i, entry in enumerate(entries) if entry not in entries[:i]]
    return tuple(sorted(once, key=lambda entry: entry.time))


def entry_of(record: Record, own_hash: str) -> Entry | None:
    """What is recorded of a claim; where several machines recorded it, the entry that had most runs behind it."""
    known = [entry for entry in record if entry.sha256 == own_hash]
    return max(known, key=lambda entry: (entry.event != BEFORE, entry.done / max(entry.runs, 1)), default=None)


def notes(record: Record, claims: Iterable[Claim]) -> list[str]:
    """What is worth knowing of the record of these claims: that there is none, or that it lacks some."""
    texts = texts_by_hash(claims)
    if not texts:
        return []
    if not record:
        return [f"no {NAME}: {NOT_RECORDED}"]
    lacking = [text["id"] for own_hash, text in texts.items() if not entry_of(record, own_hash)]
    names = ", ".join(dict.fromkeys(lacking))
    return [f"{len(lacking)} claims are not in {NAME} as they are now ({names})"] if lacking else []


def contents(folder: Path, record: Record) -> dict[str, bytes]:
    """The file's name → its content, to be written with the tables; nothing of an empty record.

    A first one is written at once, before there is a hash of it: a hash without the file then tells that it was deleted.
    """
    if not record:
        return {}
    content = (json.dumps([asdict(entry) for entry in record], indent=1, ensure_ascii=False) + "\n").encode()
    if not (folder / NAME).exists():
        whole_files.write_bytes(folder / NAME, content)
    return {NAME: content}


def parse(path: Path, content: bytes | None) -> Record:
    """claims.json; UsageError where it is damaged, or a text is not the one that its hash was made of. None: no file."""
    if content is None:
        return ()
    kinds = {"str": str, "int": int, "bool": bool, "dict[str, Any]": dict}
    try:
        entries = [Entry(**{field.name: given[field.name] for field in fields(Entry)}) for given in json.loads(content)]
        for number, entry in enumerate(entries, start=1):
            for field in fields(Entry):
                if type(getattr(entry, field.name)) is not kinds[str(field.type)]:
                    raise ValueError(f"{field.name} of entry {number} is {getattr(entry, field.name)!r}")
            if entry.event not in EVENTS or not 0 <= entry.done <= entry.runs:
                raise ValueError(f"entry {number} is {entry.event!r} after {entry.done} of {entry.runs} runs")
            if text_hash(entry.claim) != entry.sha256:
                raise ValueError(f"the text of entry {number} ({entry.id}) was changed")
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UsageError(f"{path}: not a readable record of claims: {error}; restore it from a copy") from error
    return tuple(entries)
