"""Whether the number of seeds that an undecided verdict names is the one that would decide it with 80 % power.

The true number is found by simulation of the engine itself over numbers of runs; pilots of five and ten are drawn from the
same law, and the numbers that the undecided ones name are held against it. A pilot of ten knows the effect only to about ± 0.45
standard deviations, and the undecided ones are those in which it looked small: single numbers scatter, their median less.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np

from ablate.claims.calibration import simulate
from ablate.claims.calibration_table import FEWER, STUDIES, Needed, standard_error
from ablate.claims.judgement import INCONCLUSIVE
from ablate.claims.kind import Simulation, kind_of, simulations
from ablate.claims.seeds_needed import MOST_SEEDS, seeds_range
from ablate.claims.simulation import LAWS, Law
from ablate.claims.statistics.bootstrap import LEVEL
from ablate.claims.statistics.effects import POWER
from ablate.claims.thresholds import ALPHA, FEWEST_SEEDS

PILOTS = (5, 10)
CASES = (
    ("compare", 1.2),
    ("compare", 1.5),
    ("margin", 1.0),
    ("margin", 1.5),
    ("along", 0.8),
    ("bound", 0.7),
    ("shares", 1.0),
)
"""Kinds, and effects that a number of runs decides"""
NEEDED_LAWS = ("normal", "two humps")
FACTOR = 1.5


def seeds_needed(
    studies: int = STUDIES // FEWER["needed"], seed: int = 0, done: Iterable[Needed] = (), command: str = ""
) -> Iterator[Needed]:
    """One row for each kind, law, effect and size of the pilot."""
    there, known = {(row.kind, row.distribution, row.effect_sd, row.pilot) for row in done}, simulations()
    for kind, effect in CASES:
        for law in NEEDED_LAWS:
            pilots = [pilot for pilot in PILOTS if (kind, law, effect, pilot) not in there]
            if (known[kind].laws and law not in known[kind].laws) or not pilots:
                continue
            true = true_number(known[kind], law, effect, studies, seed)
            for pilot in pilots:
                yield _row(known[kind], law, effect, pilot, true, studies, seed, command)


def true_number(simulation: Simulation, law: str, effect: float, studies: int, seed: int) -> int:
    """The fewest runs an arm with 80 % power; by bisection between numbers that differ by a tenth. 200 where none has it."""
    low, high = FEWEST_SEEDS, MOST_SEEDS
    while high > low + max(1, low // 10):
        middle = (low + high) // 2 if high <= 2 * low else round((low * high) ** 0.5)
        outcome = simulate(simulation, law, middle, effect, studies, seed)
        decided = 1 - outcome.share(INCONCLUSIVE)
        low, high = (low, middle) if decided >= POWER else (middle, high)
    return high


def _row(
    simulation: Simulation, law_name: str, effect: float, pilot: int, true: int, studies: int, seed: int, command: str
) -> Needed:
    law = Law(law_name, np.random.default_rng([seed, pilot, LAWS.index(law_name), round(1000 * effect)]))
    undecided = 0
    told: list[int] = []
    held = 0
    for _ in range(studies):
        claim, samples, _ = simulation.make(law, pilot, effect)
        kind = kind_of(claim)
        evidence = kind.weigh(claim, [("simulated", samples)], LEVEL)
        word, _, needed = kind.judge(evidence, evidence.p, ALPHA)
        undecided += word == INCONCLUSIVE
        if needed:
            told.append(needed)
            low, high = seeds_range(evidence, ALPHA, needed)
            held += low <= true <= (high or MOST_SEEDS)
    numbers = np.array(told, dtype=float) if told else np.full(1, np.nan)
    first, median, third = (float(end) for end in np.quantile(numbers, [0.25, 0.5, 0.75]))
    within = float(np.mean((numbers <= FACTOR * true) & (numbers * FACTOR >= true)))
    return Needed(
        simulation.name, law_name, effect, pilot, true, studies, undecided, len(told), median, first, third, median / true,
        held / len(told) if told else math.nan, within, standard_error(within, max(len(told), 1)), seed, command,
    )  # fmt: skip
