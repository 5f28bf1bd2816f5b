"""A reader that closes its end, as `| head` does, ends what is shown and not what is trained."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def closed_pipes_ignored() -> Iterator[None]:
    """Within the block, standard output and error that nobody reads any more take what is written, and drop it."""
    before = sys.stdout, sys.stderr
    ignore_closed_pipes()
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def ignore_closed_pipes() -> None:
    """The same for the rest of this process."""
    sys.stdout, sys.stderr = _Stream(sys.stdout), _Stream(sys.stderr)  # type: ignore[assignment]


class _Stream:
    """A text stream to which writing never fails for want of a reader."""

    def __init__(self, stream: Any):
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._stream)

    def write(self, text: str) -> int:
        try:
            self._stream.write(text)
        except BrokenPipeError:
            self._drop_the_rest()
        return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except BrokenPipeError:
            self._drop_the_rest()

    def _drop_the_rest(self) -> None:
        """Let the stream lead nowhere, so that what it holds back fails neither now nor when Python ends."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, self._stream.fileno())
        finally:
            os.close(nowhere)
