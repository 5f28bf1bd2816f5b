"""Claims to verdicts: for every claim one verdict on each dataset, and one on all of them, the headline."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ablate.claims import statistics
from ablate.claims.judgement import ALPHA, CONTRADICTED, Evidence, judge
from ablate.claims.measures import Samples, samples_of
from ablate.claims.rank_tests import stratified_rank_test
from ablate.claims.rows import StudyRows

if TYPE_CHECKING:
    from ablate.study import Claim, Study
    from ablate.tables import Results

POOLED = "pooled"


@dataclass(frozen=True)
class Verdict:
    """The outcome of one claim, of one arm against one other, on one dataset or pooled over the claim's datasets."""

    study: str
    claim: str
    source: tuple[str, ...]
    says: str
    dataset: str
    """a dataset's label, or "pooled": the headline"""
    datasets: tuple[str, ...]
    """the datasets that it rests on"""
    kind: str
    metric: str
    statistic: str
    arm: str
    against: str
    direction: str
    margin: float
    decide: str
    n: tuple[int, int]
    """runs compared: of the arm, of the other; summed over datasets"""
    seeds: int
    """the fewest seeds of an arm on a dataset"""
    diverged: tuple[int, int]
    missing: tuple[int, int]
    scale: str
    """ratio: effect is arm ÷ other, no effect is 1; difference: arm − other, no effect is 0"""
    effect: float
    low: float
    high: float
    p: float
    """two-sided"""
    p_adjusted: float
    """Holm, within the study's headlines or within the dataset's verdicts"""
    method: str
    improvement: float
    """probability that a run of the arm beats one of the other in the claimed direction; ties count one half"""
    improvement_low: float
    improvement_high: float
    cliffs_delta: float
    """2 · improvement − 1: positive is what the claim says"""
    verdict: str
    reason: str
    seeds_needed: int | None

    @property
    def key(self) -> str:
        """What is compared, in short; the datasets and the margin are not named."""
        return f"{self.claim}: {self.arm} vs {self.against}, {self.metric}, {self.statistic}"


def decide(study: Study, results: Results, rows: StudyRows | None = None) -> list[Verdict]:
    """Verdicts in the order of the study's claims; for each claim the headline (`pooled`) first, then its datasets.

    Holm's correction is made within the study's headlines, and separately within each dataset's verdicts. A claim
    without runs counts as a test with p = 1, so that an unfinished study is not judged by a smaller family.
    """
    rows = rows or StudyRows.of(study, results)
    evidence = {
        (i, dataset): _evidence(claim, [(dataset, samples_of(rows, claim, dataset))])
        for i, claim in enumerate(study.claims)
        for dataset in claim.datasets
    }
    headlines = [
        _any_dataset(claim, [evidence[i, dataset] for dataset in claim.datasets])
        if claim.decide == "any_dataset"
        else _evidence(claim, [(d, evidence[i, d].strata[0][1]) for d in claim.datasets])
        for i, claim in enumerate(study.claims)
    ]
    families = defaultdict(list)
    for key in evidence:
        families[key[1]].append(key)
    single = {}
    for keys in families.values():
        adjusted = statistics.holm([evidence[key].p for key in keys])
        for key, p in zip(keys, adjusted, strict=True):
            single[key] = _verdict(study, study.claims[key[0]], evidence[key], key[1], p, len(keys))
    found = []
    adjusted = statistics.holm([each.p for each in headlines])
    for i, claim in enumerate(study.claims):
        parts = [single[i, dataset] for dataset in claim.datasets]
        headline = _verdict(study, claim, headlines[i], POOLED, adjusted[i], len(headlines))
        if claim.decide == "any_dataset":
            headline = _on_any(headline, parts, headlines[i])
        found += [headline, *parts]
    return found


def _evidence(claim: Claim, strata: list[tuple[str, Samples]]) -> Evidence:
    """Test and effect over the datasets where the metric exists. Values are turned so that lower is what is claimed."""
    used = [(name, each) for name, each in strata if each.applies]
    pairs = [(each.arm, each.against) for _, each in used if min(each.n)]
    sign = 1.0 if claim.direction == "less" else -1.0
    seed = statistics.seed_of(claim.key, claim.metric, claim.statistic, *(name for name, _ in used))
    turned = [(sign * arm, sign * against) for arm, against in pairs]
    test = stratified_rank_test(turned, seed)
    scale = strata[0][1].scale
    found = Evidence(claim, strata, scale, p=test.p, method=test.method, tests=1)
    if not turned:
        return found
    chance, chance_low, chance_high = statistics.improvement(turned)
    found = replace(found, improvement=chance, improvement_low=chance_low, improvement_high=chance_high)
    finite = [pair for pair in (each.comparable() for _, each in used if min(each.n)) if pair is not None]
    if not finite:  # every run diverged, in both arms: nothing to average
        return replace(found, effect=0.0, low=-math.inf, high=math.inf)
    effect, low, high = statistics.difference_of_centers(finite, seed, used[0][1].center)
    return replace(found, effect=effect, low=low, high=high)


def _any_dataset(claim: Claim, parts: list[Evidence]) -> Evidence:
    """The dataset that speaks most for the claim, its p multiplied by the number of datasets (Holm's first step)."""
    tested = [each for each in parts if each.applies] or parts
    best = min(tested, key=lambda each: (not each.claimed_way, each.p))
    return replace(best, p=min(1.0, best.p * len(tested)), tests=len(tested))


def _on_any(headline: Verdict, parts: list[Verdict], evidence: Evidence) -> Verdict:
    """A claim of "at least one dataset" is contradicted only by all of them; one dataset against it decides nothing."""
    where = evidence.strata[0][0]
    if parts and all(each.verdict == CONTRADICTED for each in parts):
        worst = max(each.p_adjusted for each in parts)
        return replace(
            headline, verdict=CONTRADICTED, p_adjusted=worst, reason="contradicted on every dataset", seeds_needed=None
        )
    if headline.verdict == CONTRADICTED:
        return replace(
            headline, verdict="inconclusive", reason="holds on no dataset, but not contradicted on every one"
        )
    return replace(headline, reason=f"on {where}: {headline.reason}")


def _verdict(study: Study, claim: Claim, evidence: Evidence, dataset: str, p_adjusted: float, family: int) -> Verdict:
    word, reason, needed = judge(evidence, p_adjusted, ALPHA / (family * evidence.tests))
    natural = math.exp if evidence.scale == "ratio" else float
    used = [(name, each) for name, each in evidence.strata if each.applies]

    def total(what: str) -> tuple[int, int]:
        return tuple(sum(getattr(each, what)[side] for _, each in used) for side in (0, 1))  # type: ignore[return-value]

    return Verdict(
        study=study.name,
        claim=claim.id,
        source=tuple(claim.source),
        says=claim.says,
        dataset=dataset,
        datasets=tuple(name for name, _ in used),
        kind=claim.test,
        metric=claim.metric,
        statistic=claim.statistic,
        arm=claim.arm,
        against=claim.against,
        direction=claim.direction,
        margin=float(claim.margin),
        decide=claim.decide,
        n=total("n"),
        seeds=evidence.seeds,
        diverged=total("diverged"),
        missing=total("missing"),
        scale=evidence.scale,
        effect=natural(evidence.effect),
        low=natural(evidence.low),
        high=natural(evidence.high),
        p=evidence.p,
        p_adjusted=p_adjusted,
        method=evidence.method,
        improvement=evidence.improvement,
        improvement_low=evidence.improvement_low,
        improvement_high=evidence.improvement_high,
        cliffs_delta=2 * evidence.improvement - 1,
        verdict=word,
        reason=reason,
        seeds_needed=needed,
    )
