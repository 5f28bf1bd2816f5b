"""What the same rule would say at every earlier evaluation: how far a verdict is sustained, and since which step.

The decision is that of the last evaluation (or of the tail, or the best). What it would have been had training ended earlier
is a description, and corrects for nothing more; that it holds at every evaluation of the second half is an inference, an
intersection–union test: the largest p over those evaluations is one of that claim, each made at the full level (Berger 1982),
and Holm's correction over the study's claims is made of these.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ablate.claims.decide import Parts, judged, weigh_on, weighed
from ablate.claims.evidence import Evidence
from ablate.claims.headlines import headline
from ablate.claims.judgement import DECIDED
from ablate.claims.kind import is_tested
from ablate.claims.late_budget import with_budget
from ablate.claims.statistics.bootstrap import Floats
from ablate.claims.statistics.effects import holm
from ablate.claims.study_rows import StudyRows
from ablate.claims.thresholds import ALPHA
from ablate.claims.training_values import courses_of, rows_at
from ablate.claims.verdict import POOLED, Verdict
from ablate.registry.measures import measure
from ablate.study.claims.point import ANY

if TYPE_CHECKING:
    from ablate.study.claims import Claim
    from ablate.study.study import Study

FEWEST = 3
"""Evaluations below which nothing is said of what came before the last"""


@dataclass(frozen=True)
class Course:
    """A claim along training, on one dataset or over its datasets."""

    steps: Floats | None
    """[evaluations] of the claim's arm; None where its datasets have different ones"""
    verdicts: tuple[Verdict, ...]
    """[evaluations]: the last one is the decision"""


Courses = dict[tuple[int, str], Course]
"""(claim's number, dataset or "pooled") → its course"""


def decide_along(
    study: Study, rows: StudyRows, decided: Sequence[Verdict] | None = None
) -> tuple[list[Verdict], Courses]:
    """The verdicts of `decide`, with what training says of them, and the courses of claims of metrics with a curve.

    `decided`: verdicts by another rule, by looks, which stand at the end of the courses; whether that rule says the same at
    earlier evaluations is not told.
    """
    parts, wholes = weighed(study, rows)
    verdicts = judged(study, parts, wholes) if decided is None else list(decided)
    steps = {i: steps_of(rows, claim) for i, claim in enumerate(study.claims) if i in wholes and has_course(claim)}
    steps = {i: known for i, known in steps.items() if known}
    earlier = _weighed_before(rows, parts, wholes, steps)
    said = [verdicts, *(judged(study, *evidence, alpha=0.0) for evidence in earlier)]
    places = _places(study)
    courses: Courses = {}
    for (i, dataset), place in places.items():
        if i in steps:
            count = _count(steps[i])
            known = [own for own in steps[i].values() if own.shape == (count,)]
            shared = all((own == known[0]).all() for own in known)
            own = steps[i].get(dataset) if dataset != POOLED else known[0] if shared else None
            courses[i, dataset] = Course(own, tuple(said[back][place] for back in reversed(range(count))))
    told = (
        verdicts
        if decided is not None
        else _with_courses(verdicts, places, [(parts, wholes), *earlier], steps, courses)
    )
    told = with_budget(rows, [study.claims[i] for i, _ in places], told)
    last = {key: told[places[key]] for key in courses}
    return told, {key: replace(own, verdicts=(*own.verdicts[:-1], last[key])) for key, own in courses.items()}


def _with_courses(
    verdicts: Sequence[Verdict],
    places: Iterable[tuple[int, str]],
    evidence: Sequence[tuple[Parts, dict[int, Evidence]]],
    steps: Mapping[int, Mapping[str, Floats]],
    courses: Courses,
) -> list[Verdict]:
    """The verdicts with since which step, and whether sustained; evidence: of the last evaluation, the one before, …"""
    sustained = _sustained_p([{(i, POOLED): own for i, own in told.items()} for _, told in evidence], steps)
    sustained |= _sustained_p([told for told, _ in evidence], steps)
    return [
        _with_course(verdict, courses.get(key), sustained.get(key, 1.0))
        for verdict, key in zip(verdicts, places, strict=True)
    ]


def has_course(claim: Claim) -> bool:
    """Whether the rule can be asked at every evaluation; a claim of some evaluation already is of all of them."""
    return bool(claim.test) and is_tested(claim) and measure(claim.metric).has_curve and claim.at != ANY


def steps_of(rows: StudyRows, claim: Claim) -> dict[str, Floats]:
    """dataset → the steps of the arm's evaluations; {} where the claim's arms and datasets differ in how many they have.

    Evaluations of different arms are paired by their number: an arm with other steps is at the same share of its training.
    """
    known = courses_of(rows, claim.metric)
    arms = claim.arms
    there = {(dataset, arm): known[dataset, arm].steps for dataset in claim.datasets for arm in arms
             if (dataset, arm) in known}  # fmt: skip
    counts = {len(steps) for steps in there.values()}
    if len(counts) != 1 or max(counts) < FEWEST:
        return {}
    return {dataset: steps for (dataset, _), steps in reversed(list(there.items()))}


def _count(steps: Mapping[str, Floats]) -> int:
    return len(next(iter(steps.values())))


def _weighed_before(
    rows: StudyRows, parts: Parts, wholes: dict[int, Evidence], steps: Mapping[int, Mapping[str, Floats]]
) -> list[tuple[Parts, dict[int, Evidence]]]:
    """The evidence one evaluation before the last, two before, and so on; of claims with fewer or none, that of the last.

    Claim by claim and dataset by dataset, so that the resamples of an interval are drawn once for all evaluations.
    """
    longest = max(map(_count, steps.values()), default=1)
    earlier = [(dict(parts), dict(wholes)) for _ in range(1, longest)]
    cut: dict[tuple[str, str, int], StudyRows] = {}
    for i, known in steps.items():
        claim, backs = wholes[i].claim, range(1, _count(known))
        for back in backs:
            key = (claim.metric, claim.at, back)
            if key not in cut:
                cut[key] = rows_at(rows, *key)
        for dataset in claim.datasets:
            for back in backs:
                earlier[back - 1][0][i, dataset] = weigh_on(cut[claim.metric, claim.at, back], claim, dataset)
        for back in backs:
            own = [earlier[back - 1][0][i, dataset] for dataset in claim.datasets]
            earlier[back - 1][1][i] = headline(claim, own)
    return earlier


def _places(study: Study) -> dict[tuple[int, str], int]:
    """(claim's number, dataset) → where its verdict stands; a claim that waits has its headline alone."""
    keys = [
        (i, dataset)
        for i, claim in enumerate(study.claims)
        for dataset in (POOLED, *(() if claim.waits else claim.datasets))
    ]
    return {key: place for place, key in enumerate(keys)}


def second_half(count: int) -> int:
    """How many of so many evaluations are in the second half of training."""
    return (count + 1) // 2


def _sustained_p(
    evidence: Sequence[Mapping[tuple[int, str], Evidence]], steps: Mapping[int, Mapping[str, Floats]]
) -> dict[tuple[int, str], float]:
    """Of each claim the largest p over the second half, after Holm's correction; of those without a course the p there is.

    evidence: that of the last evaluation, of the one before, and so on.
    """
    largest: dict[tuple[int, str], float] = {}
    for key, last in evidence[0].items():
        if is_tested(last.claim):
            half = second_half(_count(steps[key[0]])) if key[0] in steps else 1
            largest[key] = max(earlier[key].p for earlier in evidence[:half])
    return dict(zip(largest, holm(list(largest.values())), strict=True))


def _with_course(verdict: Verdict, course: Course | None, p_sustained: float) -> Verdict:
    if course is None:
        return verdict
    words = [earlier.verdict for earlier in course.verdicts]
    others = np.flatnonzero([word != words[-1] for word in words])
    first = int(others[-1]) + 1 if len(others) else 0
    since = None if course.steps is None else round(float(course.steps[first]))
    if verdict.verdict not in DECIDED:
        return replace(verdict, since_step=since)
    held = first <= len(words) - second_half(len(words)) and p_sustained < ALPHA
    return replace(verdict, since_step=since, sustained="yes" if held else "no")
