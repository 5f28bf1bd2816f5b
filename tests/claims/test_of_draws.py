"""Claims of a search's draws, from the study file to the page: success at thresholds, pairs of draws, draws needed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from ablate.claims.decide import decide
from ablate.claims.study_rows import StudyRows
from ablate.claims.values import samples_of
from ablate.claims.verdict import Verdict
from ablate.report.board import board
from ablate.results.tables import Results
from ablate.study.load import load_study
from ablate.study.study import Run, Study
from tests.support.broken_searches import VALID_SEARCH
from tests.support.searched_study import rows_of, tables_of

DRAWS = 20
CLAIMS = """\
claims:
  - {id: success, says: so, test: compare, metric: fid, statistic: success, thresholds: [0.5, 0.2], paired: draw,
     arm: wgan_gp, against: gan, direction: greater}
  - {id: unpaired, says: so, test: compare, metric: fid, statistic: success, thresholds: 0.2,
     arm: wgan_gp, against: gan, direction: greater}
  - {id: value, says: so, test: compare, metric: fid, paired: draw, arm: wgan_gp, against: gan, direction: less}
  - {id: near, says: so, test: compare, metric: fid, statistic: share_near_best, factor: 4, paired: draw, arm: wgan_gp,
     against: gan, direction: greater}
  - {id: of-best, says: so, test: compare, metric: fid, statistic: success, of: best, thresholds: 4, paired: draw,
     arm: wgan_gp, against: gan, direction: greater}
  - {id: needed, says: so, test: compare, metric: fid, statistic: draws_needed, factor: 4, paired: draw, arm: wgan_gp,
     against: gan, direction: less}
"""
Change = Callable[[dict[str, Any], Run], None]


def fid(run: Run) -> float:
    """A GAN is as good as WGAN-GP on every fourth draw, and much worse on the others; draw 7 diverges in both."""
    assert run.draw is not None
    if run.draw == 7 or (run.arm == "gan" and run.draw == 3):
        return math.inf
    level = 1.0 + run.draw / DRAWS
    return level * (20 if run.arm == "gan" and run.draw % 4 else 1) * (0.9 if run.arm == "wgan_gp" else 1)


def made(folder: Path, change: Change = lambda row, run: None, datasets: str = "[ring8]") -> tuple[Study, Results]:
    path = folder / "tuning.yaml"
    text = VALID_SEARCH.replace("draws: 6", f"draws: {DRAWS}").replace("[ring8, digits]", datasets) + CLAIMS
    path.write_text(text, encoding="utf-8")
    study = load_study(path)
    rows = []
    for run in study.runs():
        (row,) = rows_of([run], lambda config, run=run: fid(run))
        row["untrained_fid"] = 30.0
        change(row, run)
        rows.append(row)
    return study, tables_of(folder, rows)


def headlines(study: Study, results: Results) -> dict[str, list[Verdict]]:
    by_claim: dict[str, list[Verdict]] = {}
    for verdict in decide(study, results):
        if verdict.dataset == "pooled":
            by_claim.setdefault(verdict.claim, []).append(verdict)
    return by_claim


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Verdict]]:
    return headlines(*made(tmp_path_factory.mktemp("draws")))


def test_values_keep_the_seeds_of_their_runs(tmp_path: Path) -> None:
    def change(row: dict[str, Any], run: Run) -> None:
        if run.draw == 4 and run.arm == "gan":
            row["status"] = "failed"

    study, results = made(tmp_path, change)
    samples = samples_of(StudyRows.of(study, results), replace(study.claims[0], statistic="value"), "ring8")
    by_seed = {run.seed: fid(run) for run in study.runs() if run.arm == "gan"}
    assert len(samples.seeds[0]) == DRAWS == len(samples.seeds[1]) + 1
    assert samples.against is not None
    assert [by_seed[int(seed)] for seed in samples.seeds[1]] == pytest.approx(samples.against.tolist())


def test_success_is_counted_draw_by_draw_at_each_threshold(verdicts: dict[str, list[Verdict]]) -> None:
    half, fifth = verdicts["success"]
    # at most 15 and 6, of untrained 30: a GAN's poor draws have 20 (1 + draw / 20) > 20
    only_gp = sum(draw % 4 != 0 and draw != 7 for draw in range(DRAWS))
    for verdict in (half, fifth):
        assert verdict.p == pytest.approx(2 * 0.5**only_gp)
        assert verdict.effect == pytest.approx(only_gp / DRAWS)
        assert (verdict.verdict, verdict.n, verdict.scale) == ("reproduced", (DRAWS, DRAWS), "difference")
    assert half.statistic == "share within 0.5 × the untrained, paired by draw"
    assert fifth.statistic == "share within 0.2 × the untrained, paired by draw"
    assert fifth.p_adjusted > fifth.p  # corrected for the thresholds too, as for all claims of the study
    (unpaired,) = verdicts["unpaired"]
    assert unpaired.p == pytest.approx(2 * stats.fisher_exact([[19, 1], [5, 15]], "greater").pvalue)


def test_a_threshold_between_what_was_reached_changes_the_counts(tmp_path: Path) -> None:
    study, results = made(tmp_path)
    (claim,) = (claim for claim in study.claims if claim.id == "unpaired")
    study = replace(study, claims=(replace(claim, own=replace(claim.own, threshold=0.04, paired=True)),))
    (verdict,) = headlines(study, results)["unpaired"]
    gp = {draw for draw in range(DRAWS) if draw != 7 and 0.9 * (1 + draw / DRAWS) <= 1.2}
    gan = {draw for draw in range(0, DRAWS, 4) if 1 + draw / DRAWS <= 1.2}
    assert verdict.effect == pytest.approx((len(gp) - len(gan)) / DRAWS)
    assert verdict.p == pytest.approx(2 * 0.5 ** len(gp - gan))


def test_the_metric_is_compared_by_signed_ranks_with_what_diverged_last(verdicts: dict[str, list[Verdict]]) -> None:
    (verdict,) = verdicts["value"]
    draws = [draw for draw in range(DRAWS) if draw != 7]
    gaps = np.array([math.log(0.9 if draw % 4 == 0 else 0.045) for draw in draws])
    gaps[draws.index(3)] = -1e9  # the GAN diverged there
    assert verdict.p == pytest.approx(2 * stats.wilcoxon(gaps, alternative="less", method="exact").pvalue, rel=1e-6)
    assert verdict.effect == pytest.approx(math.exp((9 * math.log(0.045) + math.log(0.9)) / 10))  # the middle half
    assert verdict.improvement == pytest.approx(19.5 / 20)  # both diverged on draw 7: a tie
    assert verdict.verdict == "reproduced"
    assert "ahead in 98 % of draws" in verdict.reason


def test_near_the_best_is_counted_draw_by_draw_and_gives_the_number_of_draws(
    verdicts: dict[str, list[Verdict]],
) -> None:
    near, same, needed = (verdicts[name][0] for name in ("near", "of-best", "needed"))
    gan = 5  # of 20 draws, within 4 × the best of all
    assert near.effect == pytest.approx((19 - gan) / DRAWS)
    assert (same.p, same.effect) == (near.p, near.effect)
    assert needed.scale == "ratio"
    assert needed.effect == pytest.approx(1.0 / (math.log(0.2) / math.log1p(-gan / DRAWS)))
    assert needed.p == pytest.approx(near.p)  # on one dataset the same swaps
    assert needed.high < 1
    assert needed.verdict == "reproduced"
    assert "draws needed: wgan_gp on ring8 1 [1, 2], gan on ring8 6 [" in needed.reason


def test_a_draw_without_a_partner_is_left_out_and_said_to_be_missing(tmp_path: Path) -> None:
    def change(row: dict[str, Any], run: Run) -> None:
        if run.draw == 1 and run.arm == "gan":
            row["status"] = "failed"

    (verdict,) = headlines(*made(tmp_path, change))["value"]
    assert verdict.n == (DRAWS - 1, DRAWS - 1)
    assert verdict.missing == (0, 1)


def test_without_the_untrained_fid_success_is_not_measured(tmp_path: Path) -> None:
    def change(row: dict[str, Any], run: Run) -> None:
        del row["untrained_fid"]

    for verdict in headlines(*made(tmp_path, change))["success"]:
        assert verdict.verdict == "inconclusive"
        assert verdict.reason == "untrained_fid is not measured there"


def test_over_datasets_the_discordant_draws_are_added_and_opposite_ones_depend(tmp_path: Path) -> None:
    def change(row: dict[str, Any], run: Run) -> None:
        if run.dataset == "digits":  # there the arms change places
            other = fid(replace(run, arm="gan" if run.arm == "wgan_gp" else "wgan_gp"))
            row["fid"], row["status"] = other, "done" if math.isfinite(other) else "diverged"

    (verdict, _) = headlines(*made(tmp_path, change, "[ring8, digits]"))["success"]
    assert verdict.p == 1.0
    assert verdict.effect == pytest.approx(0.0)
    assert verdict.verdict == "depends on the dataset"
    by_claim = headlines(*made(tmp_path, lambda row, run: None, "[ring8, digits]"))
    (alike, _) = by_claim["success"]
    assert alike.p == pytest.approx(2 * 0.5**28)
    assert alike.verdict == "reproduced"
    assert "gan on digits" in by_claim["needed"][0].reason


def test_the_page_says_what_is_compared_and_how(tmp_path: Path) -> None:
    study, results = made(tmp_path)
    lines = {entry.id: entry.lines[0] for entry in board(decide(study, results))}
    assert lines["success"].what == "share within 0.5 × the untrained fid: wgan_gp − gan, paired by draw"
    assert lines["value"].what == "fid: wgan_gp ÷ gan, paired by draw"
    assert lines["needed"].sentence.startswith("number of draws to reach 4 × the best fid of wgan_gp is 0.17")
    for line in lines.values():
        assert line.forest is not None
        assert line.sentence.endswith("): reproduced")
    assert lines["value"].sentence.endswith("times that of gan (claimed: lower, paired by draw): reproduced")


def test_no_draw_that_succeeds_in_either_arm_is_no_event(tmp_path: Path) -> None:
    def change(row: dict[str, Any], run: Run) -> None:
        row["untrained_fid"] = 0.1

    for verdict in headlines(*made(tmp_path, change))["success"]:
        assert verdict.verdict == "no events"
        assert verdict.reason == "no run came so far, in either arm"
