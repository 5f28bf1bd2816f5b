"""How often the verdicts are wrong, and how often they find what is there: on simulated studies whose truth is known.

A study here has one claim on one dataset, decided by the same code as a real one. Three laws of a metric over seeds:
normal; lognormal, compared by ratio; and lognormal with a run in ten diverging. Effects are in standard deviations (of
the logarithm, for a ratio). At an effect of 0 the truth lies at the edge of what is claimed, where a false verdict is
likeliest; so both `reproduced` and `contradicted` should be rare there:

compare     the arm is so much better than the other
equivalent  the arms differ by so much less than the margin
not_worse   the arm is not worse than the best of three others, by so much less than the margin
bound       the interquartile mean lies so far inside a range
trend       the metric rises by so much from the first to the last of four levels
along       the same as compare, of one arm against a fixed value, as for a trend along training
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from ablate.claims.judgement import CONTRADICTED, INCONCLUSIVE, REPRODUCED, judge
from ablate.claims.kinds import kind_of
from ablate.claims.statistics.effects import Floats
from ablate.claims.values import Samples
from ablate.errors import UsageError
from ablate.study.claims import Claim

FOLDER, TABLE = "calibration", "calibration.csv"
STUDIES = 400
LAWS = ("normal", "lognormal", "diverging")
SEEDS = (5, 10, 20)
EFFECTS = (0.0, 1.0, 2.0)
DIVERGING = 0.1
LEVELS, RIVALS = 4, 3


@dataclass(frozen=True)
class Case:
    """One line of the table: a kind of test under one law, and what came of it."""

    kind: str
    distribution: str
    n: int
    effect_sd: float
    studies: int
    reproduced: float
    contradicted: float
    inconclusive: float
    coverage: float
    """share of the 95 % intervals that hold the true effect"""
    seed: int


@dataclass(frozen=True)
class _Law:
    """Draws values of runs around a level, on the scale of comparison; the metric's values are its exponentials."""

    name: str
    rng: np.random.Generator

    @property
    def scale(self) -> str:
        return "difference" if self.name == "normal" else "ratio"

    def draw(self, level: float, n: int) -> Floats:
        values = self.rng.normal(level, 1.0, n)
        if self.scale == "difference":
            return values
        lost = self.rng.random(n) < DIVERGING if self.name == "diverging" else np.zeros(n, bool)
        return np.where(lost, np.inf, np.exp(values))

    def natural(self, value: float) -> float:
        """A number of the scale of comparison as a study file would give it."""
        return value if self.scale == "difference" else math.exp(value)

    def margin(self, width: float) -> float:
        return width if self.scale == "difference" else math.expm1(width)

    @property
    def center(self) -> float:
        """The interquartile mean of the law at level 0; diverged runs are the highest."""
        share = 1 - DIVERGING if self.name == "diverging" else 1.0
        quantiles = np.linspace(0.25, 0.75, 20_001)
        return float(np.trapezoid(stats.norm.ppf(quantiles / share), quantiles) / 0.5)

    def samples(self, arm: Floats, against: Floats | None = None, **more: Any) -> Samples:
        lost = tuple(0 if each is None else int(np.isinf(each).sum()) for each in (arm, against))
        return Samples(arm, against, self.scale, "iqm", lost, (0, 0), **more)  # type: ignore[arg-type]


def calibrate(
    studies: int = STUDIES,
    seed: int = 0,
    kinds: Iterable[str] | None = None,
    laws: Iterable[str] = LAWS,
    seeds: Iterable[int] = SEEDS,
    effects: Iterable[float] = EFFECTS,
) -> Iterator[Case]:
    """One case after the other; the same seed gives the same cases, whichever are asked for."""
    effects, seeds, laws = tuple(effects), tuple(seeds), tuple(laws)
    for kind in kinds or SIMULATED:
        for law in laws:
            for n in seeds:
                for effect in effects:
                    yield _case(kind, law, n, effect, studies, seed)


def _case(kind: str, name: str, n: int, effect: float, studies: int, seed: int) -> Case:
    rng = np.random.default_rng([seed, list(SIMULATED).index(kind), LAWS.index(name), n, round(1000 * effect)])
    law, simulate = _Law(name, rng), SIMULATED[kind]
    words, covered = [], 0
    for _ in range(studies):
        claim, samples, truth = simulate(law, n, effect)
        found = kind_of(claim).weigh(claim, [("simulated", samples)])
        words.append(judge(found, found.p, 0.05)[0])
        covered += found.low <= truth <= found.high
    reproduced, contradicted, undecided = (words.count(w) / studies for w in (REPRODUCED, CONTRADICTED, INCONCLUSIVE))
    return Case(kind, name, n, effect, studies, reproduced, contradicted, undecided, covered / studies, seed)


def _claim(test: str, **more: Any) -> Claim:
    shared: dict[str, Any] = {
        "source": (),
        "says": "",
        "metric": "simulated",
        "statistic": "value",
        "arm": "a",
        "against": "b",
    }
    shared |= {"direction": "less", "margin": 0.0, "datasets": ("simulated",), "decide": "pooled"}
    return Claim(**{"id": test, "test": test, **shared, **more})


Simulated = tuple[Claim, Samples, float]
"""A claim, the runs that decide it, and the true effect"""


def _compare(law: _Law, n: int, effect: float) -> Simulated:
    return _claim("compare"), law.samples(law.draw(-effect, n), law.draw(0.0, n)), -effect


def _equivalent(law: _Law, n: int, effect: float) -> Simulated:
    width = max(1.0, effect)
    claim = _claim("equivalent", direction="", margin=law.margin(width))
    return claim, law.samples(law.draw(width - effect, n), law.draw(0.0, n)), width - effect


def _not_worse(law: _Law, n: int, effect: float) -> Simulated:
    width = max(1.0, effect)
    arm, rivals = law.draw(width - effect, n), [law.draw(0.0, n) for _ in range(RIVALS)]
    names = tuple(f"b{i}" for i in range(RIVALS))
    claim = _claim("equivalent", against="", rivals=names, margin=law.margin(width))
    pairs = tuple(law.samples(arm, rival) for rival in rivals)
    return claim, law.samples(arm, np.concatenate(rivals), rivals=pairs), width - effect


def _bound(law: _Law, n: int, effect: float) -> Simulated:
    middle = _center(law.name)
    low, high = (middle, middle + 2) if effect == 0 else (middle - effect, middle + effect)
    ends = {"low": law.natural(low), "high": law.natural(high)}
    claim = _claim("bound", against="", direction="", statistic="iqm", **ends)
    return claim, law.samples(law.draw(0.0, n)), middle


def _along(law: _Law, n: int, effect: float) -> Simulated:
    median = float(stats.norm.ppf(0.5 / (1 - DIVERGING * (law.name == "diverging"))))
    claim = _claim("compare", against="", value=law.natural(median))
    return claim, law.samples(law.draw(-effect, n)), _center(law.name) - median - effect


def _trend(law: _Law, n: int, effect: float) -> Simulated:
    ladder = tuple((float(i), law.draw(_step(effect, i), n)) for i in range(LEVELS))
    names = tuple((level, f"l{level:g}") for level, _ in ladder)
    claim = _claim("trend", against="", direction="greater", factor="level", ladders=(names,))
    values = np.concatenate([each for _, each in ladder])
    return claim, law.samples(values, ladders=(ladder,)), _coefficient(law.name, effect)


def _step(effect: float, level: int) -> float:
    return effect * level / (LEVELS - 1)


@cache
def _center(law: str) -> float:
    return _Law(law, np.random.default_rng(0)).center


@cache
def _coefficient(law: str, effect: float) -> float:
    """Spearman's coefficient of very many runs, by simulation; its error is about 0.002."""
    drawn, n = _Law(law, np.random.default_rng(1)), 50_000
    values = np.concatenate([drawn.draw(_step(effect, i), n) for i in range(LEVELS)])
    return float(stats.spearmanr(np.repeat(np.arange(LEVELS), n), values).statistic)


SIMULATED: dict[str, Callable[[_Law, int, float], Simulated]] = {
    "compare": _compare,
    "equivalent": _equivalent,
    "not_worse": _not_worse,
    "bound": _bound,
    "trend": _trend,
    "along": _along,
}


def table_text(cases: Iterable[Case]) -> str:
    """The cases as calibration.csv holds them."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(field.name for field in fields(Case))
    writer.writerows([f"{each:g}" if isinstance(each, float) else each for each in astuple(case)] for case in cases)
    return buffer.getvalue()


def read_table(path: Path) -> list[Case]:
    """calibration.csv; UsageError where it is not readable."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            kinds = {field.name: {"str": str, "int": int, "float": float}[str(field.type)] for field in fields(Case)}
            return [Case(**{name: kinds[name](text) for name, text in row.items()}) for row in csv.DictReader(file)]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path}: not a readable table: {error}; delete it, or make it anew by `ablate calibrate`"
        ) from error
