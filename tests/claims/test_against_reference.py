"""Tables held against the reference."""

import numpy as np
import pytest

from ablate.claims.against_reference import against_reference, meeting_level
from tests.support.simulated_study import SimulatedClaim, tables


def made(seed, shift=0.0, n=10):
    rng = np.random.default_rng(seed)
    values = {("ring8", arm): np.exp(rng.normal(shift + (arm == "b") * 3, 0.3, n)) for arm in "ab"}
    return tables(values, [SimulatedClaim()])


def test_tables_agree_with_themselves_to_the_last_digit():
    study, mine = made(0)
    comparison = against_reference(mine, made(0)[1], study)
    assert not comparison.differs
    assert (comparison.shared, comparison.identical) == (20, 20)
    assert all(overlap.agrees for overlap in comparison.overlaps)
    assert comparison.lines()[-1].strip() == "agrees with the reference"


def test_other_seeds_of_the_same_truth_agree_though_no_number_is_the_same():
    study, mine = made(0)
    comparison = against_reference(mine, made(1)[1], study)
    assert not comparison.differs
    assert (comparison.shared, comparison.identical) == (20, 0)


def test_another_truth_differs_and_the_interval_is_named():
    study, mine = made(0)
    comparison = against_reference(mine, made(1, shift=2.0)[1], study)
    assert comparison.differs
    assert any(line.strip().startswith("ring8, a, fid:") for line in comparison.lines())


def test_an_opposite_verdict_differs_and_an_undecided_one_does_not():
    study, mine = made(0)
    _, reversed_tables = tables(
        {("ring8", "a"): np.exp(np.linspace(3, 4, 10)), ("ring8", "b"): np.exp(np.linspace(0, 1, 10))}, []
    )
    assert against_reference(mine, reversed_tables, study).verdicts[0].conflict
    few = made(0, n=4)[1]
    comparison = against_reference(few, mine, study)
    assert not comparison.verdicts[0].same
    assert not comparison.differs
    assert all(overlap.agrees is None for overlap in comparison.overlaps)


def test_a_reference_without_these_runs_is_no_agreement():
    study, mine = made(0)
    elsewhere = made(0)[1]
    elsewhere.runs["run_id"] = "other-" + elsewhere.runs["run_id"]
    (line,) = against_reference(mine, elsewhere, study).lines()
    assert "nothing to compare with" in line


def test_the_level_grows_with_the_number_of_intervals():
    assert meeting_level(1) == pytest.approx(0.834, abs=1e-3)  # the known level at which overlap tests at 5 %
    assert meeting_level(36) > 0.97


def with_columns(results, **columns):
    results.runs = results.runs.assign(**columns)
    return results


def test_runs_are_the_same_only_if_they_are_in_every_column_that_equal_trainings_share():
    study, mine = made(0)
    kid = np.linspace(0.1, 0.2, len(mine.runs))
    with_columns(mine, kid=kid, fid_protocol="fid_identity_5k", commit="a" * 40, seconds=1.0, cohort_size=30, threads=1)
    other = with_columns(made(0)[1], kid=kid, fid_protocol="fid_identity_5k", commit="b" * 40, seconds=2.0, cohort_size=7,
                         threads=4, device="a GPU", finished_at="2000-01-01")  # fmt: skip
    assert against_reference(mine, other, study).identical == 20
    other.runs.loc[3, "kid"] += 1e-9
    assert against_reference(mine, other, study).identical == 19
    other.runs.loc[3:4, "fid_protocol"] = "fid_identity_10k"
    comparison = against_reference(mine, other, study)
    assert (comparison.shared, comparison.identical) == (20, 18)


def test_an_empty_cell_is_equal_to_an_empty_cell_and_to_nothing_else():
    study, mine = made(0)
    with_columns(mine, kid=np.nan, features="")
    other = with_columns(made(0)[1], kid=np.nan, features=None)
    assert against_reference(mine, other, study).identical == 20
    other.runs.loc[0, "kid"] = 0.5
    other.runs.loc[1, "features"] = "pca"
    assert against_reference(mine, other, study).identical == 18
