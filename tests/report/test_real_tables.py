"""A study file and tables as `ablate run` writes them, read back, become the page: no stand-ins here."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from ablate.claims.against_reference import against_reference
from ablate.report.site import build_report
from ablate.results import tables
from ablate.results.tables import Results, study_as_run
from ablate.study.load import load_study
from ablate.study.study import Study

STUDY = """\
study: small
question: Is the <penalty> better & is it stable?
seeds: 8
datasets:
  ring8: {std: 0.02}
  pictures: {dataset: digits, latent_size: 16}
base: {loss: wasserstein, generator_steps: 40, n_critic: 1}
arms:
  gan: {loss: non_saturating, lipschitz: none}
  _gp: {lipschitz: gradient_penalty, lambda_gp: 1.0}
claims:
  - {id: quality, source: [D0], says: better samples, test: compare, metric: fid, arm: _gp, against: gan, direction: less}
  - {id: points, source: [D0], says: nearer points, test: compare, metric: w1, arm: _gp, against: gan, direction: less,
     datasets: [ring8], margin: 0.1}
  - {id: stable, source: [D0], says: diverges less, test: compare, metric: diverged, arm: _gp, against: gan, direction: less}
  - {id: faster, source: [D0], says: sooner there, test: compare, metric: steps_to_target, arm: _gp, against: gan,
     direction: less, decide: any_dataset}
"""
LOST, BROKEN, ABSENT = 0, 1, 2
"""Seeds of gan: diverged before its first evaluation on ring8; failed, and not run, on pictures"""


def filled(folder: Path, study: Study) -> Results:
    """Tables with a row a run: _gp is ten times as good, and the numbers depend on the run alone."""
    results = Results.empty(folder)
    for run in study.runs():
        level = (0.1 if run.arm == "_gp" else 1.0) * (1 + 0.05 * run.seed)
        own = (run.dataset, run.arm, run.seed)
        if own == ("pictures", "gan", ABSENT):
            continue
        status = {("ring8", "gan", LOST): "diverged", ("pictures", "gan", BROKEN): "failed"}.get(own, "done")
        row = {
            "run_id": run.run_id, "results_version": run.results_version, "study": study.name,
            "dataset": run.dataset, "arm": run.arm, "seed": run.seed,
            "status": status, "error": "out of <memory>" if status == "failed" else "", "flags": "",
            "diverged_at": 3.0 if status == "diverged" else float("nan"), "commit": "0" * 40, "dirty": False,
        }  # fmt: skip
        curves = []
        if status == "done":
            row |= {"fid": level, "seconds": 1.5, "fid_floor": 0.01}
            row |= {"w1": level / 2, "w1_floor": 0.03} if run.dataset == "ring8" else {}
            curves = [
                {"run_id": run.run_id, "generator_step": step, "critic_step": step, "seconds": step / 10,
                 "metric": metric, "value": level * 40 / step}
                for step in (10, 20, 40)
                for metric in ("fid", *(["w1"] if run.dataset == "ring8" else []))
            ]  # fmt: skip
        results.add([row], curves, [])
    results.write(study.runs())
    samples = folder / tables.SAMPLES
    samples.mkdir()
    angle = np.arange(300) * np.pi / 4
    np.savez(samples / "real_ring8.npz", x=np.stack([np.cos(angle), np.sin(angle)], 1).astype(np.float32))
    np.savez(samples / "real_pictures.npz", x=np.zeros((36, 1, 8, 8), np.uint8))
    (folder / tables.STUDY).write_text(study.text, encoding="utf-8")
    return Results.read(folder)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Results, str, Path]:
    root = tmp_path_factory.mktemp("real")
    (root / "small.yaml").write_text(STUDY)
    study = load_study(root / "small.yaml")
    results = filled(root / "runs", study)
    page = build_report([(study_as_run(results), results)], root / "page")
    return study, results, page.read_text(encoding="utf-8"), page.with_name("verdicts.csv")


def test_each_claim_has_the_verdict_of_the_numbers(made) -> None:
    with open(made[3], newline="", encoding="utf-8") as file:
        rows = {(row["claim"], row["dataset"]): row for row in csv.DictReader(file)}
    headline = rows["quality", "pooled"]
    assert (headline["verdict"], headline["n_arm"], headline["n_against"]) == ("reproduced", "16", "14")
    assert (headline["diverged_against"], headline["missing_against"]) == ("1", "2")
    assert "2 of 32 runs are missing" in headline["reason"]
    # diverged runs take the worst finite value, 1.35, which the interquartile mean of eight cuts: no exact tenth
    assert 0.08 < float(rows["quality", "ring8"]["effect"]) < 0.1
    assert rows["points", "pooled"]["verdict"] == "reproduced"
    assert rows["stable", "pooled"]["verdict"] == "inconclusive"
    assert rows["faster", "pooled"]["verdict"] == "reproduced"
    assert float(rows["faster", "ring8"]["effect"]) < 1


def test_the_page_draws_fid_everywhere_and_w1_for_points(made) -> None:
    page = made[2]
    for name, dataset, drawn in [("fid", "ring8", True), ("w1", "ring8", True), ("fid", "pictures", True),
                                 ("w1", "pictures", False)]:  # fmt: skip
        assert (f"{dataset}: {name} of every run" in page) is drawn
        assert (f"{dataset}: {name}, median and quartiles over seeds" in page) is drawn
    assert "real samples of ring8" in page or "Samples: ring8" not in page


def test_what_is_lost_failed_or_missing_is_on_the_page_and_text_is_escaped(made) -> None:
    page = made[2]
    assert "gan on pictures: 2 of 8 runs, 1 of them failed (out of &lt;memory&gt;)" in page
    assert "30 of 32 runs are here" in page
    assert "1 of 8" in page
    assert "Is the &lt;penalty&gt; better &amp; is it stable?" in page
    assert "<penalty>" not in page
    assert "<memory>" not in page


def test_tables_written_and_read_back_give_the_same_page(made, tmp_path: Path) -> None:
    study, results, page, _ = made
    results.write(study.runs())
    again = Results.read(results.folder)
    assert build_report([(study, again)], tmp_path).read_text(encoding="utf-8") == page
    found = against_reference(again, results, study)
    assert (found.shared, found.identical, found.differs) == (31, 31, False)


def test_seeds_of_the_command_line_are_those_of_the_page(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(STUDY)
    for seeds, written in (([20, 21, 22, 23, 24], "20:25"), ([3, 30], "3,30"), ([5], "5:6")):
        study = load_study(tmp_path / "small.yaml", seeds=written)
        folder = tmp_path / written.replace(":", "-")
        results = filled(folder, study)
        (folder / tables.ENVIRONMENT).write_text(json.dumps({"seeds": seeds}))
        again = study_as_run(Results.read(folder))
        assert again.seeds == tuple(seeds)
        page = build_report([(again, results)], folder).read_text(encoding="utf-8")
        assert f"ablate run studies/small.yaml --seeds {written}" in page
        assert "Rows not used" not in page
