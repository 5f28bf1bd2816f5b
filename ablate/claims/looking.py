"""The decision by looks: an open claim is decided by exactly the seeds of a look, and a closed one stays as it is.

At look k, of share w_k of the error, every hypothesis of an open claim has the p that is the least of p_j / w_j over the
looks j so far (Bonferroni over looks: valid however they hang together), and Holm's correction is made over all claims of
the study, open and closed: a claim that was closed keeps its p. The rest of the rule is that of a fixed number of seeds,
with the runs of this look, and with intervals of level 1 − 0.05 · w_k (repeated intervals: all of them together hold the
truth with 95 %). So at most one study in twenty decides anything falsely, whichever seeds are added for whatever reason.

A claim is closed when it is decided; no events are, from ten seeds on. It is also closed, inconclusive, where more seeds
would hardly decide it: without a margin, where the probability of improvement lies within 25 to 75 % at one-sided level
0.05 · w_k; with one, where the interval lies within the margin and yet one arm is told from the other. That only saves runs:
closing a claim can make no decision false.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ablate.claims.decide import Parts, judged
from ablate.claims.evidence import Evidence
from ablate.claims.judgement import CONTRADICTED, DECIDED, DEPENDS, INCONCLUSIVE, NO_DIFFERENCE, NO_EVENTS, REPRODUCED
from ablate.claims.kind import is_tested
from ablate.claims.statistics.bootstrap import LEVEL
from ablate.claims.thresholds import ALPHA, LIKELY, apart
from ablate.claims.verdict import Verdict
from ablate.results.numbers import percent
from ablate.study.claims import Claim
from ablate.study.looks import Look

ENOUGH_WITHOUT_EVENTS = 10
"""Seeds an arm from which on a claim is closed because nothing happened in either arm"""

Weigh = Callable[[int, float], tuple[Sequence[Evidence], Evidence]]
"""(claim's number, level of the interval) → the evidence on each of its datasets, and over all of them"""


@dataclass
class Looking:
    """What a study's looks have decided so far."""

    name: str
    """the study's"""
    claims: Sequence[Claim]
    alpha: float = ALPHA
    """level for the number of seeds that is told after the last look; 0 where none is asked for"""
    open: list[int] = field(default_factory=list)
    """numbers of the claims that are not closed"""
    parts: Parts = field(default_factory=dict)
    wholes: dict[int, Evidence] = field(default_factory=dict)
    rows: dict[int, list[Verdict]] = field(default_factory=dict)
    """claim's number → its headline and its datasets' verdicts, as its last look left them"""

    def __post_init__(self) -> None:
        self.open = [i for i, claim in enumerate(self.claims) if not claim.waits]

    @property
    def cells(self) -> list[tuple[str, str]]:
        """(dataset, arm) of all runs that open claims use."""
        used: dict[tuple[str, str], None] = {}
        for i in self.open:
            for dataset in self.claims[i].datasets:
                if (i, dataset) not in self.parts or self.parts[i, dataset].applies:
                    used |= dict.fromkeys((dataset, arm) for arm in self.claims[i].arms)
        return list(used)

    def take(self, look: Look, weigh: Weigh) -> None:
        """Make a look: decide the open claims by its runs, and close those that it decides, or that more would not."""
        level = 1 - (1 - LEVEL) * look.share
        for i in self.open:
            parts, whole = weigh(i, level)
            self.wholes[i] = _with_least_p(whole, self.wholes.get(i), look)
            for dataset, part in zip(self.claims[i].datasets, parts, strict=True):
                self.parts[i, dataset] = _with_least_p(part, self.parts.get((i, dataset)), look)
        told = grouped(self.claims, judged(self, self.parts, self.wholes, self.alpha * look.last))  # type: ignore[arg-type]
        left = []
        for i in self.open:
            why = self._closing(i, told[i], look, weigh)
            self.rows[i] = [_of_look(verdict, look) for verdict in told[i]]
            self.rows[i][0] = replace(self.rows[i][0], reason=f"{told[i][0].reason}; {why or _going_on(look)}")
            if why is None:
                left.append(i)
            else:  # no number of seeds is asked for any more
                self.wholes[i] = replace(self.wholes[i], seeds_decide=False)
                for dataset in self.claims[i].datasets:
                    self.parts[i, dataset] = replace(self.parts[i, dataset], seeds_decide=False)
        self.open = left

    def _closing(self, i: int, told: Sequence[Verdict], look: Look, weigh: Weigh) -> str | None:
        """Why the claim is closed at this look, in words; None where it stays open."""
        word, on_datasets = told[0].verdict, told[1:]
        at = f"decided at {look.words}, {look.n} seeds"
        if word in (REPRODUCED, CONTRADICTED, NO_DIFFERENCE):
            return at
        if word == NO_EVENTS and look.n >= ENOUGH_WITHOUT_EVENTS:
            return at
        if word == DEPENDS and all(verdict.verdict in DECIDED for verdict in on_datasets):
            return at
        if word == INCONCLUSIVE and not look.last and (why := self._futile(i, look, weigh)):
            return f"closed at {look.words}, {look.n} seeds: {why}"
        return None

    def _futile(self, i: int, look: Look, weigh: Weigh) -> str:
        """Why more seeds would hardly decide it, in words; empty where they might."""
        whole, claim = self.wholes[i], self.claims[i]
        _, low, high = whole.oriented
        if whole.target is not None or whole.binary or not is_tested(claim):
            return ""
        if whole.margin:
            both = -whole.margin < low and high < whole.margin and apart(whole.improvement)
            return "within the margin, and yet told apart" if both else ""
        if not _middling(whole.improvement):
            return ""
        parts, wider = weigh(i, 1 - 2 * ALPHA * look.share)
        there = [part for part in parts if part.applies]
        within = [wider] if claim.decide == "pooled" else there
        ends = [end for evidence in within for end in (evidence.improvement_low, evidence.improvement_high)]
        if not all(map(_middling, (*ends, *(part.improvement for part in there)))):
            return ""
        return f"ahead in {percent(min(ends))} to {percent(max(ends))}, so that more seeds would hardly decide it"


def grouped(claims: Sequence[Claim], verdicts: Sequence[Verdict]) -> dict[int, list[Verdict]]:
    """Verdicts in the order of the claims, by the claim's number: the headline first, then its datasets."""
    by_claim, place = {}, 0
    for i, claim in enumerate(claims):
        count = 1 if claim.waits else 1 + len(claim.datasets)
        by_claim[i] = list(verdicts[place : place + count])
        place += count
    return by_claim


def _middling(chance: float) -> bool:
    """Neither arm is ahead as often as a decision takes; False of NaN."""
    return 1 - LIKELY < chance < LIKELY


def _going_on(look: Look) -> str:
    at = f"{look.words}, {look.n} seeds"
    return f"not closed at {at}, the last" if look.last else f"open after {at}"


def _of_look(verdict: Verdict, look: Look) -> Verdict:
    return replace(verdict, look=look.number, share=look.share)


def _with_least_p(now: Evidence, before: Evidence | None, look: Look) -> Evidence:
    """The evidence of a look, its p divided by the look's share; the least of the looks so far, for each hypothesis."""
    names = ("p_for", "p_against", "p_within", "heterogeneity")
    least: Mapping[str, Any] = {
        name: _least(getattr(now, name) / look.share, math.nan if before is None else getattr(before, name))
        for name in names
    }
    return replace(now, **least)


def _least(now: float, before: float) -> float:
    """The smaller of two p, at most 1; NaN counts as none."""
    known = [p for p in (now, before) if not math.isnan(p)]
    return min(1.0, *known) if known else math.nan
