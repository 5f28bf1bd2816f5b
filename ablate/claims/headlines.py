"""From a claim's datasets to its headline: pooled over them, the best of them, or all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ablate.claims.evidence import Evidence
from ablate.claims.judgement import ALPHA, CONTRADICTED, INCONCLUSIVE, REPRODUCED
from ablate.claims.kind import is_tested, kind_of
from ablate.claims.statistics.bootstrap import LEVEL
from ablate.claims.verdict import Verdict
from ablate.study.claims import Claim


def headline(claim: Claim, parts: Sequence[Evidence]) -> Evidence:
    """Evidence over all of a claim's datasets, from that on each."""
    strata = [part.strata[0] for part in parts]
    if claim.decide == "pooled" or not is_tested(claim):
        return kind_of(claim).weigh(claim, strata, LEVEL)
    tested = [part for part in parts if part.applies] or list(parts)
    return _any(claim, tested) if claim.decide == "any_dataset" else _every(claim, tested, strata)


def _corrected(claim: Claim, part: Evidence, tests: int) -> Evidence:
    """A dataset that was picked out of several: its p and its interval pay for the choice (Bonferroni)."""
    wider = kind_of(claim).weigh(claim, part.strata, 1 - (1 - LEVEL) / tests)
    p_for, p_against = (min(1.0, p * tests) for p in (wider.p_for, wider.p_against))
    return replace(wider, p_for=p_for, p_against=p_against, tests=tests)


def _any(claim: Claim, tested: list[Evidence]) -> Evidence:
    """The dataset that speaks most for the claim."""
    return _corrected(claim, min(tested, key=lambda part: (not part.claimed_way, part.p)), len(tested))


def _every(claim: Claim, tested: list[Evidence], strata: list) -> Evidence:
    """The dataset that speaks least for the claim; against it, the one that speaks most against.

    All datasets must pass, so that the largest p for the claim needs no correction (Berger 1982); one is enough to
    contradict it, so the smallest p against it is multiplied by their number.
    """
    weakest = max(tested, key=lambda part: part.p_for)
    worst = _corrected(claim, min(tested, key=lambda part: part.p_against), len(tested))
    shown = weakest if weakest.p_for <= worst.p_against else worst
    return replace(shown, strata=strata, p_for=weakest.p_for, p_against=worst.p_against, tests=1)


def with_dataset_verdicts(
    whole: Verdict, claim: Claim, evidence: Evidence, parts: Sequence[Evidence], dataset_verdicts: Sequence[Verdict]
) -> Verdict:
    """The headline's verdict, held against those of its datasets."""
    if claim.decide == "any_dataset":
        whole = _with_any(whole, evidence, dataset_verdicts)
    elif claim.decide == "every_dataset" and whole.verdict == REPRODUCED:
        judge = kind_of(claim).judge
        lacking = [
            (part.strata[0][0], reason)
            for part in parts
            if part.applies
            for word, reason, _ in [judge(part, whole.p_adjusted, ALPHA)]
            if word != REPRODUCED
        ]
        if lacking:
            reasons = "; ".join(f"on {where}: {why}" for where, why in lacking)
            whole = replace(whole, verdict=INCONCLUSIVE, reason=reasons)
    return _with_disagreement(whole, dataset_verdicts)


def _with_any(whole: Verdict, evidence: Evidence, dataset_verdicts: Sequence[Verdict]) -> Verdict:
    """A claim of "at least one dataset" is contradicted only by all of them; one dataset against it decides nothing."""
    if dataset_verdicts and all(verdict.verdict == CONTRADICTED for verdict in dataset_verdicts):
        worst = max(verdict.p_adjusted for verdict in dataset_verdicts)
        return replace(
            whole, verdict=CONTRADICTED, p_adjusted=worst, reason="contradicted on every dataset", seeds_needed=None
        )
    if whole.verdict == CONTRADICTED:
        return replace(whole, verdict=INCONCLUSIVE, reason="holds on no dataset, but not contradicted on every one")
    return replace(whole, reason=f"on {evidence.strata[0][0]}: {whole.reason}")


def _with_disagreement(whole: Verdict, dataset_verdicts: Sequence[Verdict]) -> Verdict:
    """The headline's reason names the datasets whose verdict is the opposite."""
    where = {
        word: ", ".join(verdict.dataset for verdict in dataset_verdicts if verdict.verdict == word)
        for word in (REPRODUCED, CONTRADICTED)
    }
    clauses = [f"{word} on {names}" for word, names in where.items() if names and whole.verdict != word]
    if whole.verdict == INCONCLUSIVE and len(clauses) < 2:
        return whole
    joined = ", ".join(clauses)
    prefix = "the datasets disagree: " if whole.verdict == INCONCLUSIVE else "but "
    return replace(whole, reason=f"{whole.reason}; {prefix}{joined}") if clauses else whole
