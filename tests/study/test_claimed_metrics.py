"""A study's claims: one for each comparison, about metrics that apply to its datasets and arms."""

from __future__ import annotations

from pathlib import Path

import pytest

from ablate.errors import StudyErrors
from tests.support.broken_studies import VALID
from tests.support.written_studies import study_of


def test_one_claim_is_made_for_each_arm_compared_against(tmp_path: Path) -> None:
    first, second = study_of(tmp_path, VALID).claims
    assert (first.against, second.against) == ("wgan", "gan")
    assert (first.source, first.statistic, first.margin, first.decide) == (("D0", "D4"), "value", 0.0, "pooled")
    assert first.datasets == ("ring8", "digits")
    assert first.key == "gp-quality: fid of wgan_gp < wgan"


def test_claims_that_differ_in_anything_have_different_keys(tmp_path: Path) -> None:
    rest = "says: s, test: compare, arm: wgan_gp, against: gan, direction: less"
    text = VALID.split("  - id")[0] + "".join(
        f"  - {{id: a, {rest}, {more}}}\n"
        for more in (
            "metric: fid", "metric: kid", "metric: fid, margin: 0.1", "metric: fid, statistic: spread", "metric: diverged",
            "metric: fid, datasets: [ring8]", "metric: fid, decide: any_dataset", "metric: steps_to_target",
        )
    )  # fmt: skip
    assert len({claim.key for claim in study_of(tmp_path, text).claims}) == 8


@pytest.mark.parametrize(
    ("metric", "dataset"),
    [("w1", "ring8"), ("modes@20", "ring8"), ("covered_classes", "digits"), ("mode_coverage", "ring8, digits")],
)
def test_a_metric_may_be_claimed_where_it_applies(tmp_path: Path, metric: str, dataset: str) -> None:
    text = VALID.replace("metric: fid", f"metric: {metric}\n    datasets: [{dataset}]")
    assert study_of(tmp_path, text).claims[0].datasets == tuple(dataset.split(", "))


def test_label_accuracy_may_be_claimed_of_conditional_arms(tmp_path: Path) -> None:
    text = VALID.replace("metric: fid", "metric: label_accuracy\n    datasets: [digits]")
    assert study_of(tmp_path, text, "conditional=true").claims


STACKED = """\
study: stacked
question: Which covers more modes?
seeds: 2
datasets: [stacked_mnist]
base: {generator_steps: 10}
arms: {gan: {loss: minimax}, hinge: {loss: hinge}}
claims:
  - {id: modes, source: [me], says: more modes, test: compare, metric: METRIC, arm: hinge, against: gan, direction: greater}
"""


def test_modes_of_stacked_mnist_may_be_claimed_where_26000_samples_are_evaluated(tmp_path: Path) -> None:
    text = STACKED.replace("METRIC", "stacked_modes")
    assert study_of(tmp_path, text).claims
    assert study_of(tmp_path, text).runs()[0].config.evaluation_samples == 26_000
    with pytest.raises(StudyErrors, match=r"stacked_modes does not apply to stacked_mnist: it needs .* 26,000 samples"):
        study_of(tmp_path, text.replace("steps: 10", "steps: 10, evaluation_samples: 500"))
    with pytest.raises(StudyErrors, match="covered_classes does not apply to stacked_mnist"):
        study_of(tmp_path, STACKED.replace("METRIC", "covered_classes"))
