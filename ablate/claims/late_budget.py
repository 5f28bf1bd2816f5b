"""Whether training was long enough: which arms still improved when it ended, and whether the effect still grew or shrank.

An arm's change late in training is, per run, the slope of the log metric over the last third of the evaluations (the last
half, where a third would be fewer than 3), times a third of the training, as the metric late_slope has it. A verdict about
quality whose losing arm still improved might be another with more training: it is marked budget-limited.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from ablate.claims.judgement import CONTRADICTED, DEPENDS, REPRODUCED
from ablate.claims.statistics.bootstrap import LEVEL as INTERVAL
from ablate.claims.statistics.bootstrap import Floats, interquartile_mean, seed_of
from ablate.claims.statistics.center_tests import median_interval
from ablate.claims.statistics.effects import difference_of_centers
from ablate.claims.statistics.lines import slopes
from ablate.claims.study_rows import StudyRows
from ablate.claims.thresholds import ALPHA
from ablate.claims.training_values import Course, courses_of
from ablate.claims.verdict import POOLED, Verdict
from ablate.registry.measures import measure
from ablate.results.tables import COUNTED
from ablate.study.claims.claim import DIRECTIONS

if TYPE_CHECKING:
    from ablate.study.claims import Claim

IMPROVING, WORSENING, LEVEL, SLOW, NOISY = "improving", "worsening", "level", "slow", "noisy"
MATTERS = 0.10
"""A change over the last third that matters: less than the 15 % by which claims say that a quality is equal"""
FEWEST_EVALUATIONS = 3
"""For a slope: in the last third of the evaluations, so 9 or more in all; of fewer, in the last half"""
FARTHEST = 10.0
"""A step beyond so many times the training is not told: no straight line reaches so far"""
GROWING, STEADY, SHRINKING = "growing", "steady", "shrinking"
OF_QUALITY = ("value", "best")
"""Statistics by which one arm is better; with a share near the best"""


@dataclass(frozen=True)
class Late:
    """How an arm's runs changed over the last third of their training."""

    word: str
    """improving, worsening, level, slow, noisy"""
    change: float
    """the median over runs: −0.3 is 30 % less"""


def late(rows: StudyRows, metric: str, dataset: str, arm: str) -> Late | None:
    """Of an arm on a dataset; None for a metric of which no way is better, or with too few evaluations.

    improving: a signed-rank test over seeds finds a change for the better (one-sided p < 0.05), in the median by more
    than 10 %; worsening: the same for the worse; level: the exact 95 % interval of the median lies within ± 10 %; slow: p
    for the better < 0.05, by less than 10 %; noisy: none of these. A run that diverged got worse by more than any other.
    """
    key = (metric, dataset, arm)
    if key not in rows.late:
        rows.late[key] = _late(rows, *key)
    return rows.late[key]  # type: ignore[no-any-return]


def _late(rows: StudyRows, metric: str, dataset: str, arm: str) -> Late | None:
    facts = measure(metric)
    course = courses_of(rows, metric).get((dataset, arm)) if facts.has_curve else None
    if course is None or facts.better not in DIRECTIONS:
        return None
    count = next((n for n in (len(course.steps) // 3, (len(course.steps) + 1) // 2) if n >= FEWEST_EVALUATIONS), 0)
    if not count:
        return None
    status = rows.rows(dataset, arm)["status"]
    values = course.values[status.isin(COUNTED).to_numpy(), -count:]
    lost = (status[status.isin(COUNTED)] == "diverged").to_numpy()
    changes = _changes(course.steps, values, facts.scale)
    changes[lost] = math.inf if facts.better == "less" else -math.inf
    return _flag(changes[~np.isnan(changes)], 1.0 if facts.better == "less" else -1.0, facts.scale)


def _changes(steps: Floats, values: Floats, scale: str) -> Floats:
    """Of each run, the change over a third of the training: of the logarithm, or relative to the runs' median size."""
    if scale == "ratio":
        with np.errstate(divide="ignore", invalid="ignore"):
            levels = np.where(values > 0, np.log(values), np.nan)
    else:
        size = np.nanmedian(np.abs(values)) if np.isfinite(values).any() else math.nan
        levels = values / size if size > 0 else np.full_like(values, np.nan)
    return slopes(steps[-values.shape[1] :] / steps[-1], levels) / 3


def _flag(changes: Floats, way: float, scale: str) -> Late | None:
    """way: 1 where less is better, −1 where more is."""
    if not len(changes):
        return None
    ends = np.array([np.median(changes), *median_interval(changes, INTERVAL)])
    median, low, high = np.expm1(ends) if scale == "ratio" else ends
    better, worse = (signed_rank_p(side * way * changes) for side in (1.0, -1.0))
    if better < ALPHA and way * median < -MATTERS:
        word = IMPROVING
    elif worse < ALPHA and way * median > MATTERS:
        word = WORSENING
    elif low >= -MATTERS and high <= MATTERS:
        word = LEVEL
    else:
        word = SLOW if better < ALPHA else NOISY
    return Late(word, float(median))


def signed_rank_p(values: Floats) -> float:
    """One-sided p of Wilcoxon's signed-rank test that values lie below 0; infinities are the largest."""
    finite = np.abs(values[np.isfinite(values)])
    beyond = 2 * float(finite.max(initial=0.0)) + 1.0
    bounded = np.clip(values, -beyond, beyond)
    bounded = bounded[bounded != 0]
    return float(stats.wilcoxon(bounded, alternative="less").pvalue) if len(bounded) else 1.0


def with_budget(rows: StudyRows, claims: Sequence[Claim], verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts with their arms' flags, the mark of those that the budget limits, and the trend of the effect."""
    told = []
    for claim, verdict in zip(claims, verdicts, strict=True):
        if claim.test and measure(claim.metric).has_curve and claim.arm in rows.study.arms:
            verdict = _told(rows, claim, verdict)
        told.append(verdict)
    return told


def _told(rows: StudyRows, claim: Claim, verdict: Verdict) -> Verdict:
    datasets = verdict.datasets if verdict.dataset == POOLED else (verdict.dataset,)
    other = _opponent(rows, claim, datasets)
    flags = {
        (dataset, arm): late(rows, claim.metric, dataset, arm) for dataset in datasets for arm in (claim.arm, other)
    }
    budget = tuple(_joined({dataset: flags[dataset, arm] for dataset in datasets}) for arm in (claim.arm, other))
    verdict = replace(verdict, budget=budget)  # type: ignore[arg-type]
    loser = _loser(claim, verdict, other)
    if loser:
        words = [flag.word if flag else "" for flag in (flags[name, loser] for name in datasets)]
        verdict = replace(verdict, budget_limited="yes" if IMPROVING in words else "" if "" in words else "no")
    return _with_trend(rows, claim, verdict, datasets, other) if other and claim.statistic == "value" else verdict


def _opponent(rows: StudyRows, claim: Claim, datasets: Sequence[str]) -> str:
    """The arm that the claim's arm is held against; of several the best one at the end. Empty where there is none."""
    others = [arm for arm in claim.arms if arm != claim.arm]
    if len(others) < 2:
        return others[0] if others else ""
    way = -1.0 if measure(claim.metric).better == "greater" else 1.0
    ends = {}
    for arm in others:
        courses = [courses_of(rows, claim.metric).get((dataset, arm)) for dataset in datasets]
        levels = [_level(course, claim.metric) for course in courses if course is not None]
        mean = way * float(np.mean(levels)) if levels else math.nan
        ends[arm] = math.inf if math.isnan(mean) else mean  # no run of it came to the end
    return min(others, key=lambda arm: ends[arm])


def _level(course: Course, metric: str) -> float:
    values = course.values[:, -1]
    values = values[np.isfinite(values)]
    if measure(metric).scale == "ratio":
        values = np.log(values[values > 0])
    return interquartile_mean(values)


def _loser(claim: Claim, verdict: Verdict, other: str) -> str:
    """The arm that is worse by a verdict about quality; empty where the verdict says of neither that it is."""
    better = measure(claim.metric).better
    quality = claim.statistic in (*OF_QUALITY, "share_near_best")
    if not quality or better not in DIRECTIONS or verdict.verdict not in (REPRODUCED, CONTRADICTED, DEPENDS):
        return ""
    if not other or math.isnan(verdict.effect):
        return ""
    if claim.test == "equivalent" and verdict.verdict == REPRODUCED:
        return ""
    none = 1.0 if verdict.scale == "ratio" else 0.0
    more_is_better = better == "greater" or claim.statistic == "share_near_best"
    return claim.arm if (verdict.effect < none) == more_is_better else other


def _joined(flags: dict[str, Late | None]) -> str:
    """One word where all datasets agree, else which it is on each."""
    words = {dataset: flag.word for dataset, flag in flags.items() if flag is not None}
    if len(set(words.values())) == 1 and len(words) == len(flags):
        return next(iter(words.values()))
    by_word: dict[str, list[str]] = {}
    for dataset, word in words.items():
        by_word.setdefault(word, []).append(dataset)
    return "; ".join(f"{word} on {', '.join(where)}" for word, where in by_word.items())


def _with_trend(rows: StudyRows, claim: Claim, verdict: Verdict, datasets: Sequence[str], other: str) -> Verdict:
    """The slope of the effect on log steps over the second half of the evaluations, of slopes of the runs."""
    strata, ends = [], []
    for dataset in datasets:
        both = [courses_of(rows, claim.metric).get((dataset, arm)) for arm in (claim.arm, other)]
        own = [_run_slopes(course, verdict.scale) for course in both if course is not None]
        if len(own) < 2 or min(map(len, own)) < 2:
            return verdict
        strata.append((own[0], own[1]))
        ends.append(both[0].steps[-1] if both[0] is not None else math.nan)
    effect = math.log(verdict.effect) if verdict.scale == "ratio" and verdict.effect > 0 else verdict.effect
    if not strata or not math.isfinite(effect) or (verdict.scale == "ratio" and verdict.effect <= 0):
        return verdict
    slope, low, high = difference_of_centers(strata, seed_of(claim.key, verdict.dataset, "trend"))
    if low <= 0 <= high or effect == 0:
        return replace(verdict, effect_trend=STEADY)
    if slope * effect > 0:
        return replace(verdict, effect_trend=GROWING)
    margin = math.log1p(claim.margin) if verdict.scale == "ratio" else claim.margin
    left = (abs(effect) - margin) / abs(slope)
    meets = left > 0 and left <= math.log(FARTHEST) and len(set(ends)) == 1
    step = round(float(ends[0]) * math.exp(left)) if meets else None
    return replace(verdict, effect_trend=SHRINKING, meets_margin_at=step)


def _run_slopes(course: Course, scale: str) -> Floats:
    """Of each run, the slope of the (log) metric on log steps in the second half; without runs that lack a value there."""
    half = (len(course.steps) + 1) // 2
    if half < 2 or course.steps[-half] <= 0:
        return np.empty(0)
    values = course.values[:, -half:]
    if scale == "ratio":
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.where(values > 0, np.log(values), np.nan)
    found = slopes(np.log(course.steps[-half:]), values)
    return found[~np.isnan(found)]
