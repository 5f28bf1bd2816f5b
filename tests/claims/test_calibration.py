"""With no effect, at most one study in twenty says otherwise; with an effect of two standard deviations most find it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ablate.claims.calibration import false_decisions, powers, simulate
from ablate.claims.calibration_families import family
from ablate.claims.calibration_seeds import true_number
from ablate.claims.calibration_table import Case, Coverage, read_table, read_tables, standard_error, table_text
from ablate.claims.decide import decide_samples
from ablate.claims.kind import kind_of, simulations
from ablate.claims.simulation import LAWS, ONE_ARM, WIDE, Law
from ablate.claims.study_rows import StudyRows
from ablate.errors import UsageError
from tests.support.simulated_study import SimulatedClaim, tables

STUDIES = 25


@pytest.mark.parametrize("kind", simulations())
def test_at_the_edge_of_what_is_claimed_false_decisions_are_rare(kind: str) -> None:
    studies = {"looks_of_12": 10, "trend": 15, "not_worse": 15, "margin": 15, "equivalent": 15}.get(kind, 30)
    rows = [
        row for made in false_decisions(studies, kinds=[kind], laws=("normal", "ties"), seeds=(5, 10)) for row in made
    ]
    cases = [row for row in rows if isinstance(row, Case)]
    assert {case.n for case in cases} == {5, 10}
    assert np.mean([case.false for case in cases]) <= 0.1, cases  # of 60 or 120 studies 3 or 6 are expected at most
    assert all(case.false == pytest.approx(case.reproduced + case.contradicted + case.no_difference) for case in cases)


def test_two_standard_deviations_are_found_with_ten_seeds() -> None:
    least = {"compare": 0.85, "equivalent": 0.85, "bound": 0.85, "along": 0.75}
    for row in powers(30, kinds=least, laws=("normal",), seeds=(10,), effects=(2.0,)):
        assert row.power >= least[row.kind], row
        assert row.contradicted == 0.0


@pytest.mark.parametrize("law", ["normal", "two humps", "lognormal", "heavy tails"])
def test_intervals_of_a_centre_hold_the_truth_where_the_bootstrap_alone_does_not(law: str) -> None:
    (rows,) = false_decisions(200, kinds=["bound"], laws=(law,), seeds=(5,))
    (coverage,) = (row for row in rows if isinstance(row, Coverage))
    assert coverage.coverage >= 0.905, coverage  # 0.84 to 0.88 of the bootstrap's, three standard errors from 0.95
    assert coverage.coverage == pytest.approx(1 - coverage.below - coverage.above)


def test_the_true_values_are_those_of_very_many_runs() -> None:
    for name in ONE_ARM:
        law = Law(name, np.random.default_rng(0))
        values = law.runs(0.0, 400_000)
        level = values if law.scale == "difference" else np.log(values)
        assert law.median == pytest.approx(np.median(level), abs=0.01 if name != "ties" else 0), name
        kept = np.sort(level)[100_000:300_000]
        if np.isfinite(law.center):
            assert law.center == pytest.approx(kept.mean(), abs=0.015), name
        else:
            assert np.isinf(kept).any()
    for name in ("normal", "lognormal", "two humps"):
        law = Law(name, np.random.default_rng(0))
        assert law.mean == pytest.approx(law.runs(0.0, 400_000).mean(), abs=0.02), name


def test_laws_of_two_arms_have_their_numbers_and_spreads() -> None:
    for name in LAWS:
        law = Law(name, np.random.default_rng(0))
        arm, other = law.pair(-1.0, 2000)
        assert {len(arm), len(other)} == {2000, law.other_n(2000)}
        if name in WIDE:
            assert arm.std() / other.std() == pytest.approx(5, rel=0.1)
            assert (other.mean() - arm.mean()) / law.sd == pytest.approx(1, abs=0.1)
    assert len(Law("wide and many", np.random.default_rng(0)).pair(0.0, 5)[0]) == 10
    assert len(Law("wide and few", np.random.default_rng(0)).pair(0.0, 5)[0]) == 5


def test_the_same_seed_gives_the_same_rows_and_those_that_are_there_are_not_made_again(tmp_path: Path) -> None:
    rows = [row for made in false_decisions(20, 3, ["bound"], ("normal",), (5, 10)) for row in made]
    assert [row for made in false_decisions(20, 3, ["bound"], ("normal",), (5, 10)) for row in made] == rows
    cases = [row for row in rows if isinstance(row, Case)]
    rest = list(false_decisions(20, 3, ["bound"], ("normal",), (5, 10), done=cases[:1]))
    assert [made[0] for made in rest] == cases[1:]
    (tmp_path / Case.FILE).write_text(table_text(cases, Case))
    assert [case.kind for case in read_table(tmp_path, Case)] == ["bound", "bound"]
    tables_there = read_tables(tmp_path)
    assert tables_there is not None
    assert not tables_there.powers
    (tmp_path / Case.FILE).write_text("kind,n\nbound,many\n")
    with pytest.raises(UsageError, match="make it anew"):
        read_tables(tmp_path)


def test_a_share_that_was_never_seen_still_has_an_error() -> None:
    assert standard_error(0.05, 400) == pytest.approx(0.0109, abs=1e-4)
    assert standard_error(0.0, 100) == pytest.approx(standard_error(1 / 101, 100))


def test_a_study_of_several_claims_is_counted_once_and_rarely_false() -> None:
    case = family("study", 6, 1, "normal", 10, 0.0, 15, 0)
    assert (case.claims, case.datasets, case.studies) == (6, 1, 15)
    assert case.false <= 0.14  # 2 of 15
    assert case.false <= case.reproduced + case.contradicted + case.no_difference + case.depends


def test_the_true_number_of_runs_has_80_percent_power_and_two_thirds_of_it_have_less() -> None:
    simulation = simulations()["bound"]
    n = true_number(simulation, "normal", 1.0, 60, 0)
    assert 5 < n < 30
    share = [
        simulate(simulation, "normal", runs, 1.0, 200, 1).share("reproduced") for runs in (2 * n // 3, round(1.5 * n))
    ]
    assert share[0] < 0.8 < share[1]


@pytest.mark.parametrize(
    ("metric", "decision"), [("fid", "any_dataset"), ("steps_to_target", "any_dataset"), ("fid", "pooled")]
)
def test_without_effect_on_three_datasets_false_verdicts_are_rare(metric: str, decision: str) -> None:
    rng, outcomes = np.random.default_rng(1), []
    where, steps = ("ring8", "grid25", "digits"), np.arange(100, 700, 100)
    claim = SimulatedClaim(metric=metric, datasets=where, decide=decision)
    for _ in range(STUDIES):
        values, curves = {}, []
        for dataset in where:
            for arm in "ab":
                falls = np.exp(rng.normal(0, 0.4, (10, 1)) - steps / 300 + rng.normal(0, 0.2, (10, len(steps))))
                values[dataset, arm] = falls[:, -1]
                ids = np.repeat([f"{dataset}-{arm}-{seed}" for seed in range(10)], len(steps))
                curves.append(
                    pd.DataFrame({"run_id": ids, "generator_step": np.tile(steps, 10), "value": falls.ravel()})
                )
        points = pd.concat(curves).assign(critic_step=0, seconds=0.0, metric="fid")
        rows = StudyRows.of(*tables(values, [claim], curves=points))
        verdicts = decide_samples(
            rows.study, lambda of, where, rows=rows: kind_of(of).samples(rows, of, where), tell_seeds=False
        )
        outcomes.append(verdicts[0].verdict)
    assert outcomes.count("reproduced") <= 0.08 * len(outcomes)
    assert outcomes.count("contradicted") <= 0.08 * len(outcomes)
