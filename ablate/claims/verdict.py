"""Claims to verdicts: for every claim one verdict on each dataset, and one on all of them, the headline."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ablate.claims.evidence import Evidence
from ablate.claims.headlines import headline, settled
from ablate.claims.judgement import ALPHA, WAITING
from ablate.claims.kinds import kind_of
from ablate.claims.statistics import effects as statistics
from ablate.claims.study_rows import StudyRows
from ablate.claims.values import samples_of
from ablate.study.claims.claim import interval_text

if TYPE_CHECKING:
    from ablate.results.tables import Results
    from ablate.study.study import Claim, Study

POOLED = "pooled"


@dataclass(frozen=True)
class Verdict:
    """The outcome of one claim on one dataset, or over the claim's datasets."""

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
    """ratio: effect is arm ÷ other, no effect is 1; difference: arm − other, no effect is 0; value: of the arm itself"""
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
    target_low: float = math.nan
    """of a bound: where the claim places the statistic, ±inf at an open end"""
    target_high: float = math.nan

    @property
    def key(self) -> str:
        """What is compared, in short; the datasets and the margin are not named."""
        return f"{self.claim}: {self.arm} vs {self.against}, {self.metric}, {self.statistic}"


def decide(study: Study, results: Results, rows: StudyRows | None = None) -> list[Verdict]:
    """Verdicts in the order of the study's claims; for each claim the headline (`pooled`) first, then its datasets.

    Holm's correction is made within the study's headlines, and separately within each dataset's verdicts. A claim
    without runs counts as a test with p = 1, so that an unfinished study is not judged by a smaller family; a claim that
    waits, and an identity, which leaves nothing to chance, are no tests.
    """
    rows = rows or StudyRows.of(study, results)
    claims = {i: claim for i, claim in enumerate(study.claims) if not claim.waits}
    parts = {
        (i, dataset): kind_of(claim).weigh(claim, [(dataset, samples_of(rows, claim, dataset))])
        for i, claim in claims.items()
        for dataset in claim.datasets
    }
    wholes = {i: headline(claim, [parts[i, dataset] for dataset in claim.datasets]) for i, claim in claims.items()}
    p_wholes = _adjusted(wholes)
    p_parts: dict[Any, tuple[float, int]] = {}
    for dataset in dict.fromkeys(key[1] for key in parts):
        p_parts |= _adjusted({key: each for key, each in parts.items() if key[1] == dataset})
    found = []
    for i, claim in enumerate(study.claims):
        if claim.waits:
            found.append(waiting(study, claim, claim.waits))
            continue
        own = [parts[i, dataset] for dataset in claim.datasets]
        words = [_verdict(study, each, d, p_parts[i, d]) for d, each in zip(claim.datasets, own, strict=True)]
        whole = _verdict(study, wholes[i], POOLED, p_wholes[i])
        found += [settled(whole, claim, wholes[i], own, words), *words]
    return found


def waiting(study: Study, claim: Claim, why: str) -> Verdict:
    """The row of a claim that is not decided yet, with the reason."""
    found = _row(study, Evidence(claim, [], "difference", math.nan, math.nan, method=""), POOLED, math.nan)
    return replace(found, datasets=claim.datasets, verdict=WAITING, reason=why)


def _adjusted(evidence: dict[Any, Evidence]) -> dict[Any, tuple[float, int]]:
    """Holm's adjusted p, and the size of the family; NaN and 1 for what is no test."""
    tested = {key: each for key, each in evidence.items() if kind_of(each.claim).tested}
    adjusted = statistics.holm([each.p for each in tested.values()])
    found = {key: (p, len(tested)) for key, p in zip(tested, adjusted, strict=True)}
    return {key: found.get(key, (math.nan, 1)) for key in evidence}


def _verdict(study: Study, evidence: Evidence, dataset: str, corrected: tuple[float, int]) -> Verdict:
    p_adjusted, family = corrected
    word, reason, needed = kind_of(evidence.claim).judge(evidence, p_adjusted, ALPHA / (family * evidence.tests))
    return replace(_row(study, evidence, dataset, p_adjusted), verdict=word, reason=reason, seeds_needed=needed)


def _statistic(claim: Claim) -> str:
    if claim.statistic == "share_near_best":
        return f"share within {claim.factor_of_best:g} × the best"
    return f"share within {interval_text(*claim.within)}" if claim.within else claim.statistic


def _row(study: Study, evidence: Evidence, dataset: str, p_adjusted: float) -> Verdict:
    claim, used = evidence.claim, evidence.used
    bounded = claim.test == "bound"
    natural = math.exp if evidence.scale in ("ratio", "log") else float

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
        statistic=_statistic(claim),
        arm=claim.arm,
        against=claim.opponent,
        direction=claim.direction,
        margin=float(claim.margin),
        decide=claim.decide,
        n=total("n"),
        seeds=evidence.seeds,
        diverged=total("diverged"),
        missing=total("missing"),
        scale="value" if evidence.scale == "log" else evidence.scale,
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
        verdict="",
        reason="",
        seeds_needed=None,
        target_low=natural(evidence.target[0]) if bounded and evidence.target else math.nan,
        target_high=natural(evidence.target[1]) if bounded and evidence.target else math.nan,
    )
