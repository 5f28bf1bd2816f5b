"""What has changed in a study is named: claims, arms, datasets, settings, seeds, flags."""

from __future__ import annotations

from pathlib import Path

import pytest

from ablate.study.changes import changes, changes_in_file
from ablate.study.load import load_study
from tests.support.broken_studies import VALID
from tests.support.written_studies import study_of


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ("# ", "# ", []),
        ("study: gp", "# a comment\nstudy: gp", []),
        ("train better", "train best", ["question changed"]),
        ("seeds: 3", "seeds: 2:5", ["seeds: 3 → 2:5"]),
        ("seeds: 3", "seeds: [0, 7]", ["seeds: 3 → 0, 7"]),
        ("seeds: 3", "seeds: {until: decided, looks: [5, 9]}", ["looks: none, 3 seeds → at 5, 9 seeds"]),
        ("lr: 1e-4", "lr: 1e-3", ["settings changed: gan, wgan, wgan_gp"]),
        ("clip_value: 0.01", "clip_value: 0.1", ["settings changed: wgan"]),
        ("{std: 0.02}", "{std: 0.03}", ["settings changed: gan, wgan, wgan_gp"]),
        ("  gan: {", "  plain: {", ["claims changed: gp-quality", "arms renamed: gan → plain"]),
        ("  ring8: {", "  ring: {dataset: ring8, ", ["claims changed: gp-quality (2)", "datasets renamed: ring8 → ring"]),
        ("  wgan_gp: {}\n", "  wgan_gp: {}\n  two: {lambda_gp: 2}\n", ["arms added: two"]),
        ("    against: [wgan, gan]\n", "    against: wgan\n", ["claims removed: gp-quality"]),
        ("says: the", "says: that the", ["claims changed: gp-quality (2)"]),
        ("id: gp-quality", "id: other", ["claims added: other (2)", "claims removed: gp-quality (2)"]),
    ],
)  # fmt: skip
def test_what_is_different_is_named(before: str, now: str, told: list[str], tmp_path: Path) -> None:
    text = VALID.replace(before, now).replace("[wgan, gan]", "[wgan, plain]" if "  plain: {" in now else "[wgan, gan]")
    assert changes(study_of(tmp_path, VALID), study_of(tmp_path, text)) == told


def test_a_file_is_compared_with_the_flags_of_the_tables(tmp_path: Path) -> None:
    flagged = study_of(tmp_path, VALID, "lr=1e-3", seeds="0:2")
    assert changes_in_file(flagged, tmp_path / "x.yaml") == []
    assert changes(flagged, study_of(tmp_path, VALID)) == [
        "settings changed: gan, wgan, wgan_gp", "seeds: 2 → 3", "--set: lr=1e-3 → none"
    ]  # fmt: skip
    (tmp_path / "x.yaml").write_text("arms: 3\n")
    assert changes_in_file(flagged, tmp_path / "x.yaml")[0].startswith("it cannot be read any more: ")


def test_looks_of_the_command_line_are_a_flag_too(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(VALID)
    looked = load_study(path, until=(5, 7, 9))
    assert changes_in_file(looked, path) == []
    assert changes(looked, load_study(path, until=(5, 8, 9))) == ["looks: at 5, 7, 9 seeds → at 5, 8, 9 seeds"]
    assert changes(looked, load_study(path, seeds="9")) == ["looks: at 5, 7, 9 seeds → none, 9 seeds"]
