"""Datasets are named in a list, or stand under labels of their own."""

from __future__ import annotations

from pathlib import Path

from tests.support.broken_studies import VALID
from tests.support.written_studies import config_of, study_of


def test_datasets_may_be_a_list_or_labels(tmp_path: Path) -> None:
    listed = study_of(
        tmp_path,
        VALID.replace("datasets:\n  ring8: {std: 0.02}\n  digits: {latent_size: 16}", "datasets: [ring8, digits]"),
    )
    labels = study_of(tmp_path, VALID.replace("ring8: {std: 0.02}", "ring8:").replace("{latent_size: 16}", "{}"))
    assert [run.run_id for run in listed.runs()] == [run.run_id for run in labels.runs()]
    assert config_of(tmp_path, VALID).dataset_options == {"radius": 1.0, "std": 0.02}
