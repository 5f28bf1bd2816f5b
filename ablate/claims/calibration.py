"""How often the verdicts are wrong, and how often they find what is there: on simulated studies whose truth is known.

A study here has one claim on one dataset, decided by the same code as a real one. Which studies are simulated is said by
each kind of claim (`Kind.simulations`). At an effect of 0 the truth lies at the edge of what is claimed, where a false
verdict is likeliest; so both `reproduced` and `contradicted` should be rare there.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Iterator

import numpy as np

from ablate.claims.calibration_table import STUDIES, Case
from ablate.claims.judgement import CONTRADICTED, INCONCLUSIVE, NO_DIFFERENCE, REPRODUCED
from ablate.claims.kind import Simulation, kind_of, simulations
from ablate.claims.looks_simulation import looked_at
from ablate.claims.simulation import LAWS, Law
from ablate.claims.statistics.bootstrap import LEVEL
from ablate.claims.thresholds import ALPHA

SEEDS = (5, 10, 20)
EFFECTS = (0.0, 1.0, 2.0)
POWER_EFFECTS = (0.5, 1.0, 1.5, 2.0)


def calibrate(
    studies: int = STUDIES,
    seed: int = 0,
    kinds: Iterable[str] | None = None,
    laws: Iterable[str] = LAWS,
    seeds: Iterable[int] = SEEDS,
    effects: Iterable[float] = EFFECTS,
) -> Iterator[Case]:
    """One case after the other; the same seed gives the same cases, whichever are asked for."""
    effects, seeds, laws, known = tuple(effects), tuple(seeds), tuple(laws), simulations()
    for kind in kinds or known:
        for law in laws:
            for n in seeds:
                for effect in effects:
                    yield _case(known[kind], law, n, effect, studies, seed)


def power(studies: int = STUDIES, seed: int = 0) -> Iterator[Case]:
    """How often one claim that an arm is better than another finds differences from small to large, of a normal metric."""
    return calibrate(studies, seed, ["compare"], ["normal"], SEEDS, POWER_EFFECTS)


def _case(simulation: Simulation, law_name: str, n: int, effect: float, studies: int, seed: int) -> Case:
    stream = zlib.crc32(simulation.name.encode()) if simulation.stream is None else simulation.stream
    law = Law(law_name, np.random.default_rng([seed, stream, LAWS.index(law_name), n, round(1000 * effect)]))
    if simulation.looks:
        return _case_by_looks(simulation, law, n, effect, studies, seed)
    verdicts, covered, intervals = [], 0, 0
    for _ in range(studies):
        claim, samples, truth = simulation.make(law, n, effect)
        kind = kind_of(claim)
        evidence = kind.weigh(claim, [("simulated", samples)], LEVEL)
        verdicts.append(kind.judge(evidence, evidence.p, ALPHA)[0])
        covered += evidence.low <= truth <= evidence.high
        intervals += not math.isnan(evidence.effect)  # there is none where a run diverged, and a mean is asked for
    reproduced, contradicted, undecided = (
        verdicts.count(word) / studies for word in (REPRODUCED, CONTRADICTED, INCONCLUSIVE)
    )
    shares = (reproduced, contradicted, undecided, covered / intervals if intervals else math.nan)
    no_difference = verdicts.count(NO_DIFFERENCE) / studies
    return Case(simulation.name, law_name, n, effect, studies, *shares, seed, no_difference)


def _case_by_looks(simulation: Simulation, law: Law, n: int, effect: float, studies: int, seed: int) -> Case:
    """Without an effect, the share of studies with such a verdict on any claim; with one, the share of claims."""
    made = [looked_at(simulation, law, n, effect) for _ in range(studies)]

    def share(word: str) -> float:
        counted = [of.words.count(word) for of in made]
        return float(np.mean([count > 0 for count in counted]) if not effect else np.mean(counted) / simulation.claims)

    reproduced, contradicted, undecided = share(REPRODUCED), share(CONTRADICTED), share(INCONCLUSIVE)
    covered, seeds = (float(np.mean(values)) for values in zip(*((of.covered, of.seeds) for of in made), strict=True))
    shares = (reproduced, contradicted, undecided, covered)
    return Case(simulation.name, law.name, n, effect, studies, *shares, seed, share(NO_DIFFERENCE), seeds)
