"""Claims to verdicts: for every claim one verdict on each dataset, and one on all of them, the headline."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ablate.claims.evidence import Evidence
from ablate.claims.headlines import headline, with_dataset_verdicts
from ablate.claims.judgement import WAITING
from ablate.claims.kind import is_tested, kind_of
from ablate.claims.statistics.bootstrap import LEVEL
from ablate.claims.statistics.effects import holm
from ablate.claims.study_rows import StudyRows
from ablate.claims.thresholds import ALPHA
from ablate.claims.verdict import POOLED, Verdict

if TYPE_CHECKING:
    from ablate.claims.values import Samples
    from ablate.results.tables import Results
    from ablate.study.claims import Claim
    from ablate.study.study import Study


def decide(study: Study, results: Results, rows: StudyRows | None = None) -> list[Verdict]:
    """Verdicts in the order of the study's claims; for each claim the headline (`pooled`) first, then its datasets.

    All seeds there are decide, once; of a study that goes by looks, see ablate.claims.by_looks.

    Holm's correction is made within the study's headlines, and separately within the verdicts on datasets, all of them
    together; a third time within the tests of whether an effect is the same on every dataset. A claim
    without runs counts as a test with p = 1, so that an unfinished study is not judged by a smaller family; a claim that
    waits, and one whose kind leaves nothing to chance, are not tests.
    """
    rows = rows or StudyRows.of(study, results)
    return judged(study, *weighed(study, rows))


Parts = dict[tuple[int, str], Evidence]
"""(claim's number, dataset) → its evidence"""


def decide_samples(study: Study, samples_of: Callable[[Claim, str], Samples], tell_seeds: bool = True) -> list[Verdict]:
    """The same of values that are at hand, by claim and dataset; of the study its name and claims are used.

    tell_seeds: whether undecided verdicts name the number of seeds that they need, which takes most of the time.
    """

    def weigh(claim: Claim, dataset: str) -> Evidence:
        return kind_of(claim).weigh(claim, [(dataset, samples_of(claim, dataset))], LEVEL)

    return judged(study, *_all_weighed(study, weigh), alpha=ALPHA if tell_seeds else 0.0)


def weighed(study: Study, rows: StudyRows) -> tuple[Parts, dict[int, Evidence]]:
    """The evidence on each dataset, and over all of them, of every claim that does not wait."""
    return _all_weighed(study, lambda claim, dataset: weigh_on(rows, claim, dataset))


def _all_weighed(study: Study, weigh: Callable[[Claim, str], Evidence]) -> tuple[Parts, dict[int, Evidence]]:
    claims = {i: claim for i, claim in enumerate(study.claims) if not claim.waits}
    parts = {(i, dataset): weigh(claim, dataset) for i, claim in claims.items() for dataset in claim.datasets}
    return parts, {i: headline(claim, [parts[i, dataset] for dataset in claim.datasets]) for i, claim in claims.items()}


def judged(study: Study, parts: Parts, wholes: dict[int, Evidence], alpha: float = ALPHA) -> list[Verdict]:
    """The verdicts of `decide`; alpha: level for the number of seeds, 0 where no number is asked for."""
    p_wholes = _adjusted(wholes)
    p_parts = _adjusted(parts)
    varied = [i for i, evidence in wholes.items() if not math.isnan(evidence.heterogeneity)]
    p_varied = dict(zip(varied, holm([wholes[i].heterogeneity for i in varied]), strict=True))
    verdicts = []
    for i, claim in enumerate(study.claims):
        if claim.waits:
            verdicts.append(waiting_verdict(study, claim, claim.waits))
            continue
        own = [parts[i, dataset] for dataset in claim.datasets]
        on_datasets = [
            _verdict(study, evidence, dataset, p_parts[i, dataset], alpha)
            for dataset, evidence in zip(claim.datasets, own, strict=True)
        ]
        whole = _verdict(study, wholes[i], POOLED, p_wholes[i], alpha)
        varies, shared = p_varied.get(i, math.nan), alpha / p_wholes[i][1]
        verdicts += [with_dataset_verdicts(whole, claim, wholes[i], own, on_datasets, varies, shared)]
        verdicts += on_datasets
    return verdicts


def project_wide(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts of several studies, each headline with its p corrected for those of all of them."""
    tested = [
        i for i, verdict in enumerate(verdicts) if verdict.dataset == POOLED and not math.isnan(verdict.p_adjusted)
    ]
    told = list(verdicts)
    for i, p in zip(tested, holm([verdicts[i].p for i in tested]), strict=True):
        told[i] = replace(told[i], p_project=p)
    return told


def waiting_verdict(study: Study, claim: Claim, why: str) -> Verdict:
    """The row of a claim that is not decided yet, with the reason."""
    row = _row(study, Evidence(claim, [], "difference", math.nan, math.nan, method=""), POOLED, math.nan)
    return replace(row, datasets=claim.datasets, verdict=WAITING, reason=why)


def weigh_on(rows: StudyRows, claim: Claim, dataset: str, level: float = LEVEL) -> Evidence:
    """What the runs of one dataset say; `level` is that of the interval."""
    kind = kind_of(claim)
    return replace(kind.weigh(claim, [(dataset, kind.samples(rows, claim, dataset))], level), level=level)


def _adjusted(evidence: Mapping[Any, Evidence]) -> dict[Any, tuple[float, int]]:
    """Holm's adjusted p, and the size of the family; NaN and 1 for what is not a test."""
    tested = {key: item for key, item in evidence.items() if is_tested(item.claim)}
    adjusted = holm([item.p for item in tested.values()])
    corrected = {key: (p, len(tested)) for key, p in zip(tested, adjusted, strict=True)}
    return {key: corrected.get(key, (math.nan, 1)) for key in evidence}


def _verdict(study: Study, evidence: Evidence, dataset: str, corrected: tuple[float, int], alpha: float) -> Verdict:
    p_adjusted, family = corrected
    word, reason, needed = kind_of(evidence.claim).judge(evidence, p_adjusted, alpha / (family * evidence.tests))
    return replace(_row(study, evidence, dataset, p_adjusted), verdict=word, reason=reason, seeds_needed=needed)


def _row(study: Study, evidence: Evidence, dataset: str, p_adjusted: float) -> Verdict:
    claim, used = evidence.claim, evidence.used
    natural = math.exp if evidence.scale in ("ratio", "log") else float
    of_a_value = evidence.scale in ("value", "log")
    target = tuple(natural(end) for end in evidence.target) if of_a_value and evidence.target else (math.nan, math.nan)

    def total(what: str) -> tuple[int, int]:
        first, second = (sum(getattr(samples, what)[side] for _, samples in used) for side in (0, 1))
        return first, second

    return Verdict(
        study=study.name,
        claim=claim.id,
        source=tuple(claim.source),
        says=claim.says,
        dataset=dataset,
        datasets=tuple(name for name, _ in used),
        kind=claim.test,
        metric=claim.metric,
        statistic=kind_of(claim).statistic(claim) if claim.test else claim.statistic,
        arm=claim.arm,
        against=claim.opponent,
        direction=claim.direction,
        margin=float(claim.margin),
        at=claim.at,
        decide=claim.decide,
        n=total("n"),
        seeds=evidence.seeds,
        diverged=total("diverged"),
        missing=total("missing"),
        scale="value" if of_a_value else evidence.scale,
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
        target_low=target[0],
        target_high=target[1],
    )
