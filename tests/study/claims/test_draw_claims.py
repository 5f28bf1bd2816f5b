"""What a study file can ask of a search's draws, and what is said of a claim that asks what cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from ablate.errors import StudyErrors
from ablate.study.claims import Claim
from ablate.study.load import load_study
from tests.support.broken_searches import SEARCH, VALID_SEARCH

PAIR = "arm: wgan_gp, against: gan, direction: greater"
NEEDED = "statistic: draws_needed"


def read(tmp_path: Path, claim: str, text: str = VALID_SEARCH) -> tuple[Claim, ...]:
    path = tmp_path / "tuning.yaml"
    path.write_text(f"{text}claims:\n  - {{id: c, says: so, test: compare, {claim}}}\n", encoding="utf-8")
    return load_study(path).claims


@pytest.mark.parametrize(
    ("claim", "keys"),
    [
        (f"metric: fid, paired: draw, {PAIR}", ["c: fid of wgan_gp > gan, paired by draw"]),
        (f"metric: fid, statistic: success, thresholds: [0.5, 0.2], paired: draw, margin: 0.1, {PAIR}",
         ["c: share within 0.5 × the untrained fid of wgan_gp > gan by 0.1, paired by draw",
          "c: share within 0.2 × the untrained fid of wgan_gp > gan by 0.1, paired by draw"]),
        (f"metric: kid, statistic: success, of: best, thresholds: 2, {PAIR}",
         ["c: share within 2 × the best kid of wgan_gp > gan"]),
        (f"metric: fid, {NEEDED}, paired: draw, arm: wgan_gp, against: [gan, wgan], direction: less",
         ["c: number of draws to reach 2 × the best fid of wgan_gp < gan, paired by draw",
          "c: number of draws to reach 2 × the best fid of wgan_gp < wgan, paired by draw"]),
    ],
)  # fmt: skip
def test_a_claim_of_draws_is_one_for_each_threshold_and_pair(tmp_path: Path, claim: str, keys: list[str]) -> None:
    assert [claim.key for claim in read(tmp_path, claim)] == keys


@pytest.mark.parametrize(
    ("claim", "problem"),
    [
        (f"metric: fid, paired: seed, {PAIR}", "paired: unknown paired 'seed', expected one of: draw"),
        (f"metric: fid, statistic: best, paired: draw, {PAIR}", "paired: a best is not one of each draw, expected statistic"),
        ("metric: fid, paired: draw, arm: gan, value: 1, direction: less", "paired: paired has no effect where the claim has"),
        (f"metric: fid, {NEEDED}, {PAIR}", "statistic: numbers of draws are compared draw by draw, expected paired: draw"),
        (f"metric: mode_coverage, {NEEDED}, paired: draw, datasets: [ring8], {PAIR}",
         "metric: mode_coverage is not compared by ratio"),
        (f"metric: fid, statistic: success, {PAIR}", "success needs thresholds: [0.5, 0.2, …]"),
        (f"metric: fid, statistic: success, thresholds: [], {PAIR}", "thresholds: thresholds is empty"),
        (f"metric: fid, statistic: success, thresholds: [0.2, 2], {PAIR}",
         "thresholds[1]: 2, expected a number above 0 and below 1: a share of the untrained fid"),
        (f"metric: fid, statistic: success, thresholds: [0.2, 0.2], {PAIR}", "thresholds[1]: 0.2 is given twice"),
        (f"metric: fid, statistic: success, of: best, thresholds: 0.5, {PAIR}",
         "thresholds: 0.5, expected a number above 1: a factor of the best"),
        (f"metric: kid, statistic: success, thresholds: 0.5, {PAIR}", "metric: of the untrained generator only fid is measured"),
        (f"metric: fid, thresholds: 0.5, {PAIR}", "thresholds: thresholds has no effect, expected statistic: success"),
        (f"metric: fid, of: best, {PAIR}", "of: of has no effect, expected statistic: success"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_where_it_stands(tmp_path: Path, claim: str, problem: str) -> None:
    with pytest.raises(StudyErrors) as caught:
        read(tmp_path, claim)
    (said,) = caught.value.problems
    assert problem in said


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (SEARCH, "", "paired: draw needs a search, whose arms share their draws; this study has none"),
        ("sampler: random", "sampler: tpe", "sampler tpe draws for each arm by itself, so that draws have no partners"),
    ],
)
def test_only_a_search_whose_arms_share_draws_pairs_them(tmp_path: Path, old: str, new: str, problem: str) -> None:
    with pytest.raises(StudyErrors) as caught:
        read(tmp_path, f"metric: fid, paired: draw, {PAIR}", VALID_SEARCH.replace(old, new))
    assert any(problem in said for said in caught.value.problems)
