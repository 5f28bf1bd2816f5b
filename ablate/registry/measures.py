"""The one list of measures: everything that runs can be compared by, where it comes from, and where it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ablate.registry.facts import Better, MeasureFacts, MetricFacts, ProbeFacts, Scale, StabilityFacts
from ablate.registry.registry import entries

Origin = Literal["metric", "stability", "probe", "series", "status", "pair", "column"]
KINDS: tuple[Origin, ...] = ("metric", "stability", "probe")
"""Kinds of components that are measures"""


@dataclass(frozen=True)
class Measure:
    """One of them. `origin` says where a value comes from:

    metric: of generated samples, at every evaluation; at_end: only at the last
    stability: of a run's whole record; probe: of the critic, at every evaluation; at_end: only at the last
    series: what every run records while it trains, averaged since the evaluation before
    status: of how the run ended; pair: of two arms' curves, for the target is the worse arm's
    column: a column of the table that nobody registered
    """

    name: str
    better: Better = "none"
    scale: Scale = "difference"
    origin: Origin = "column"
    summary: str = ""
    needs: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    order: int = 100
    at_end: bool = False
    binary: bool = False
    """0 or 1: averaged whole, since the interquartile mean would hide a quarter"""
    objective: bool = False
    """a penalty or loss drives at it by itself"""

    @property
    def center(self) -> str:
        """The statistic that stands for an arm's runs: iqm or mean."""
        return "mean" if self.binary else "iqm"

    @property
    def has_curve(self) -> bool:
        """Whether runs have a value of it at every evaluation."""
        return self.origin in ("metric", "probe", "series") and not self.at_end


_OF_CRITIC_STEPS = (
    Measure("critic_loss", "none", "difference", "series", "the critic's loss", shown=("training",), order=1),
    Measure("wasserstein_estimate", "none", "difference", "series", "E f(real) − E f(fake) of a step"),
    Measure("critic_gradient_norm", "none", "ratio", "series", "norm of the critic's gradient", shown=("training",),
            order=2),
)  # fmt: skip
_OF_GENERATOR_STEPS = (
    Measure("generator_loss", "none", "difference", "series", "the generator's loss"),
    Measure("generator_gradient_norm", "none", "ratio", "series", "norm of the generator's gradient",
            shown=("training",), order=3),
)  # fmt: skip
CRITIC_SERIES = tuple(series.name for series in _OF_CRITIC_STEPS)
"""What a critic step gives of each member, in this order (ablate.training.step)"""
GENERATOR_SERIES = tuple(series.name for series in _OF_GENERATOR_STEPS)
"""What a generator step gives of each member, in this order"""
_FROM_RUNS = (
    Measure("diverged", "less", "difference", "status", "whether a run stopped being finite", shown=("reference",),
            order=90, binary=True),
    Measure("steps_to_target", "less", "ratio", "pair", "generator steps to the worse arm's final fid"),
    Measure("seconds_to_target", "less", "ratio", "pair", "seconds of training to the worse arm's final fid"),
    *_OF_CRITIC_STEPS,
    *_OF_GENERATOR_STEPS,
)  # fmt: skip
"""Measures that no component registers"""


def measures() -> dict[str, Measure]:
    """All measures by name: those of components as registered, then those that every run has."""
    registered = {
        name: Measure(
            name, facts.better, facts.scale, kind, entry.summary, facts.needs, facts.shown, facts.order,
            isinstance(facts, MetricFacts | ProbeFacts) and facts.at_end, isinstance(facts, StabilityFacts) and facts.binary,
            facts.objective,
        )
        for kind in KINDS
        for name, entry in entries(kind).items()
        if isinstance(facts := entry.facts, MeasureFacts)
    }  # fmt: skip
    return registered | {measure.name: measure for measure in _FROM_RUNS}


def measure(name: str) -> Measure:
    """A measure by name; a column that is not registered is compared by difference, neither way better."""
    return measures().get(name) or Measure(name)


def shown_in(place: str) -> list[Measure]:
    """The measures that say that they are shown in a place, in the order in which they stand there."""
    return sorted((m for m in measures().values() if place in m.shown), key=lambda m: m.order)


def of_origin(*origins: Origin) -> list[str]:
    """Names of the measures that come from there."""
    return [name for name, known in measures().items() if known.origin in origins]
