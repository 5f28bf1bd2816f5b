"""A search: the settings that it draws, from which ranges, and the draws that its study file alone determines.

Random and quasi-random draws are made here, from Python's Mersenne Twister, and are the same with every version of every
library: identities of runs, and so the committed tables, depend on them. Adaptive draws (tpe) are ablate.search's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Any

SAMPLERS = ("random", "qmc", "tpe")
DIGITS = 6
"""Significant digits of a drawn number, so that settings are readable and the same on every machine"""
SOBOL_BITS = 30
MOST_PARAMETERS = 64

Draw = dict[str, Any]
"""Parameter → drawn value"""


@dataclass(frozen=True)
class Parameter:
    """A setting that is drawn uniformly from a range (log: uniformly in the logarithm) or from choices."""

    name: str
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    whole: bool = False
    choices: tuple[Any, ...] = ()

    def at(self, share: float) -> Any:
        """The value below which this share (0 ≤ share < 1) of the probability lies; of choices, the one at that place."""
        if self.choices:
            return self.choices[int(share * len(self.choices))]
        spare = 0.5 if self.whole else 0.0  # each whole number is as likely as the unit interval around it
        low, high = self.low - spare, self.high + spare
        value = math.exp(math.log(low) + share * math.log(high / low)) if self.log else low + share * (high - low)
        if self.whole:
            return min(max(math.floor(value + 0.5), int(self.low)), int(self.high))
        return self.rounded(value)

    def rounded(self, value: float) -> float:
        """The value as a draw holds it, within the range."""
        return min(max(float(f"{value:.{DIGITS}g}"), self.low), self.high)

    @property
    def examples(self) -> tuple[Any, ...]:
        """Values that stand for all when settings are checked: the ends of the range, or every choice."""
        return self.choices or ((int(self.low), int(self.high)) if self.whole else (self.low, self.high))

    def holds(self, value: Any) -> bool:
        """Whether the value could have been drawn."""
        if self.choices:
            return value in self.choices
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return number and self.low <= value <= self.high and (not self.whole or value == int(value))

    @property
    def text(self) -> str:
        """`1e-05 to 0.01, logarithmic`; `32, 64 or 128`."""
        if self.choices:
            *first, last = (f"{c:g}" if isinstance(c, float) else str(c) for c in self.choices)
            return f"{', '.join(first)} or {last}"
        kind = ", whole numbers" if self.whole else ""
        return f"{self.low:g} to {self.high:g}{kind}{', logarithmic' if self.log else ''}"


@dataclass(frozen=True)
class Search:
    """The `search` of a study file: every arm is trained with as many draws on each dataset."""

    draws: int
    sampler: str
    objective: str
    better: str
    """less or greater: which way of the objective is better"""
    batch: int
    """draws that are proposed at once, by tpe"""
    seed: int
    parameters: tuple[Parameter, ...]
    prune: bool = False
    """give up a draw that, at an evaluation, is worse than the median of earlier draws was there"""

    @property
    def adaptive(self) -> bool:
        """Whether later draws depend on what came of earlier ones."""
        return self.sampler == "tpe"

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(parameter.name for parameter in self.parameters)

    def drawn(self, dataset: str) -> tuple[Draw, ...]:
        """All draws on a dataset (its label), in their order; () for an adaptive search.

        All arms have the same draws, so that they are paired; each dataset has its own, so that none repeats the luck
        of another. A random parameter's values do not depend on which other parameters there are.
        """
        return () if self.adaptive else _drawn(self, dataset)

    def examples(self) -> list[Draw]:
        """A few draws in which every parameter takes all values that its settings must be checked with."""
        count = max(len(parameter.examples) for parameter in self.parameters)
        return [{p.name: p.examples[min(i, len(p.examples) - 1)] for p in self.parameters} for i in range(count)]

    @property
    def text(self) -> str:
        """What is searched, in a line."""
        batch = f", {self.batch} at a time" if self.adaptive else ""
        way = "lower" if self.better == "less" else "higher"
        return (
            f"{self.draws} draws for each arm and dataset, sampler {self.sampler} (seed {self.seed}{batch}), "
            f"by {self.objective} ({way} is better)"
            f"{'; draws that fall behind the median of earlier ones are pruned' if self.prune else ''}"
        )


@lru_cache(maxsize=64)
def _drawn(search: Search, dataset: str) -> tuple[Draw, ...]:
    columns = {"random": _random, "qmc": _sobol}[search.sampler](search, dataset)
    return tuple(
        {p.name: p.at(column[i]) for p, column in zip(search.parameters, columns, strict=True)}
        for i in range(search.draws)
    )


def _random(search: Search, dataset: str) -> list[list[float]]:
    """Shares [parameters, draws]; each parameter has a stream of its own."""
    streams = [Random(f"{search.seed}/{dataset}/{parameter.name}") for parameter in search.parameters]
    return [[stream.random() for _ in range(search.draws)] for stream in streams]


def _sobol(search: Search, dataset: str) -> list[list[float]]:
    """The first points of Sobol's sequence with a random digital shift (Owen, Monte Carlo theory, 2013, section 17.3)."""
    from scipy.stats import qmc

    power = max(0, math.ceil(math.log2(search.draws)))
    points = qmc.Sobol(len(search.parameters), scramble=False).random_base2(power)[: search.draws]
    stream, size = Random(f"{search.seed}/{dataset}"), 1 << SOBOL_BITS
    shifts = [stream.getrandbits(SOBOL_BITS) for _ in search.parameters]
    return [
        [(int(point * size) ^ shift) / size for point in column]
        for column, shift in zip(points.T.tolist(), shifts, strict=True)
    ]
