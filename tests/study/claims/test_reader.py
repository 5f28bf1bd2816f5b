"""What the claims of a study file become, kind by kind, and what is said of those that are wrong."""

from __future__ import annotations

import contextlib
import random
import re
from pathlib import Path

import pytest

from ablate.errors import StudyErrors
from ablate.study.claims import Claim
from ablate.study.load import load_study
from ablate.study.select import select

TOP = """\
study: claims
question: What is claimed?
seeds: 5
datasets:
  ring8: {std: 0.02}
base: {loss: wasserstein, lipschitz: gradient_penalty, lambda_gp: 10, generator_steps: 100, lr: 1e-3}
arms:
  narrow: {width: 32}
  wide: {width: 64}
"""
GRID = "grid: {lr: [1e-4, 1e-3, 1e-2]}\n"


def read(tmp_path: Path, claim: str, top: str = TOP) -> tuple[Claim, ...]:
    path = tmp_path / "x.yaml"
    path.write_text(f"{top}claims:\n  - {{id: c, says: so, {claim}}}\n", encoding="utf-8")
    return load_study(path).claims


def wrong(tmp_path: Path, claim: str, top: str = TOP) -> list[str]:
    with pytest.raises(StudyErrors) as caught:
        read(tmp_path, claim, top)
    return [problem.split(":", 1)[1] for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("claim", "key"),
    [
        ("test: compare, metric: fid, arm: wide, value: 0.5, direction: less", "c: fid of wide < 0.5"),
        ("test: compare, metric: {spearman: [critic_loss, fid]}, arm: wide, against: narrow, direction: greater",
         "c: spearman(critic_loss, fid) of wide > narrow"),
        ("test: equivalent, metric: fid, arm: wide, against: narrow, margin: 0.1",
         "c: fid of wide equal to narrow within 0.1"),
        ("test: equivalent, metric: fid, arm: wide, best_of: [narrow], margin: 0.1",
         "c: fid of wide not worse than best of narrow within 0.1"),
        ("test: bound, metric: w1, arm: wide, low: 0.9, high: 1.1", "c: iqm of w1 of wide in [0.9, 1.1]"),
        ("test: bound, metric: w1, arm: wide, statistic: share, within: [0, 2], low: 0.9",
         "c: share of w1 within [0, 2] of wide in ≥ 0.9"),
        ("test: trend, metric: generator_gradient_norm, arm: wide, direction: falls",
         "c: spearman(step, generator_gradient_norm) of wide falls along training"),
        ("test: identity, metric: share_at_bound, arm: wide, differs_from: 0, tolerance: 1e-6",
         "c: share_at_bound of wide ≠ 0 ± 1e-06"),
        ("waits: it needs a CUDA device", "c: so"),
    ],
)  # fmt: skip
def test_a_claim_says_what_it_tests(tmp_path: Path, claim: str, key: str) -> None:
    assert [stated.key for stated in read(tmp_path, claim)] == [key]


def test_each_arm_of_a_list_is_a_claim(tmp_path: Path) -> None:
    claims = read(tmp_path, "test: bound, metric: fid, arm: [narrow, wide], high: 1")
    assert [claim.arm for claim in claims] == ["narrow", "wide"]
    assert claims[0].decide == "every_dataset"


def test_the_rivals_of_an_arm_are_arms_or_the_other_levels_of_factors(tmp_path: Path) -> None:
    claim = "test: equivalent, metric: fid, arm: wide lr=0.001, margin: 0.1, best_of: "
    (level,) = read(tmp_path, claim + "lr", TOP + GRID)
    assert level.own.rivals == ("wide lr=0.0001", "wide lr=0.01")
    assert level.direction == "less"  # fid says so of itself
    (both,) = read(tmp_path, claim + "[lr, arm]", TOP + GRID)
    assert len(both.own.rivals) == 5
    (named,) = read(tmp_path, claim + "[narrow lr=0.01, wide lr=0.001]", TOP + GRID)
    assert named.own.rivals == ("narrow lr=0.01",)


def test_a_trend_over_a_factor_has_a_ladder_for_each_setting_of_the_rest(tmp_path: Path) -> None:
    claim = "test: trend, metric: fid, over: lr, direction: rises"
    (all_arms,) = read(tmp_path, claim, TOP + GRID)
    assert [[level for level, _ in ladder] for ladder in all_arms.own.ladders] == [[1e-4, 1e-3, 1e-2]] * 2
    assert all_arms.direction == "greater"
    (wide,) = read(tmp_path, claim + ", arm: wide", TOP + GRID)
    assert wide.own.ladders == (((1e-4, "wide lr=0.0001"), (1e-3, "wide lr=0.001"), (1e-2, "wide lr=0.01")),)
    named = TOP + "  wider: {width: 128}\n"
    (arms,) = read(
        tmp_path, "test: trend, metric: fid, over: width, direction: falls, arm: [wider, narrow, wide]", named
    )
    assert arms.own.ladders == (((32.0, "narrow"), (64.0, "wide"), (128.0, "wider")),)


def test_a_part_of_a_study_keeps_the_claims_whose_arms_are_all_there(tmp_path: Path) -> None:
    read(tmp_path, "test: equivalent, metric: fid, arm: wide lr=0.001, margin: 0.1, best_of: lr", TOP + GRID)
    whole = load_study(tmp_path / "x.yaml")
    assert select(whole, ["arm=wide"]).claims == whole.claims
    assert select(whole, ["lr=0.001"]).claims == ()


def test_a_claim_may_wait_with_its_test_or_without(tmp_path: Path) -> None:
    (bare,) = read(tmp_path, "source: [D1], waits: no such study yet")
    assert (bare.waits, bare.source, bare.arms) == ("no such study yet", ("D1",), ())
    (whole,) = read(tmp_path, "test: bound, metric: fid, arm: wide, high: 1, waits: not run yet")
    assert (whole.waits, whole.test) == ("not run yet", "bound")


@pytest.mark.parametrize(
    ("claim", "place", "phrase"),
    [
        ("test: compare, metric: fid, arm: wide, direction: less", "11:5", "'against' is missing, expected 'against' or"),
        ("test: compare, metric: fid, arm: wide, against: narrow, value: 1, direction: less", "", "value is given beside"),
        ("test: compare, metric: fid, arm: wide, value: one, direction: less", "", "value is the text 'one'"),
        ("test: compare, metric: fid, arm: wide, value: 1, statistic: spread, direction: less", "", "spread is that of two"),
        ("test: compare, metric: steps_to_target, arm: wide, value: 1, direction: less", "", "unknown metric"),
        ("test: compare, metric: {spearman: [fid]}, arm: wide, against: narrow, direction: less", "", "{spearman: [curve"),
        ("test: compare, metric: {spearman: [fid, fid]}, arm: wide, against: narrow, direction: less", "", "given twice"),
        ("test: compare, metric: {spearman: [fid, los]}, arm: wide, against: narrow, direction: less", "", "unknown curve"),
        ("test: compare, metric: {spearman: [fid, covered_classes]}, arm: wide, against: narrow, direction: less", "",
         "covered_classes does not apply to ring8"),
        ("test: equivalent, metric: fid, arm: wide, against: narrow", "11:5", "'margin' is missing"),
        ("test: equivalent, metric: fid, arm: wide, against: narrow, margin: 0", "", "margin is 0, expected"),
        ("test: equivalent, metric: fid, arm: wide, best_of: wide, margin: 1", "", "names no arm but 'wide' itself"),
        ("test: equivalent, metric: fid, arm: wide, best_of: [narow], margin: 1", "", "did you mean 'narrow'?"),
        ("test: equivalent, metric: critic_loss, arm: wide, best_of: narrow, margin: 1", "", "neither way of critic_loss"),
        ("test: equivalent, metric: fid, arm: wide, against: narrow, margin: 1, better: less", "", "not one-sided"),
        ("test: equivalent, metric: fid, arm: wide, against: narrow, margin: 1, not_worse: 1", "", "expected true or false"),
        ("test: bound, metric: fid, arm: wide", "11:5", "the range is missing"),
        ("test: bound, metric: fid, arm: wide, low: 2, high: 1", "", "high is 1, expected at least low, 2"),
        ("test: bound, metric: fid, arm: wide, low: .inf", "", "low is inf, expected a finite number"),
        ("test: bound, metric: fid, arm: wide, low: 1, statistic: share", "", "needs within"),
        ("test: bound, metric: fid, arm: wide, low: 1, within: [0, 1]", "", "within has no effect"),
        ("test: bound, metric: fid, arm: wide, low: 1, statistic: share, within: [2, 1]", "", "expected two numbers"),
        ("test: bound, metric: fid, arm: wide, low: 1, statistic: modus", "", "unknown statistic"),
        ("test: trend, metric: fid, direction: falls", "11:5", "the key 'arm' is missing"),
        ("test: trend, metric: fid, arm: wide, direction: less", "", "unknown direction 'less', expected one of: falls"),
        ("test: trend, metric: late_regression, arm: wide, direction: falls", "", "unknown curve"),
        ("test: trend, metric: fid, over: width, direction: falls", "", "fewer than 3 levels"),
        ("test: trend, metric: fid, over: loss, direction: falls", "", "no number as its loss"),
        ("test: trend, metric: fid, arm: wide, direction: falls, margin: 1", "", "expected less than 1"),
        ("test: identity, metric: fid, arm: wide", "11:5", "'equals' is missing, expected 'equals' or"),
        ("test: identity, metric: fid, arm: wide, equals: 0, tolerance: -1", "", "expected a finite number of at least 0"),
        ("test: identity, metric: fid, arm: wide, equals: 0, margin: 1", "", "unknown key 'margin'"),
        ("waits: 5", "", "waits is 5, expected a text"),
        ("waits: later, metric: fid", "", "unknown key 'metric'"),
    ],
)  # fmt: skip
def test_a_wrong_claim_is_shown_with_its_place(tmp_path: Path, claim: str, place: str, phrase: str) -> None:
    problems = [problem for problem in wrong(tmp_path, claim) if phrase in problem]
    assert len(problems) == 1, wrong(tmp_path, claim)
    line, column, where = problems[0].split(":")[:3]
    assert line == "11"
    if place:
        assert f"{line}:{column}" == place
    else:  # at the field that the message is about
        text = f"  - {{id: c, says: so, {claim}}}"
        field = where.strip().removeprefix("claims[0].").split(".")[0].split("[")[0]
        assert f"{field}:" in text[: int(column) + len(field)]


HELD = """\
study: held
question: What does a critic say?
seeds: 5
datasets: {near: {dataset: normals, distance: 1}}
base: {fakes: counterpart, generator_steps: 100}
arms:
  judge: {loss: minimax}
  critic: {lipschitz: gradient_penalty, lambda_gp: 10}
"""


@pytest.mark.parametrize(
    ("metric", "arm", "top", "phrase"),
    [
        ("js_estimate", "critic", HELD, "it needs arms with a discriminator's loss"),
        ("w1_ratio", "judge", HELD.replace("counterpart", "noisy_real"), "it needs arms with fakes: counterpart"),
        ("w1_share", "critic", HELD.replace("fakes: counterpart, ", ""), "trained against other fakes than"),
        ("w1_share", "critic", HELD.replace("normals, distance: 1", "digits"), "dataset digits has no counterpart"),
    ],
)
def test_a_probe_is_claimed_only_where_it_is_measured(
    tmp_path: Path, metric: str, arm: str, top: str, phrase: str
) -> None:
    claim = f"test: bound, metric: {metric}, high: 1, arm: "
    assert any(phrase in problem for problem in wrong(tmp_path, claim + arm, top)), wrong(tmp_path, claim + arm, top)
    read(tmp_path, f"test: bound, metric: {metric}, high: 1, arm: judge", HELD)


def test_randomly_damaged_claims_are_read_or_refused_but_never_crash(tmp_path: Path) -> None:
    whole = [
        "test: compare, metric: {spearman: [critic_loss, fid]}, arm: wide lr=0.001, value: 1, direction: less",
        "test: equivalent, metric: fid, arm: [wide lr=0.001], best_of: [lr, arm], margin: 0.1",
        "test: bound, metric: fid, arm: wide lr=0.001, statistic: share, within: [0, 1], low: 0.5, high: 1",
        "test: trend, metric: fid, over: lr, direction: falls, arm: wide",
        "test: identity, metric: fid, arm: wide lr=0.001, equals: 0, tolerance: 0.1",
    ]
    values = [
        "null",
        "0.5",
        "{}",
        "[]",
        "{a: b}",
        "true",
        ".nan",
        "-1",
        "1e400",
        "x",
        "[1, x]",
        "[[]]",
        "{spearman: [1, {}]}",
    ]
    damage, read_well = random.Random(0), 0
    for _ in range(250):
        text = damage.choice(whole)
        field = damage.choice(re.findall(r"(\w+): ", text))
        broken = re.sub(
            rf"\b{field}: (\[[^]]*\]|\{{[^}}]*\}}|[^,]*)", f"{field}: {damage.choice(values)}", text, count=1
        )
        with contextlib.suppress(StudyErrors):  # any other exception is a crash
            read_well += len(read(tmp_path, broken, TOP + GRID)) > 0
    assert 0 < read_well < 250


POINT = "test: compare, metric: fid, arm: wide, against: narrow, direction: less"
NINE = TOP.replace("generator_steps: 100", "generator_steps: 100, evaluations: 9")


@pytest.mark.parametrize("at", ["tail", "best", "any"])
def test_a_claim_names_the_point_of_training_where_it_is_not_the_end(tmp_path: Path, at: str) -> None:
    assert [claim.key for claim in read(tmp_path, f"{POINT}, at: {at}", NINE)] == [f"c: fid of wide < narrow at {at}"]
    (end,) = read(tmp_path, f"{POINT}, at: end")
    assert (end.at, end.key) == ("end", read(tmp_path, POINT)[0].key)


@pytest.mark.parametrize(
    "claim",
    [
        "test: equivalent, metric: fid, arm: wide, against: narrow, margin: 0.1, at: tail",
        "test: bound, metric: w1, arm: wide, low: 0.9, at: tail",
        "test: compare, metric: fid, arm: wide, value: 1, direction: less, at: best",
        "test: compare, metric: fid, arm: wide, against: narrow, direction: less, statistic: spread, at: tail",
    ],
)
def test_other_kinds_have_points_too(tmp_path: Path, claim: str) -> None:
    (stated,) = read(tmp_path, claim, NINE)
    assert claim.endswith(f"at: {stated.at}")


def test_the_same_claim_at_two_points_is_two_claims(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    claims = "".join(f"  - {{id: c, says: so, {POINT}, at: {at}}}\n" for at in ("end", "tail", "best"))
    path.write_text(f"{NINE}claims:\n{claims}", encoding="utf-8")
    assert [claim.at for claim in load_study(path).claims] == ["end", "tail", "best"]


@pytest.mark.parametrize(
    ("claim", "phrase"),
    [
        (f"{POINT}, at: last", "unknown at 'last'"),
        (POINT.replace("fid", "late_regression") + ", at: tail", "at has no effect on late_regression, which is one value"),
        (POINT.replace("fid", "late_regression") + ", at: end", "at has no effect on late_regression"),
        (POINT.replace("metric: fid", "metric: {spearman: [critic_loss, fid]}") + ", at: best", "at has no effect on spear"),
        (POINT.replace("fid", "critic_loss") + ", at: best", "no evaluation is the best by critic_loss"),
        (POINT + ", statistic: spread, at: any", "at is any, expected it of two arms' values"),
        ("test: compare, metric: fid, arm: wide, value: 1, direction: less, at: any", "at is any, expected it of two"),
        ("test: bound, metric: fid, arm: wide, high: 1, at: any", "at is any, expected it of two"),
        (f"{POINT}, at: tail", "at is tail, which ring8 has too few evaluations for: it needs 9 evaluations or more"),
        ("test: trend, metric: fid, arm: wide, direction: falls, at: tail", "no effect on a trend along training"),
        ("test: identity, metric: share_at_bound, arm: wide, differs_from: 0, tolerance: 1e-6, at: end", "unknown key 'at'"),
    ],
)  # fmt: skip
def test_a_point_that_makes_no_sense_is_refused(tmp_path: Path, claim: str, phrase: str) -> None:
    (problem,) = wrong(tmp_path, claim, TOP.replace("lr: 1e-3", "lr: 1e-3, evaluations: 5"))
    assert phrase in problem
