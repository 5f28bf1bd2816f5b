"""One word for a claim, out of all its tests: the rule by which claims are counted stands here.

Tests are ordered from the one that speaks most against the claim, the weakest, to the one that speaks most for it, the strongest.
The one in the middle is decisive, and of an even number the weaker of the two: its word is the claim's. So a claim is
reproduced where more than half of its tests are, and contradicted where at least half are.

No test of it are those that wait, and those in which nothing happened (no events). Apart stand checks: identities, and what
a loss or penalty drives at by itself. None of these counts, unless there is nothing else.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ablate.claims.judgement import CONTRADICTED, DEPENDS, INCONCLUSIVE, NO_DIFFERENCE, NO_EVENTS, REPRODUCED, WAITING
from ablate.claims.verdict import Verdict, with_datasets
from ablate.registry import ClaimFacts, facts_about
from ablate.registry.measures import measure

FOR_THE_CLAIM = (CONTRADICTED, NO_DIFFERENCE, DEPENDS, INCONCLUSIVE, REPRODUCED)
"""From what speaks most against a claim to what speaks most for it"""
EMPTY = (NO_EVENTS, WAITING)


@dataclass(frozen=True)
class Tested:
    """A headline with the verdicts on its datasets."""

    headline: Verdict
    parts: tuple[Verdict, ...]

    @property
    def word(self) -> str:
        return self.headline.verdict


@dataclass(frozen=True)
class Overall:
    """One claim over all studies that test it."""

    id: str
    sources: tuple[str, ...]
    says: str
    """its first sentence"""
    word: str
    tests: tuple[Tested, ...]
    """all but the checks, from the weakest to the strongest, then those with no events and those that wait"""
    checks: tuple[Tested, ...]
    weakest: Tested
    decisive: Tested
    strongest: Tested

    @property
    def counts(self) -> dict[str, int]:
        """Verdict → how many tests, checks left out."""
        return dict(Counter(test.word for test in self.tests))


def overall(verdicts: Iterable[Verdict]) -> list[Overall]:
    """Every claim, in the order in which they first come; headlines are followed by the verdicts on their datasets."""
    return [_of(tests) for tests in _by(_tested(verdicts), lambda test: test.headline.claim)]


def is_check(verdict: Verdict) -> bool:
    """Whether it tests the program or the training's own objective, and so no claim about what comes of it."""
    if not verdict.kind:
        return False
    return not facts_about(ClaimFacts, verdict.kind).tested or measure(verdict.metric).objective


def _of(tests: Sequence[Tested]) -> Overall:
    first = tests[0].headline
    checks = [test for test in tests if is_check(test.headline)]
    others = sorted((test for test in tests if test not in checks), key=_support)
    speaking = [test for test in others if test.word not in EMPTY] or others or sorted(checks, key=_support)
    decisive = speaking[(len(speaking) - 1) // 2]
    sources = tuple(sorted({source for test in tests for source in test.headline.source}))
    return Overall(
        first.claim,
        sources,
        first.says,
        decisive.word,
        tuple(others),
        tuple(checks),
        speaking[0],
        decisive,
        speaking[-1],
    )


def _support(test: Tested) -> tuple[int, float]:
    """By the word; among equal words by p, where something was decided, else by who is ahead."""
    verdict = test.headline
    if test.word in EMPTY:
        return len(FOR_THE_CLAIM) + EMPTY.index(test.word), 0.0
    p = 1.0 if math.isnan(verdict.p_adjusted) else verdict.p_adjusted
    ahead = 0.5 if math.isnan(verdict.improvement) else verdict.improvement
    within = {REPRODUCED: -p, CONTRADICTED: p}.get(test.word, ahead)
    return FOR_THE_CLAIM.index(test.word), within


def _tested(verdicts: Iterable[Verdict]) -> list[Tested]:
    return [Tested(headline, tuple(parts)) for headline, parts in with_datasets(verdicts)]


def _by(tests: Sequence[Tested], key: Callable[[Tested], str]) -> list[list[Tested]]:
    groups: dict[str, list[Tested]] = {}
    for test in tests:
        groups.setdefault(key(test), []).append(test)
    return list(groups.values())
