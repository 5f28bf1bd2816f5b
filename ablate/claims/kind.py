"""A kind of claim, whole: what its claims weigh, how they are judged, what the page says and shows, and its simulations.

A kind is one class in one file, registered as `@register("claim", "my_kind")`, built in (ablate.claims.kinds) or from a
plugin. `read`, `statement` and `weigh` must be given; the rest has defaults. Reading a study file imports the file, and
must stay fast: what needs numpy is imported inside the methods that weigh.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ablate.errors import UsageError
from ablate.registry import ClaimFacts, entries, facts_about
from ablate.results import numbers
from ablate.study.claims.claim import Claim
from ablate.study.claims.kind import ClaimKind, kind_named

if TYPE_CHECKING:
    from ablate.claims.evidence import Evidence
    from ablate.claims.simulation import Law
    from ablate.claims.study_rows import StudyRows
    from ablate.claims.values import Samples
    from ablate.claims.verdict import Verdict

WIDEST_RATIO, NARROWEST_RATIO = 20.0, 2.0
"""The axis of ratios reaches to the largest effect of the page, but within these"""

Strata = list[tuple[str, "Samples"]]
"""(dataset, its samples)"""
Judged = tuple[str, str, int | None]
"""verdict, the reason in words, and seeds an arm and dataset that would decide it (None if decided, or if none would)"""


@dataclass(frozen=True)
class Axis:
    """The axis of an effect's bar: bars of one name share it, and it reaches as far as the largest of them."""

    name: str
    least: float = 0.0
    """it reaches at least so far to either side of no effect"""
    most: float = math.inf


@dataclass(frozen=True)
class Range:
    """The axis of a value that should lie between two ends, ±inf where open; no other value shares it."""

    low: float
    high: float


@dataclass(frozen=True)
class Mark:
    """How the board shows a verdict beside its numbers."""

    what: str
    """what the effect is of, in a few words"""
    axis: Axis | Range | None
    """None: there is no bar"""


@dataclass(frozen=True)
class Simulation:
    """One line of `ablate calibrate`: studies with one claim of a kind, whose truth is known.

    make(law, n, effect) gives the claim, the runs that decide it, and the true effect on the scale of comparison. At an
    effect of 0 the truth must lie at the edge of what is claimed, where a false verdict is likeliest; an effect is how
    many standard deviations inside it lies.
    """

    name: str
    words: str
    """as the page names it"""
    make: Callable[[Law, int, float], tuple[Claim, Samples, float]]
    stream: int | None = None
    """of its random numbers; None: one that depends on the name"""
    laws: tuple[str, ...] = ()
    """under which it is simulated (ablate.claims.simulation.LAWS); none: under all"""
    looks: tuple[int, ...] = ()
    """the study is looked at with so many times n seeds, until it is decided; (): once, with n"""
    claims: int = 1
    """of a study that is looked at: how many such claims it has"""


class Kind(ClaimKind):
    """The base of all kinds of claims."""

    @abstractmethod
    def weigh(self, claim: Claim, strata: Strata, level: float) -> Evidence:
        """What the runs of one or several datasets say; `level` is that of the interval, such as 0.95."""

    def samples(self, rows: StudyRows, claim: Claim, dataset: str) -> Samples:
        """The values that a claim compares on a dataset: those of its arm, and of the arm that it names as `against`."""
        from ablate.claims.values import samples_of

        return samples_of(rows, claim, dataset)

    def judge(self, evidence: Evidence, p_adjusted: float, alpha: float) -> Judged:
        """The verdict; alpha: 0.05 shared among the tests that are corrected together, for the number of seeds."""
        from ablate.claims.judgement import judge

        return judge(evidence, p_adjusted, alpha)

    def mark(self, verdict: Verdict) -> Mark:
        """How the board shows the verdict."""
        return Mark(f"{verdict.metric}: {verdict.arm} {minus(verdict)} {verdict.against}", axis_of(verdict))

    def finding(self, verdict: Verdict) -> str:
        """What the runs say, with the effect and its interval, and what was claimed; there is an effect."""
        return f"{self.mark(verdict).what}: {effect_text(verdict)}"

    def sentence(self, verdict: Verdict) -> str:
        """The outcome in one sentence: what the runs say, or why they do not say it, and the verdict."""
        told = f"{self.mark(verdict).what}: {verdict.reason}" if math.isnan(verdict.effect) else self.finding(verdict)
        return f"{told}: {verdict.verdict}"

    def simulations(self) -> tuple[Simulation, ...]:
        """What `ablate calibrate` simulates of this kind; none for a kind that leaves nothing to chance."""
        return ()


def kind_of(claim: Claim) -> Kind:
    """The kind of a claim's test; UsageError where it cannot decide a claim."""
    return deciding_kind(claim.test)


def deciding_kind(name: str) -> Kind:
    """The kind of that name; UsageError where it only reads claims."""
    kind = kind_named(name)
    if not isinstance(kind, Kind):
        raise UsageError(f"claim kind {name!r} only reads claims; make it a subclass of ablate.claims.kind.Kind")
    return kind


def is_tested(claim: Claim) -> bool:
    """Whether there is a p, which is corrected together with those of the study's other claims."""
    return facts_about(ClaimFacts, claim.test).tested


def simulations() -> dict[str, Simulation]:
    """All simulations by name: those of built-in kinds in the order of their streams, then those of plugins."""
    known = [simulation for name in entries("claim") for simulation in deciding_kind(name).simulations()]
    known.sort(key=lambda simulation: math.inf if simulation.stream is None else simulation.stream)
    return {simulation.name: simulation for simulation in known}


def axis_of(verdict: Verdict) -> Axis | Range | None:
    """The axis that fits the scale of an effect."""
    if verdict.scale == "value":
        return Range(verdict.target_low, verdict.target_high)
    if verdict.scale == "ratio":
        return Axis("ratio", math.log(NARROWEST_RATIO), math.log(WIDEST_RATIO))
    return Axis(f"{verdict.metric} {verdict.statistic}")


def minus(verdict: Verdict) -> str:
    """The sign between two arms."""
    return "÷" if verdict.scale == "ratio" else "−"


def effect_text(verdict: Verdict) -> str:
    """The effect and its interval."""
    return numbers.effect(verdict.effect, verdict.low, verdict.high, verdict.scale)


def comparison_text(verdict: Verdict, metric: str, other: str) -> str:
    """What a comparison came to: `fid of a is 0.5 [0.4, 0.6] times that of b`."""
    if verdict.scale != "ratio":
        return f"{metric} of {verdict.arm} differs from {other} by {effect_text(verdict)}"
    interval = numbers.interval(verdict.low, verdict.high)
    return f"{metric} of {verdict.arm} is {numbers.number(verdict.effect)} {interval} times {other}"
