"""With no effect, at most one study in twenty says otherwise; with an effect of two standard deviations most find it."""

import numpy as np
import pandas as pd
import pytest

from ablate.claims.calibration import SEEDS, calibrate
from ablate.claims.calibration_table import read_table, table_text
from ablate.claims.decide import decide
from ablate.claims.kind import simulations
from ablate.claims.simulation import LAWS, Law
from ablate.errors import UsageError
from tests.support.simulated_study import SimulatedClaim, tables

STUDIES = 200


@pytest.mark.parametrize("kind", simulations())
def test_at_the_edge_of_what_is_claimed_false_verdicts_are_rare(kind):
    cases = list(calibrate(15 if kind in ("trend", "any", "published_seeds") else 40, kinds=[kind], effects=[0.0]))
    assert len(cases) == len(LAWS) * len(SEEDS)
    for verdict in ("reproduced", "contradicted"):
        assert np.mean([getattr(case, verdict) for case in cases]) <= 0.05, cases
        assert max(getattr(case, verdict) for case in cases) <= 0.15, cases  # 6 of 40, where 1 is expected


def test_two_standard_deviations_are_found_with_ten_seeds_and_most_intervals_hold_the_truth():
    for kind, least in (("compare", 0.9), ("equivalent", 0.9), ("not_worse", 0.9), ("bound", 0.9), ("along", 0.8)):
        for case in calibrate(60, kinds=[kind], laws=LAWS[:2], seeds=[10], effects=[2.0]):
            assert case.reproduced >= least, case
            assert case.contradicted == 0.0
            assert case.coverage >= 0.85, case  # nominal 0.95; 0.93 to 0.97 over thousands of studies


def test_the_true_values_are_those_of_very_many_runs():
    for name in LAWS:
        law = Law(name, np.random.default_rng(0))
        values = law.runs(0.0, 400_000)
        level = values if name == "normal" else np.log(values)
        kept = np.sort(level)[100_000:300_000]
        assert law.center == pytest.approx(kept.mean(), abs=0.01)


def test_the_same_seed_gives_the_same_cases_and_the_table_is_read_back(tmp_path):
    cases = list(calibrate(20, seed=3, kinds=["bound"], seeds=[5], effects=[0.0, 1.0]))
    assert list(calibrate(20, seed=3, kinds=["bound"], seeds=[5], effects=[0.0, 1.0])) == cases
    path = tmp_path / "calibration.csv"
    path.write_text(table_text(cases))
    assert read_table(path) == cases
    path.write_text("kind,n\nbound,many\n")
    with pytest.raises(UsageError, match="make it anew"):
        read_table(path)


@pytest.mark.parametrize("n", [10, 20])
def test_without_effect_on_the_spread_false_verdicts_are_rare(n):
    rng, words = np.random.default_rng(n), []
    for _ in range(STUDIES):
        values = {("ring8", arm): np.exp(rng.normal(0, 1, n)) for arm in "ab"}
        words.append(decide(*tables(values, [SimulatedClaim(statistic="spread")]))[0].verdict)
    assert words.count("reproduced") <= 0.05 * STUDIES
    assert words.count("contradicted") <= 0.05 * STUDIES


@pytest.mark.parametrize(
    ("metric", "decision"), [("fid", "any_dataset"), ("steps_to_target", "any_dataset"), ("fid", "pooled")]
)
def test_without_effect_on_three_datasets_false_verdicts_are_rare(metric, decision):
    rng, outcomes = np.random.default_rng(1), []
    where, steps = ("ring8", "grid25", "digits"), np.arange(100, 700, 100)
    claim = SimulatedClaim(metric=metric, datasets=where, decide=decision)
    for _ in range(STUDIES // 2):
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
        outcomes.append(decide(*tables(values, [claim], curves=points))[0].verdict)
    assert outcomes.count("reproduced") <= 0.05 * len(outcomes)
    assert outcomes.count("contradicted") <= 0.05 * len(outcomes)
