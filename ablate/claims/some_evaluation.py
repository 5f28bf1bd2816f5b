"""Claims of some evaluation: that an arm is ahead of another at some point of training, whichever it is.

Shown by the largest rank statistic over the evaluations, with whole runs dealt to the arms (max_rank_test), and by an interval
that holds at all evaluations together. The opposite, and that no difference matters, must be so at every evaluation: there
the largest p counts, each made at the full level (Berger 1982).
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ablate.claims.statistics.bootstrap import Floats
from ablate.claims.statistics.effects import difference_of_centers, improvement
from ablate.claims.statistics.max_rank_test import max_rank_test, simultaneous_interval
from ablate.claims.statistics.robust_rank_test import robust_rank_test
from ablate.claims.training_values import courses_of
from ablate.registry.measures import measure
from ablate.results.tables import COUNTED
from ablate.study.claims.point import ANY

if TYPE_CHECKING:
    from ablate.claims.evidence import Evidence
    from ablate.claims.simulation import Law
    from ablate.claims.study_rows import StudyRows
    from ablate.claims.values import Samples
    from ablate.study.claims import Claim

SIMULATED_EVALUATIONS = 5
SHARED = 0.5
"""Of the variance of a simulated run's values, the part that all its evaluations share"""


def with_courses(samples: Samples, rows: StudyRows, claim: Claim, dataset: str) -> Samples:
    """The samples with both arms' values along training; a run that diverged is the worst from there on.

    Only evaluations that both arms have are compared, counted from the first; runs without a curve are missing.
    """
    known = [courses_of(rows, claim.metric).get((dataset, arm)) for arm in (claim.arm, claim.against)]
    if any(course is None for course in known) or not samples.fewest:
        return replace(samples, applies=False) if samples.applies and samples.fewest else samples
    count = min(course.values.shape[1] for course in known if course is not None)
    better = measure(claim.metric).better
    worst = math.inf if (claim.direction if better == "none" else better) == "less" else -math.inf
    curves = []
    for arm, course in zip((claim.arm, claim.against), known, strict=True):
        group = rows.rows(dataset, arm)
        values = course.values[:, :count].copy()  # type: ignore[union-attr]
        lost = (group["status"] == "diverged").to_numpy()
        values[lost[:, None] & np.isnan(values)] = worst
        there = group["status"].isin(COUNTED).to_numpy() & ~np.isnan(values).any(axis=1)
        curves.append(values[there])
    absent = [max(0, rows.expected_count(dataset, arm) - len(values)) for arm, values in
              zip((claim.arm, claim.against), curves, strict=True)]  # fmt: skip
    return replace(
        samples, arm=curves[0][:, -1], against=curves[1][:, -1], courses=tuple(curves), missing=(absent[0], absent[1])
    )


def weigh_some_evaluation(evidence: Evidence, level: float) -> Evidence:
    """Test and effect of two arms' values along training, over the datasets where the metric exists."""
    way = 1.0 if evidence.claim.direction == "less" else -1.0
    seed, margin = evidence.bootstrap_seed, evidence.margin
    filled = [samples for samples in evidence.filled if samples.courses]
    count = min(samples.courses[0].shape[1] for samples in filled)
    pairs = [[_at(samples, j) for samples in filled] for j in range(count)]
    ranked = [[(way * a, way * b) for a, b in (pair.ranked() for pair in at)] for at in pairs]
    curves = [
        (
            np.stack([ranked[j][i][0] for j in range(count)], axis=1),
            np.stack([ranked[j][i][1] for j in range(count)], axis=1),
        )
        for i in range(len(filled))
    ]
    ahead = max_rank_test(curves, margin, seed)
    short = [robust_rank_test(at, -margin, seed) for at in ranked]
    beyond = [robust_rank_test(at, margin, seed) for at in ranked] if margin else short
    behind = [test.p_greater for test in short]
    within = [max(far.p_greater, near.p_less) for far, near in zip(beyond, short, strict=True)]
    evidence = evidence.with_test(ahead.p_less, max(behind), ahead.method, p_within=max(within))
    chosen = {"for": ahead.best, "against": int(np.argmax(behind)), "within": int(np.argmax(within))}[evidence.points]
    share, low, high = improvement(ranked[chosen], level)
    evidence = replace(evidence, improvement=share, improvement_low=low, improvement_high=high, seeds_decide=False)
    return _with_difference(evidence, pairs, chosen, level)


def _with_difference(evidence: Evidence, pairs: list[list[Samples]], at: int, level: float) -> Evidence:
    """The effect at one evaluation; for the claim its interval is simultaneous, since the evaluation was chosen."""
    center = pairs[at][0].center
    finite = [[pair.comparable() for pair in of_evaluation] for of_evaluation in pairs]
    if any(pair is None for pair in finite[at]):
        return evidence.without_finite_values()
    if evidence.points != "for":
        there = [pair for pair in finite[at] if pair is not None]
        return evidence.with_effect(*difference_of_centers(there, evidence.bootstrap_seed, center, level))
    usable = [j for j, of_evaluation in enumerate(finite) if all(pair is not None for pair in of_evaluation)]
    strata = [
        tuple(np.stack([finite[j][i][side] for j in usable], axis=1) for side in (0, 1))  # type: ignore[index]
        for i in range(len(pairs[at]))
    ]
    return evidence.with_effect(
        *simultaneous_interval(strata, usable.index(at), center, evidence.bootstrap_seed, level)  # type: ignore[arg-type]
    )


def _at(samples: Samples, evaluation: int) -> Samples:
    """The samples at one evaluation."""
    arm, other = samples.courses
    return replace(samples, arm=arm[:, evaluation], against=other[:, evaluation], courses=())


def simulated_claim_of_any(law: Law, n: int, effect: float) -> tuple[Claim, Samples, float]:
    """The arm is so much better at every evaluation, of which the claim is about some.

    A run's evaluations depend on one another; under the law in which runs diverge, each does so at an evaluation of its own.
    """
    from ablate.claims.simulation import simulated_claim

    courses = tuple(_simulated(law, n, level) for level in (-effect, 0.0))
    samples = replace(law.samples(courses[0][:, -1], courses[1][:, -1]), courses=courses)
    return simulated_claim("compare", at=ANY), samples, -effect


def _simulated(law: Law, n: int, level: float) -> Floats:
    own = law.rng.normal(0.0, math.sqrt(SHARED), (n, 1))
    values = level + own + law.rng.normal(0.0, math.sqrt(1 - SHARED), (n, SIMULATED_EVALUATIONS))
    if law.scale == "difference":
        return values
    from ablate.claims.simulation import DIVERGING

    lost = law.rng.random(n) < DIVERGING.get(law.name, 0.0)
    stop = np.where(lost, law.rng.integers(0, SIMULATED_EVALUATIONS, n), SIMULATED_EVALUATIONS)
    return np.where(np.arange(SIMULATED_EVALUATIONS) < stop[:, None], np.exp(values), np.inf)
