"""Memory that has been freed, back to the system: several workers share it, and allocators keep it for themselves."""

from __future__ import annotations

import ctypes
import sys


def give_back() -> None:
    """Have glibc return what is free, as after an evaluation, which takes more than training does; some 30 ms.

    Other C libraries do so by themselves, or cannot be asked.
    """
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)):
        trim(0)
