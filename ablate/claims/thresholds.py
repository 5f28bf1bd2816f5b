"""The thresholds of verdicts: levels, shares of pairs, numbers of seeds."""

from __future__ import annotations

ALPHA = 0.05
"""Level of a study's claims together, by Holm's correction"""
LIKELY = 0.75
"""Probability of improvement that a claim must reach: the better arm wins three times as often as it loses"""
APART = 0.9
"""Beyond this probability of improvement, or below 1 − this, the arms are told apart, however small the difference"""
FEWEST_SEEDS = 5
"""Of 4 against 4 no exact two-sided p is below 0.028, and none is left after a correction"""
ROUNDING = 1e-9
"""A probability that is 0.75 but for rounding reaches it"""


def likely(chance: float) -> bool:
    """Whether a probability of improvement is enough for the arm."""
    return chance >= LIKELY - ROUNDING


def apart(chance: float) -> bool:
    """Whether it is too far from one half, either way, to say that there is no difference."""
    return max(chance, 1 - chance) > APART + ROUNDING
