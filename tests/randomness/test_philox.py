"""Philox gives the published words, and those of an implementation in whole numbers of any size."""

from __future__ import annotations

import random

import pytest
import torch

from ablate.randomness.philox import philox
from tests.support.plain_philox import plain_philox

KNOWN = (
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
)  # fmt: skip
"""Counter, key, words: the known-answer vectors of philox4x32-10 that the authors publish with Random123 (kat_vectors)"""


@pytest.mark.parametrize(("counter", "key", "words"), KNOWN)
def test_the_known_answers_are_given(counter: tuple[int, ...], key: tuple[int, ...], words: tuple[int, ...]) -> None:
    a, b, c, d = map(torch.tensor, counter)
    k0, k1 = map(torch.tensor, key)
    assert tuple(int(word) for word in philox((a, b, c, d), (k0, k1))) == words
    assert plain_philox(counter, key) == words


def test_many_counters_and_keys_at_once_agree_with_plain_whole_numbers() -> None:
    source = random.Random(3)
    rows = [[source.getrandbits(32) for _ in range(6)] for _ in range(200)]
    a, b, c, d, k0, k1 = torch.tensor(rows).unbind(1)
    words = torch.stack(philox((a, b, c, d), (k0, k1)), dim=1)
    assert words.tolist() == [list(plain_philox(row[:4], row[4:])) for row in rows]
