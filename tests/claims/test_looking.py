"""By looks a claim is decided by the seeds of a look alone, stays as it was closed, and is hardly ever decided falsely."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from ablate.claims.calibration import powers
from ablate.claims.evidence import Evidence
from ablate.claims.kind import kind_of, simulations
from ablate.claims.looking import Looking
from ablate.claims.looks_simulation import looked_at
from ablate.claims.simulation import Law, simulated_claim
from ablate.claims.statistics.effects import holm
from ablate.study.looks import looks_at

LOOKS = (10, 20, 40)


def pair(seed: int, lead: float, n: int = 40) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(-lead, 1, n), rng.normal(0, 1, n)


def look_at(runs: list, claims: list, until: int = 3, calls: list | None = None) -> Looking:
    """The looks at these runs [claim], (arm, other) each."""
    looking, law = Looking("study", claims, alpha=0.0), Law("normal", np.random.default_rng(0))
    for look in looks_at(LOOKS)[:until]:

        def weigh(i: int, level: float, n: int = look.n) -> tuple[list[Evidence], Evidence]:
            samples = law.samples(runs[i][0][:n], runs[i][1][:n])
            if calls is not None:
                calls.append((i, n, level))
            evidence = kind_of(claims[i]).weigh(claims[i], [("simulated", samples)], level)
            return [evidence], evidence

        looking.take(look, weigh)
    return looking


def claims(count: int, **fields) -> list:
    return [simulated_claim("compare", id=f"c{i}", **fields) for i in range(count)]


def test_p_is_the_least_of_the_looks_each_divided_by_its_share_and_holm_is_over_all_claims() -> None:
    runs = [pair(1, 0.35), pair(2, 0.3), pair(7, 0.4)]
    looking = look_at(runs, claims(3))
    expected, shares = [], dict(zip(LOOKS, (0.2, 0.3, 0.5), strict=True))
    for i, (arm, other) in enumerate(runs):
        made = LOOKS[: looking.rows[i][0].look]
        by_look = [stats.mannwhitneyu(arm[:n], other[:n], method="exact").pvalue / shares[n] for n in made]
        expected.append(min(1.0, *by_look))
        seen = looking.rows[i][0].p
        assert seen == pytest.approx(
            expected[-1], rel=0.25 if seen < 0.05 else 1e-9
        )  # a small p is confirmed by another
    last = [looking.rows[i][0] for i in range(3)]
    adjusted = holm([verdict.p for verdict in last])
    open_ones = [i for i in range(3) if last[i].look == 3]
    assert open_ones
    for i in open_ones:
        assert last[i].p_adjusted == pytest.approx(adjusted[i])


def test_a_closed_claim_is_not_weighed_again_and_its_verdict_stays() -> None:
    runs, calls = [pair(1, 4.0), pair(2, 0.8)], []
    first, all_looks = look_at(runs, claims(2), until=1), look_at(runs, claims(2), calls=calls)
    assert first.rows[0][0].verdict == "reproduced"
    assert first.open == [1]
    assert all_looks.rows[0] == first.rows[0]
    assert {n for i, n, _ in calls if i == 0} == {10}
    assert {n for i, n, _ in calls if i == 1} > {10}
    turned = [(np.concatenate([runs[0][0][:10], runs[0][0][10:] + 99]), runs[0][1]), runs[1]]
    assert look_at(turned, claims(2)).rows[0] == first.rows[0]  # what came later is not looked at


def test_intervals_are_wider_by_the_looks_share() -> None:
    calls: list = []
    look_at([pair(2, 0.8)], claims(1), calls=calls)
    levels = {n: level for _, n, level in reversed(calls)}
    assert levels[10] == pytest.approx(1 - 0.05 * 0.2)
    verdict = look_at([pair(1, 4.0)], claims(1), until=1).rows[0][0]
    assert (verdict.look, verdict.share, verdict.n) == (1, 0.2, (10, 10))
    assert "decided at look 1 of 3, 10 seeds" in verdict.reason


def test_a_small_effect_without_a_margin_is_closed_undecided_and_decides_nothing() -> None:
    values = pair(3, 0.0)[0]
    looking = look_at([(values, values + 1e-3)], claims(1))
    verdict = looking.rows[0][0]
    assert verdict.verdict == "inconclusive"
    assert not looking.open
    assert "more seeds would hardly decide it" in verdict.reason
    assert verdict.look == 2  # of 10 seeds the interval always reaches beyond 25 to 75 %


def test_within_the_margin_is_no_difference_that_matters() -> None:
    looking = look_at([pair(1, 0.0)], claims(1, margin=3.0))
    assert (looking.rows[0][0].verdict, looking.rows[0][0].look) == ("no difference that matters", 1)


def test_cells_are_those_of_open_claims() -> None:
    looking = Looking("study", claims(1))
    assert looking.cells == [("simulated", "a"), ("simulated", "b")]
    assert look_at([pair(1, 4.0)], claims(1), until=1).cells == []


@pytest.mark.parametrize(("count", "studies"), [(1, 40), (4, 8), (12, 3)])
def test_without_effects_hardly_any_study_decides_something(count: int, studies: int) -> None:
    simulation, law = replace(simulations()["looks"], claims=count), Law("normal", np.random.default_rng(count))
    made = [looked_at(simulation, law, 10, 0.0) for _ in range(studies)]
    false = sum({"reproduced", "contradicted"} & set(of.words) != set() for of in made)
    assert false <= stats.binom.ppf(0.999, studies, 0.05)  # at most one study in twenty, but for chance
    assert np.mean([of.seeds for of in made]) < 35


def test_an_effect_is_found_as_by_forty_seeds_with_about_half_of_them() -> None:
    (row,) = powers(30, kinds=["looks"], laws=["normal"], seeds=[10], effects=[1.5])
    assert row.power >= 0.9  # 40 seeds find it nearly always
    assert row.contradicted == 0
    assert row.seeds_used < 22
