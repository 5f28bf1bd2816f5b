"""What training and looks say of a verdict, in words: since when it stands, where the effect goes, what limits it."""

from __future__ import annotations

from ablate.claims.judgement import DECIDED
from ablate.claims.verdict import Verdict
from ablate.results import numbers


def notes(verdict: Verdict) -> list[str]:
    """All of it."""
    return [*_budget_words(verdict), *course_words(verdict), *_look_words(verdict), *_clock_words(verdict)]


def course_words(verdict: Verdict) -> list[str]:
    """Since when the verdict stands, whether it is sustained, and where the effect goes; empty where nothing is known."""
    told = []
    if verdict.sustained:
        told.append("sustained" if verdict.sustained == "yes" else "not sustained")
    if verdict.since_step is not None:
        told.append(f"since step {verdict.since_step:,}")
    if verdict.effect_trend:
        told.append(f"effect {verdict.effect_trend}")
    if verdict.meets_margin_at is not None:
        goal = "the margin" if verdict.margin else "equality"
        told.append(f"by a straight line it meets {goal} at step {numbers.number(verdict.meets_margin_at, 2)}")
    return told


def _look_words(verdict: Verdict) -> list[str]:
    """The warning of an effect that was found at an early look, where the ones that look large are the ones that close."""
    early = verdict.look is not None and verdict.look < len(verdict.looks) and verdict.verdict in DECIDED
    return ["found at an early look, so its size is overstated on average: read the interval"] * early


def _clock_words(verdict: Verdict) -> list[str]:
    """What a test of seconds leaves out."""
    told = (
        "runs of an arm that train together have one clock: the test is of their steps, a step's time is taken as it is"
    )
    return [told] * (verdict.metric == "seconds_to_target" and verdict.n[0] > 0)


def _budget_words(verdict: Verdict) -> list[str]:
    """The mark of a verdict about quality whose losing arm still improved."""
    return ["budget-limited: the arm that loses still improved when training ended"] * (verdict.budget_limited == "yes")
