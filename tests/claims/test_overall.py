"""A claim's word is that of the test in the middle; checks, what waits and what had no events count as no test."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from statistics import median_low

import pytest

from ablate.claims.decide import decide
from ablate.claims.overall import FOR_THE_CLAIM, is_check, overall
from ablate.claims.sentence import sentence
from ablate.claims.verdict import POOLED, Verdict
from tests.support.simulated_study import SimulatedClaim, tables

LOW, HIGH = [1.0 + 0.01 * i for i in range(8)], [2.0 + 0.01 * i for i in range(8)]


@pytest.fixture(scope="module")
def verdicts() -> list[Verdict]:
    """fid of a is lower than that of b: on ring8 clearly, on grid25 it is as high."""
    cells = {("ring8", "a"): LOW, ("ring8", "b"): HIGH, ("grid25", "a"): LOW, ("grid25", "b"): LOW}
    return decide(*tables(cells, [SimulatedClaim(datasets=("ring8", "grid25"))]))


def headlines_of(one: Verdict, *words: str) -> list[Verdict]:
    return [replace(one, verdict=word, dataset=POOLED) for word in words]


def test_the_word_is_the_lower_median_of_the_tests(verdicts: list[Verdict]) -> None:
    for count in (1, 2, 3, 4):
        for words in product(FOR_THE_CLAIM, repeat=count):
            (claim,) = overall(headlines_of(verdicts[0], *words, "no events", "waiting"))
            ranks = [FOR_THE_CLAIM.index(word) for word in words]
            assert FOR_THE_CLAIM.index(claim.word) == median_low(ranks)
            assert (claim.word == "reproduced") == (words.count("reproduced") > count / 2)
            assert (claim.word == "contradicted") == (words.count("contradicted") >= count / 2)
            assert claim.weakest.word == FOR_THE_CLAIM[min(ranks)]
            assert claim.strongest.word == FOR_THE_CLAIM[max(ranks)]
            assert sum(claim.counts.values()) == count + 2


def test_where_nothing_else_is_there_what_is_no_test_gives_the_word(verdicts: list[Verdict]) -> None:
    one = verdicts[0]
    assert overall(headlines_of(one, "waiting", "no events"))[0].word == "no events"
    assert overall(headlines_of(one, "waiting"))[0].word == "waiting"
    check = replace(one, kind="identity", verdict="reproduced")
    (claim,) = overall([check, *headlines_of(one, "contradicted")])
    assert (claim.word, len(claim.checks), claim.counts) == ("contradicted", 1, {"contradicted": 1})
    assert overall([check])[0].word == "reproduced"


def test_among_equal_words_the_smaller_p_is_the_stronger_evidence(verdicts: list[Verdict]) -> None:
    one = verdicts[0]
    for word, strongest in (("reproduced", 0.001), ("contradicted", 0.04)):
        tests = [replace(one, verdict=word, p_adjusted=p) for p in (0.01, 0.001, 0.04)]
        (claim,) = overall(tests)
        assert claim.strongest.headline.p_adjusted == strongest
        assert claim.decisive.headline.p_adjusted == 0.01


def test_checks_are_identities_and_what_a_penalty_drives_at(verdicts: list[Verdict]) -> None:
    one = replace(verdicts[0], kind="bound")
    checks = {
        m
        for m in ("unit_slope_share", "critic_slope_mean", "plan_slope_mean", "fid")
        if is_check(replace(one, metric=m))
    }
    assert checks == {"unit_slope_share", "critic_slope_mean"}
    assert is_check(replace(one, kind="identity"))
    assert not is_check(replace(one, kind=""))


def test_the_sentence_says_what_was_found_where_and_what_was_not_shown(verdicts: list[Verdict]) -> None:
    (claim,) = overall(verdicts)
    told = sentence(claim)
    part = next(v for v in verdicts if v.dataset == "ring8")
    assert told.startswith("fid of a is ")
    assert " times that of b (claimed: lower) over ring8 and grid25: shown on ring8 (× " in told
    assert f"× {part.effect:.3g}" in told
    assert told.endswith("not shown on grid25.")
    (waits,) = overall([replace(verdicts[0], verdict="waiting", reason="no runs yet")])
    assert sentence(waits) == "not tested yet: no runs yet."
    other = replace(verdicts[0], verdict="contradicted", metric="w1")
    more = [replace(verdicts[0], verdict="reproduced"), replace(verdicts[0], verdict="reproduced"), other]
    assert sentence(overall(more)[0]).endswith("; the other way for w1: a ÷ b.")
