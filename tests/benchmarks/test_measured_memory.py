"""What a process and those that it has begun take: pages that they share are counted once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.memory import descendants, megabytes

pytestmark = pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="reads /proc/PID/smaps_rollup")

FORKING = """\
import os, sys
held = bytearray(os.urandom(1)) * (100 << 20)
if not os.fork():
    own = bytearray(b"1") * (50 << 20)
print("ready", flush=True)
sys.stdin.read()
"""


def test_shared_memory_is_counted_once_and_own_memory_in_full() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", FORKING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert [process.stdout.readline() for _ in range(2)] == ["ready\n"] * 2
    (child,) = descendants(process.pid)
    parent, forked = megabytes(process.pid), megabytes(child)
    process.stdin.close()
    process.wait()
    assert 150 < parent + forked < 200
    assert 40 < forked - parent < 60


def test_a_process_that_has_ended_takes_nothing() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert megabytes(process.pid) == 0
    assert descendants(process.pid) == []
    assert process.pid not in descendants(os.getpid())
