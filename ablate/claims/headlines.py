"""From a claim's datasets to its headline: pooled over them, the best of them, or all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ablate.claims.evidence import LEVEL, Evidence
from ablate.claims.judgement import CONTRADICTED, INCONCLUSIVE, REPRODUCED
from ablate.claims.kinds import kind_of

if TYPE_CHECKING:
    from ablate.claims.verdict import Verdict
    from ablate.study.study import Claim


def headline(claim: Claim, parts: Sequence[Evidence]) -> Evidence:
    """Evidence over all of a claim's datasets, from that on each."""
    strata = [each.strata[0] for each in parts]
    kind = kind_of(claim)
    if claim.decide == "pooled" or not kind.tested:
        return kind.weigh(claim, strata)
    tested = [each for each in parts if each.applies] or list(parts)
    return _any(claim, tested) if claim.decide == "any_dataset" else _every(claim, tested, strata)


def _corrected(claim: Claim, part: Evidence, tests: int) -> Evidence:
    """A dataset that was picked out of several: its p and its interval pay for the choice (Bonferroni)."""
    found = kind_of(claim).weigh(claim, part.strata, 1 - (1 - LEVEL) / tests)
    return replace(
        found, p_for=min(1.0, found.p_for * tests), p_against=min(1.0, found.p_against * tests), tests=tests
    )  # fmt: skip


def _any(claim: Claim, tested: list[Evidence]) -> Evidence:
    """The dataset that speaks most for the claim."""
    return _corrected(claim, min(tested, key=lambda each: (not each.claimed_way, each.p)), len(tested))


def _every(claim: Claim, tested: list[Evidence], strata: list) -> Evidence:
    """The dataset that speaks least for the claim; against it, the one that speaks most against.

    All datasets must pass, so that the largest p for the claim needs no correction (Berger 1982); one is enough to
    contradict it, so the smallest p against it is multiplied by their number.
    """
    weakest = max(tested, key=lambda each: each.p_for)
    worst = _corrected(claim, min(tested, key=lambda each: each.p_against), len(tested))
    shown = weakest if weakest.p_for <= worst.p_against else worst
    return replace(shown, strata=strata, p_for=weakest.p_for, p_against=worst.p_against, tests=1)


def settled(
    found: Verdict, claim: Claim, evidence: Evidence, parts: Sequence[Evidence], words: Sequence[Verdict]
) -> Verdict:
    """The headline's verdict, held against those of its datasets."""
    if claim.decide == "any_dataset":
        found = _settled_any(found, evidence, words)
    elif claim.decide == "every_dataset" and found.verdict == REPRODUCED:
        judge = kind_of(claim).judge
        lacking = [
            (part.strata[0][0], reason)
            for part in parts
            if part.applies
            for word, reason, _ in [judge(part, found.p_adjusted, 0.05)]
            if word != REPRODUCED
        ]
        if lacking:
            found = replace(
                found, verdict=INCONCLUSIVE, reason="; ".join(f"on {where}: {why}" for where, why in lacking)
            )
    return _with_disagreement(found, words)


def _settled_any(found: Verdict, evidence: Evidence, words: Sequence[Verdict]) -> Verdict:
    """A claim of "at least one dataset" is contradicted only by all of them; one dataset against it decides nothing."""
    if words and all(each.verdict == CONTRADICTED for each in words):
        worst = max(each.p_adjusted for each in words)
        return replace(
            found, verdict=CONTRADICTED, p_adjusted=worst, reason="contradicted on every dataset", seeds_needed=None
        )
    if found.verdict == CONTRADICTED:
        return replace(found, verdict=INCONCLUSIVE, reason="holds on no dataset, but not contradicted on every one")
    return replace(found, reason=f"on {evidence.strata[0][0]}: {found.reason}")


def _with_disagreement(found: Verdict, words: Sequence[Verdict]) -> Verdict:
    """The headline's reason names the datasets whose verdict is the opposite."""
    where = {
        word: ", ".join(each.dataset for each in words if each.verdict == word) for word in (REPRODUCED, CONTRADICTED)
    }
    clauses = [f"{word} on {names}" for word, names in where.items() if names and found.verdict != word]
    if found.verdict == INCONCLUSIVE and len(clauses) < 2:
        return found
    joined = ", ".join(clauses)
    prefix = "the datasets disagree: " if found.verdict == INCONCLUSIVE else "but "
    return replace(found, reason=f"{found.reason}; {prefix}{joined}") if clauses else found
