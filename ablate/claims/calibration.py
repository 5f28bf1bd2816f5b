"""How often the verdicts are wrong, and how often they find what is there: on simulated studies whose truth is known.

A study here has one claim on one dataset, decided by the same code as a real one; studies with several are in
ablate.claims.calibration_families. Which studies are simulated is said by each kind of claim (`Kind.simulations`). At an
effect of 0 the truth lies at the edge of what is claimed, where a false verdict is likeliest: every decision is one there.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from ablate.claims.calibration_table import ALLOWED, FEWER, STUDIES, Case, Coverage, Power, Row, standard_error
from ablate.claims.judgement import CONTRADICTED, NO_DIFFERENCE, REPRODUCED
from ablate.claims.kind import Simulation, kind_of, simulations
from ablate.claims.looks_simulation import looked_at
from ablate.claims.simulation import LAWS, Law
from ablate.claims.statistics.bootstrap import LEVEL
from ablate.claims.thresholds import ALPHA

SEEDS = (5, 10, 20)
POWER_SEEDS = (5, 10, 20, 40)
EFFECTS = (0.5, 1.0, 1.5, 2.0)
POWER_LAWS = ("normal", "two humps")
NARROWEST, WIDEST = 0.93, 0.97
"""Coverage that a 95 % interval should have"""


@dataclass(frozen=True)
class Outcome:
    """What came of the studies of a cell."""

    studies: int
    words: dict[str, float]
    below: float
    """share of intervals below the truth"""
    above: float
    seeds: float
    """runs an arm, on average"""

    def share(self, word: str) -> float:
        """Share of studies with this verdict."""
        return self.words.get(word, 0.0)


def false_decisions(
    studies: int = STUDIES,
    seed: int = 0,
    kinds: Iterable[str] | None = None,
    laws: Iterable[str] = LAWS,
    seeds: Iterable[int] = SEEDS,
    done: Iterable[Case] = (),
    command: str = "",
) -> Iterator[list[Row]]:
    """Case and coverage of each kind, law and number of runs; the same seed gives the same rows, whichever are asked for.

    done: rows that need not be made again.
    """
    there = {(case.kind, case.distribution, case.n) for case in done}
    laws, seeds, known = tuple(laws), tuple(seeds), simulations()
    for kind in kinds or known:
        for law in laws:
            for n in seeds:
                if (known[kind].laws and law not in known[kind].laws) or (kind, law, n) in there:
                    continue
                yield _rows(known[kind], law, n, studies, seed, command)


def powers(
    studies: int = STUDIES // FEWER["power"],
    seed: int = 0,
    kinds: Iterable[str] | None = None,
    laws: Iterable[str] = POWER_LAWS,
    seeds: Iterable[int] = POWER_SEEDS,
    effects: Iterable[float] = EFFECTS,
    done: Iterable[Power] = (),
    command: str = "",
) -> Iterator[Power]:
    """Power of each kind, law, number of runs and effect, of a study with one claim."""
    there = {(row.kind, row.distribution, row.n, row.effect_sd) for row in done}
    laws, seeds, effects, known = tuple(laws), tuple(seeds), tuple(effects), simulations()
    for kind in kinds or [name for name, simulation in known.items() if simulation.claims == 1]:
        for law in laws:
            for n in seeds:
                for effect in effects:
                    if (known[kind].laws and law not in known[kind].laws) or (kind, law, n, effect) in there:
                        continue
                    outcome = simulate(known[kind], law, n, effect, studies, seed)
                    found = outcome.share(REPRODUCED)
                    error = standard_error(found, studies)
                    wrong = outcome.share(CONTRADICTED)
                    yield Power(kind, law, n, effect, studies, found, error, wrong, outcome.seeds, seed, command)


def _rows(simulation: Simulation, law: str, n: int, studies: int, seed: int, command: str) -> list[Row]:
    outcome = simulate(simulation, law, n, 0.0, studies, seed)
    other_n = Law(law, np.random.default_rng(0)).other_n(n)
    reproduced, contradicted, same = (outcome.share(word) for word in (REPRODUCED, CONTRADICTED, NO_DIFFERENCE))
    false = reproduced + contradicted + same
    error = standard_error(false, studies)
    case = Case(
        simulation.name, law, n, other_n, 1, simulation.claims, 0.0, studies, reproduced, contradicted, same, 0.0, false, error,
        false > ALLOWED + 2 * error, seed, command,
    )  # fmt: skip
    rows: list[Row] = [case]
    if not math.isnan(outcome.below):
        held = 1 - outcome.below - outcome.above
        error = standard_error(held, studies)
        off = held < NARROWEST - 2 * error or held > WIDEST + 2 * error
        rows.append(
            Coverage(
                simulation.name, law, n, other_n, studies, held, error, outcome.below, outcome.above, off, seed, command
            )
        )
    return rows


def simulate(simulation: Simulation, law_name: str, n: int, effect: float, studies: int, seed: int) -> Outcome:
    """So many studies of one claim on one dataset."""
    stream = zlib.crc32(simulation.name.encode()) if simulation.stream is None else simulation.stream
    law = Law(law_name, np.random.default_rng([seed, stream, LAWS.index(law_name), n, round(1000 * effect)]))
    if simulation.looks:
        return _looked_at(simulation, law, n, effect, studies)
    verdicts, below, above = [], 0, 0
    truth = math.nan
    for _ in range(studies):
        claim, samples, truth = simulation.make(law, n, effect)
        kind = kind_of(claim)
        evidence = kind.weigh(claim, [("simulated", samples)], LEVEL)
        verdicts.append(kind.judge(replace(evidence, seeds_decide=False), evidence.p, ALPHA)[0])  # names no number
        below, above = below + (evidence.high < truth), above + (evidence.low > truth)
    words = {word: verdicts.count(word) / studies for word in set(verdicts)}
    known = math.isfinite(truth)
    outside = (below / studies, above / studies) if known else (math.nan, math.nan)
    return Outcome(studies, words, *outside, n)


def _looked_at(simulation: Simulation, law: Law, n: int, effect: float, studies: int) -> Outcome:
    """Without an effect, the share of studies with such a verdict on any claim; with one, the share of claims.

    An interval is that of the look that closed its claim, of another level at each, so that nothing is said of coverage.
    """
    made = [looked_at(simulation, law, n, effect) for _ in range(studies)]
    words = {}
    for word in {word for of in made for word in of.words}:
        counted = np.array([of.words.count(word) for of in made])
        words[word] = float(np.mean(counted > 0) if not effect else counted.mean() / simulation.claims)
    return Outcome(studies, words, math.nan, math.nan, float(np.mean([of.seeds for of in made])))
