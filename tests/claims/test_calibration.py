"""With no effect, at most one study in twenty says otherwise; with an effect of two standard deviations most find it."""

import numpy as np
import pandas as pd
import pytest
from simulated_study import SimulatedClaim, tables

from ablate.claims.verdict import decide

STUDIES = 200


def shares(law, n, shift=0.0, statistic="value"):
    """Shares of simulated one-dataset studies whose claim is (reproduced, contradicted)."""
    rng = np.random.default_rng(n)
    outcomes = []
    for _ in range(STUDIES):
        values, lost = {}, {}
        for arm in "ab":
            level = rng.normal(0, 1, n) - shift * (arm == "a")
            values["ring8", arm] = level if law == "normal" else np.exp(level)
            lost["ring8", arm] = np.flatnonzero(rng.random(n) < 0.1) if law == "diverging" else ()
        metric = "signed" if law == "normal" else "fid"
        claim = SimulatedClaim(metric=metric, statistic=statistic)
        study, results = tables(values, [claim], metric=metric, diverged=lost)
        outcomes.append(decide(study, results)[0].verdict)
    return outcomes.count("reproduced") / STUDIES, outcomes.count("contradicted") / STUDIES


@pytest.mark.parametrize("n", [5, 10, 20])
@pytest.mark.parametrize("law", ["normal", "lognormal", "diverging"])
def test_without_effect_false_verdicts_are_rare(law, n):
    reproduced, contradicted = shares(law, n)
    assert reproduced <= 0.05
    assert contradicted <= 0.05


@pytest.mark.parametrize("n", [10, 20])
def test_without_effect_on_the_spread_false_verdicts_are_rare(n):
    reproduced, contradicted = shares("lognormal", n, statistic="spread")
    assert reproduced <= 0.05
    assert contradicted <= 0.05


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


@pytest.mark.parametrize("law", ["normal", "lognormal"])
def test_two_standard_deviations_are_found_with_ten_seeds(law):
    reproduced, contradicted = shares(law, 10, shift=2.0)
    assert reproduced >= 0.9
    assert contradicted == 0.0
