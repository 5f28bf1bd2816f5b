"""One sentence a claim, made from its verdicts: what its decisive test found, where it was shown, and what was not shown."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ablate.claims.judgement import CONTRADICTED, DEPENDS, NO_DIFFERENCE, NO_EVENTS, REPRODUCED, WAITING
from ablate.claims.kind import deciding_kind, effect_text
from ablate.claims.overall import Overall, Tested
from ablate.claims.verdict import Verdict

PHRASES = {REPRODUCED: "shown", CONTRADICTED: "the other way", NO_DIFFERENCE: "no difference that matters"}
MOST_NAMED = 3


def sentence(claim: Overall) -> str:
    """A claim's sentence, with the effect, its interval and the datasets of the decisive test."""
    verdict = claim.decisive.headline
    if claim.word == WAITING:
        return f"not tested yet: {verdict.reason}."
    told, rest = f"{_finding(verdict)}{_where(claim.decisive)}", _rest(claim)
    return f"{told}{f'; {rest}' if rest else ''}."


def _finding(verdict: Verdict) -> str:
    """What the runs say, and what was claimed; or why they say nothing."""
    if not verdict.kind or math.isnan(verdict.effect) or verdict.verdict == NO_EVENTS:
        return verdict.reason
    return deciding_kind(verdict.kind).finding(verdict)


def _where(test: Tested) -> str:
    """The datasets: what was shown on which, and on which not."""
    verdict, parts = test.headline, test.parts
    names = list(verdict.datasets)
    if len(parts) < 2:
        return f" on {names[0]}" if names else ""
    if verdict.decide == "any_dataset":
        return f" on {_listed(names)}, the best of {_listed([part.dataset for part in parts])}"
    groups: dict[str, list[str]] = {}
    for part in parts:
        groups.setdefault(PHRASES.get(part.verdict, "not shown"), []).append(_on(part))
    over = f" over {_listed(names)}"
    if len(groups) == 1 and test.word != DEPENDS:
        (phrase,) = groups
        return over + (f", {phrase} on each" if phrase != "not shown" else ", and not shown on any by itself")
    order = [*PHRASES.values(), "not shown"]
    told = [f"{phrase} on {_listed(groups[phrase])}" for phrase in order if phrase in groups]
    return f"{over}: {', '.join(told)}"


def _on(part: Verdict) -> str:
    if part.verdict not in PHRASES or math.isnan(part.effect):
        return part.dataset
    return f"{part.dataset} ({effect_text(part)})"


def _rest(claim: Overall) -> str:
    """The weakest test, where it says less than the decisive one; else the strongest, where it says more."""
    if claim.weakest.word != claim.word:
        return f"{_verb(claim.weakest.word)} {_named(claim, claim.weakest.word)}"
    if claim.strongest.word != claim.word:
        return f"{_verb(claim.strongest.word)} {_named(claim, claim.strongest.word)}"
    return ""


def _verb(word: str) -> str:
    return {
        REPRODUCED: "shown for", CONTRADICTED: "the other way for", NO_DIFFERENCE: "no difference that matters for",
        DEPENDS: "depends on the dataset for",
    }.get(word, "not shown for")  # fmt: skip


def _named(claim: Overall, word: str) -> str:
    """What the tests of that word compare."""
    verdicts = [test.headline for test in claim.tests if test.word == word]
    names = list(dict.fromkeys(deciding_kind(v.kind).mark(v).what if v.kind else v.says for v in verdicts))
    return _listed(names[:MOST_NAMED] + [f"{len(names) - MOST_NAMED} more"] * (len(names) > MOST_NAMED))


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
