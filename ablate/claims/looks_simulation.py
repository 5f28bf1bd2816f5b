"""Simulated studies that go by looks, of one claim or several whose truth is the same: what is decided, with how many seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ablate.claims.kind import Simulation, kind_of
from ablate.claims.looking import Looking
from ablate.study.looks import looks_at

if TYPE_CHECKING:
    from ablate.claims.evidence import Evidence
    from ablate.claims.simulation import Law
    from ablate.claims.values import Samples


@dataclass(frozen=True)
class LookedAt:
    """A simulated study after its looks."""

    words: list[str]
    """the verdict on each claim"""
    seeds: float
    """an arm, averaged over the claims"""


def looked_at(simulation: Simulation, law: Law, n: int, effect: float) -> LookedAt:
    """A study of so many claims, with looks at those multiples of n; each claim's runs are its own."""
    looks = looks_at(tuple(n * multiple for multiple in simulation.looks))
    made = [simulation.make(law, looks[-1].n, effect) for _ in range(simulation.claims)]
    looking = Looking("simulated", [claim for claim, _, _ in made], alpha=0.0)
    used = [0] * len(made)
    for look in looks:
        for i in looking.open:
            used[i] = look.n

        def weigh(i: int, level: float, count: int = look.n) -> tuple[Sequence[Evidence], Evidence]:
            claim, samples, _ = made[i]
            evidence = kind_of(claim).weigh(claim, [("simulated", _first(samples, count))], level)
            return [evidence], evidence

        looking.take(look, weigh)
    headlines = [looking.rows[i][0] for i in range(len(made))]
    return LookedAt([verdict.verdict for verdict in headlines], float(np.mean(used)))


def _first(samples: Samples, count: int) -> Samples:
    """The first runs of each arm."""
    arms = [None if values is None else values[:count] for values in (samples.arm, samples.against)]
    assert arms[0] is not None
    first, second = (0 if values is None else int(np.isinf(values).sum()) for values in arms)
    return replace(samples, arm=arms[0], against=arms[1], diverged=(first, second))
