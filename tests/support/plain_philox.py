"""Philox 4×32-10 as its paper writes it (Salmon et al. 2011, section 3.3), in Python's whole numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence


def plain_philox(counter: Sequence[int], key: Sequence[int]) -> tuple[int, ...]:
    left0, right0, left1, right1 = counter
    k0, k1 = key
    for _ in range(10):
        high0, low0 = divmod(left0 * 0xD2511F53, 2**32)
        high1, low1 = divmod(left1 * 0xCD9E8D57, 2**32)
        left0, right0, left1, right1 = high1 ^ right0 ^ k0, low1, high0 ^ right1 ^ k1, low0
        k0, k1 = (k0 + 0x9E3779B9) % 2**32, (k1 + 0xBB67AE85) % 2**32
    return left0, right0, left1, right1


def plain_words(seed: int, purpose: str, step: int, call: int, count: int) -> list[int]:
    """The first words of a seed's stream for one step, in the call of that number."""
    digest = hashlib.sha256(f"{seed}/{purpose}".encode()).digest()
    key = int.from_bytes(digest[:4], "big"), int.from_bytes(digest[4:8], "big")
    return [word for group in range(-(-count // 4)) for word in plain_philox((group, 0, step, call), key)][:count]
