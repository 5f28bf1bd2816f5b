"""What was freed between blocks that are still in use goes back to the system, and only when it is asked for."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest

from ablate.training.memory import give_back

BLOCK, COUNT = 2**16, 1600


def held() -> int:
    """Bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "malloc_trim") or not Path("/proc/self/statm").exists(),
    reason="needs glibc on Linux",
)
def test_freed_blocks_go_back_to_the_system() -> None:
    blocks = [bytearray(b"1") * BLOCK for _ in range(COUNT)]  # below the size that glibc maps, and frees, one by one
    full = held()
    keep = blocks[-1]  # at the end of the heap, so that it cannot shrink
    del blocks
    assert full - held() < BLOCK * COUNT / 2
    give_back()
    assert full - held() > BLOCK * COUNT / 2
    assert len(keep) == BLOCK
