"""What distinguishes a study's arms is told in a table."""

from __future__ import annotations

from ablate.claims.study_rows import StudyRows
from ablate.report.summaries import arms_table
from tests.support.simulated_page import full_study


def test_only_settings_that_differ_are_columns_of_the_arms() -> None:
    study, results = full_study(seeds=1, datasets=("ring8",), missing=False)
    table = arms_table(StudyRows.of(study, results))
    assert table.differing == ["loss", "lipschitz", "lambda_gp", "clip_value"]
    assert dict(table.arms)["wgan_gp"] == ["wasserstein", "gradient_penalty", "10", "–"]
    assert ("n_critic", "5") in table.shared
    assert ("clip_before", "False") in table.shared  # of clipping alone, and at the default that all arms have
