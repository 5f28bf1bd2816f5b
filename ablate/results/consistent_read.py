"""The bytes of a folder's tables, all of one version, also while a run is writing them.

A writer replaces checksums.json first, then one table after the other. Each table's hash says whether it is the new
version or the one before; a reader that finds a mixture, or another checksums.json after reading than before, reads
again a moment later.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from ablate.errors import AblateError, UsageError
from ablate.results import checksums
from ablate.results.checksums import Known

PAUSE_SECONDS = 0.02
MOST_TRIES = 100
"""While the tables change, or are a mixture: about two seconds, far longer than replacing them takes"""
TRIES_WITH_UNKNOWN = 3
"""With a table that checksums.json does not know, though it stays as it is: this is damage, not a write under way"""


def read_whole(folder: Path, names: Sequence[str]) -> tuple[dict[str, bytes], Known]:
    """The contents by name of those files that exist, all of one version, and the hashes that are known of them.

    A mixture that lasts was left by a writer that was killed; it is given as it is, since tables are replaced in such
    an order that it can be used. A table with an unknown hash is given too: `checksums.check` says what is wrong.
    AblateError where the tables are being replaced all the time.
    """
    unknown, settled = 0, False
    for _ in range(MOST_TRIES):
        before = _content(folder / checksums.NAME)
        contents = {name: content for name in names if (content := _content(folder / name)) is not None}
        settled = before == _content(folder / checksums.NAME)
        if settled:
            known = checksums.parse_checksums(folder / checksums.NAME, before or b"")
            versions = [checksums.versions_of(name, content, known) for name, content in contents.items()]
            unknown += not all(versions)
            if checksums.BOTH.intersection(*versions) or unknown == TRIES_WITH_UNKNOWN:
                return contents, known
        time.sleep(PAUSE_SECONDS)
    if not settled:
        raise AblateError(f"{folder}: the tables there are being replaced all the time; try again when they are not")
    return contents, known


def _content(path: Path) -> bytes | None:
    """None where there is no such file."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"{path}: not readable: {error.strerror}") from error
