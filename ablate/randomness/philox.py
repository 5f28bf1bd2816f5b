"""Philox 4×32-10, the counter-based generator of Salmon et al. 2011 ("Parallel random numbers: as easy as 1, 2, 3").

In tensor operations of 64-bit integers alone, so that every device and every version of PyTorch gives the same words. A
product of two 32-bit words wraps modulo 2^64 as a signed integer, which leaves both of its halves right.
"""

from __future__ import annotations

import torch
from torch import Tensor

ROUNDS = 10
MULTIPLIERS = 0xD2511F53, 0xCD9E8D57
WEYL = 0x9E3779B9, 0xBB67AE85
"""What is added to the two words of the key after each round"""
MASK = 0xFFFFFFFF

Words = tuple[Tensor, Tensor, Tensor, Tensor]


def philox(counter: Words, key: tuple[Tensor, Tensor]) -> Words:
    """Four random words for a counter of four words and a key of two: int64 in [0, 2^32), of the shape they broadcast to."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(ROUNDS):
        first, second = c0 * MULTIPLIERS[0], c2 * MULTIPLIERS[1]
        # the words that are multiplied must be below 2^32, and so must what is given; of the others the low half counts
        c0, c1, c2, c3 = (second >> 32 ^ c1 ^ k0) & MASK, second, (first >> 32 ^ c3 ^ k1) & MASK, first
        k0, k1 = k0 + WEYL[0] & MASK, k1 + WEYL[1] & MASK
    c0, c1, c2, c3 = torch.broadcast_tensors(c0, c1 & MASK, c2, c3 & MASK)
    return c0, c1, c2, c3
