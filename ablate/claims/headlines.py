"""From a claim's datasets to its headline: pooled over them, the best of them, or all of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from ablate.claims.binary_evidence import counts_of
from ablate.claims.evidence import Evidence
from ablate.claims.judgement import CONTRADICTED, DECIDED, DEPENDS, INCONCLUSIVE, NO_DIFFERENCE, REPRODUCED
from ablate.claims.kind import is_tested, kind_of
from ablate.claims.of_draws import heterogeneity_by_draw
from ablate.claims.statistics.bootstrap import LEVEL
from ablate.claims.statistics.heterogeneity import heterogeneity_of_improvement, heterogeneity_of_shares
from ablate.claims.thresholds import ALPHA
from ablate.claims.verdict import Verdict
from ablate.results.numbers import p_value
from ablate.study.claims import Claim


def headline(claim: Claim, parts: Sequence[Evidence], level: float = LEVEL) -> Evidence:
    """Evidence over all of a claim's datasets, from that on each; `level` is that of the interval."""
    strata = [part.strata[0] for part in parts]
    if claim.decide == "pooled" or not is_tested(claim):
        whole = replace(kind_of(claim).weigh(claim, strata, level), level=level)
        used = [part for part in parts if part.applies and part.filled]
        if len(used) < 2 or not is_tested(claim):
            return whole
        outside = tuple(part.strata[0][0] for part in used if part.lies_outside)
        return replace(whole, outside=outside, heterogeneity=heterogeneity_of(used))
    tested = [part for part in parts if part.applies] or list(parts)
    return _any(claim, tested, level) if claim.decide == "any_dataset" else _every(claim, tested, strata, level)


def _corrected(claim: Claim, part: Evidence, tests: int, level: float) -> Evidence:
    """A dataset that was picked out of several: its p and its interval pay for the choice (Bonferroni)."""
    level = 1 - (1 - level) / tests
    wider = replace(kind_of(claim).weigh(claim, part.strata, level), level=level)
    p_for, p_against, p_within = (min(1.0, p * tests) for p in (wider.p_for, wider.p_against, wider.p_within))
    return replace(wider, p_for=p_for, p_against=p_against, p_within=p_within, tests=tests)


def _any(claim: Claim, tested: list[Evidence], level: float) -> Evidence:
    """The dataset that speaks most for the claim."""
    return _corrected(claim, min(tested, key=lambda part: (not part.claimed_way, part.p_for)), len(tested), level)


def _every(claim: Claim, tested: list[Evidence], strata: list, level: float) -> Evidence:
    """The dataset that speaks least for the claim; against it, the one that speaks most against.

    All datasets must pass, so that the largest p for the claim needs no correction (Berger 1982); one is enough to
    contradict it, so the smallest p against it is multiplied by their number.
    """
    weakest = max(tested, key=lambda part: part.p_for)
    worst = _corrected(claim, min(tested, key=lambda part: part.p_against), len(tested), level)
    shown = weakest if weakest.p_for <= worst.p_against else worst
    within = max(part.p_within for part in tested)
    return replace(shown, strata=strata, p_for=weakest.p_for, p_against=worst.p_against, p_within=within, tests=1)


def with_dataset_verdicts(
    whole: Verdict,
    claim: Claim,
    evidence: Evidence,
    parts: Sequence[Evidence],
    dataset_verdicts: Sequence[Verdict],
    p_heterogeneity: float,
    alpha: float = ALPHA,
) -> Verdict:
    """The headline's verdict, held against those of its datasets.

    p_heterogeneity: that the effect is the same on every dataset, corrected for the study's claims; NaN without a test.
    alpha: level for the number of seeds, 0 where none is asked for.
    """
    if claim.decide == "any_dataset":
        whole = _with_any(whole, evidence, dataset_verdicts)
    elif claim.decide == "every_dataset" and whole.verdict in (REPRODUCED, NO_DIFFERENCE):
        judge = kind_of(claim).judge
        lacking = [
            (part.strata[0][0], reason)
            for part in parts
            if part.applies
            for word, reason, _ in [judge(part, whole.p_adjusted, alpha)]
            if word != whole.verdict
        ]
        if lacking:
            reasons = "; ".join(f"on {where}: {why}" for where, why in lacking)
            whole = replace(whole, verdict=INCONCLUSIVE, reason=reasons)
    elif p_heterogeneity < ALPHA:
        whole = _depending(whole, dataset_verdicts, p_heterogeneity)
    return _with_disagreement(whole, dataset_verdicts)


def _depending(whole: Verdict, dataset_verdicts: Sequence[Verdict], p: float) -> Verdict:
    """What is decided on some dataset and not on all, of effects that are not the same, depends on the dataset."""
    said: dict[str, list[str]] = {}
    for verdict in dataset_verdicts:
        said.setdefault(verdict.verdict if verdict.verdict in DECIDED else "undecided", []).append(verdict.dataset)
    decided = set(said) & set(DECIDED)
    if not decided or (whole.verdict in DECIDED and decided == {whole.verdict}):
        return whole
    order = (*DECIDED, "undecided")
    words = "; ".join(f"{word} on {', '.join(said[word])}" for word in order if word in said)
    reason = f"{words} (p {p_value(p)} that the effect is the same)"
    return replace(whole, verdict=DEPENDS, reason=reason, seeds_needed=None)


def _with_any(whole: Verdict, evidence: Evidence, dataset_verdicts: Sequence[Verdict]) -> Verdict:
    """A claim of "at least one dataset" is contradicted only by all of them; one dataset against it decides nothing."""
    words = {verdict.verdict for verdict in dataset_verdicts}
    if words and words <= {CONTRADICTED, NO_DIFFERENCE}:
        worst = max(verdict.p_adjusted for verdict in dataset_verdicts)
        word = NO_DIFFERENCE if NO_DIFFERENCE in words else CONTRADICTED
        told = f"{word} on every dataset" if len(words) == 1 else "holds on no dataset"
        return replace(whole, verdict=word, p_adjusted=worst, reason=told, seeds_needed=None)
    if whole.verdict in (CONTRADICTED, NO_DIFFERENCE):
        return replace(whole, verdict=INCONCLUSIVE, reason="holds on no dataset, but not contradicted on every one")
    return replace(whole, reason=f"on {evidence.strata[0][0]}: {whole.reason}")


def _with_disagreement(whole: Verdict, dataset_verdicts: Sequence[Verdict]) -> Verdict:
    """The headline's reason names the datasets whose verdict is the opposite."""
    where = {
        word: ", ".join(verdict.dataset for verdict in dataset_verdicts if verdict.verdict == word)
        for word in (REPRODUCED, CONTRADICTED)
    }
    clauses = [f"{word} on {names}" for word, names in where.items() if names and whole.verdict != word]
    if whole.verdict == DEPENDS or (whole.verdict == INCONCLUSIVE and len(clauses) < 2):
        return whole
    joined = ", ".join(clauses)
    prefix = "the datasets disagree: " if whole.verdict == INCONCLUSIVE else "but "
    return replace(whole, reason=f"{whole.reason}; {prefix}{joined}") if clauses else whole


def heterogeneity_of(parts: Sequence[Evidence]) -> float:
    """p that the effect is the same on every dataset; NaN of a best run, and of a trend over a factor."""
    if all(part.paired for part in parts):
        return heterogeneity_by_draw(parts)
    if all(part.binary and part.filled[0].against is not None for part in parts):
        return heterogeneity_of_shares([counts_of(part.filled[0]) for part in parts])
    sizes = [part.filled[0].n for part in parts]
    shares = [part.improvement for part in parts]
    of_ladders = any(samples.ladders for part in parts for samples in part.filled)
    if of_ladders or not all(part.seeds_decide for part in parts) or any(math.isnan(share) for share in shares):
        return math.nan
    return heterogeneity_of_improvement(shares, sizes)
