"""The page holds what the tables say, for any state of the tables, and the same tables give the same bytes."""

import csv
import re
import sys
import time
from dataclasses import replace
from subprocess import run

import numpy as np
import pandas as pd
import pytest

from ablate.claims.decide import decide
from ablate.errors import AblateError
from ablate.registry import register
from ablate.registry import registry as registry_of_components
from ablate.report.site import build_report
from ablate.study.claims.association import spearman_name
from tests.support.page_tags import Tags
from tests.support.simulated_page import full_study
from tests.support.simulated_study import NO_CURVES, SimulatedClaim, tables


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    study, results = full_study()
    out = tmp_path_factory.mktemp("page")
    return study, results, out, build_report([(study, results)], out).read_text()


def test_the_page_is_one_well_formed_file_that_loads_nothing(built):
    page = Tags.of(built[3])
    for tag, attributes in page.elements:
        assert tag not in ("script", "link", "iframe")
        for name in ("src", "href", "xlink:href"):
            value = attributes.get(name) or ""
            assert not value.startswith(("http:", "https:", "//"))
    assert not re.search(r"url\((?!#)", built[3])
    assert len(built[3]) < 6e6


def test_ids_are_unique_and_every_reference_within_the_page_has_its_target(built):
    page = Tags.of(built[3])
    assert len(page.ids) == len(set(page.ids))
    for _, attributes in page.elements:
        for name in ("href", "xlink:href"):
            value = attributes.get(name) or ""
            assert not value.startswith("#") or value[1:] in page.ids


def test_every_picture_says_what_it_shows(built):
    page = Tags.of(built[3])
    pictures = [a.get("alt") for tag, a in page.elements if tag == "img"]
    pictures += [a.get("aria-label") for _, a in page.elements if a.get("role") == "img"]
    assert len(pictures) > 10
    assert all(pictures)


def test_the_same_tables_give_the_same_bytes(built, tmp_path):
    study, results, out, page = built
    again = build_report([(study, results)], tmp_path)
    assert again.read_text() == page
    assert (tmp_path / "verdicts.csv").read_bytes() == (out / "verdicts.csv").read_bytes()


def test_each_headline_is_on_the_page_with_its_word_and_its_reason(built):
    study, results, _, page = built
    for verdict in decide(study, results):
        if verdict.dataset == "pooled":
            assert verdict.says in page.replace("&#39;", "'")
            assert f"</span> {verdict.verdict}</span>" in page
            assert verdict.reason.replace("<", "&lt;") in page


def test_the_table_of_verdicts_holds_all_of_them(built):
    study, results, out, _ = built
    with open(out / "verdicts.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    verdicts = decide(study, results)
    assert [(line["claim"], line["dataset"], line["verdict"]) for line in lines] == [
        (verdict.claim, verdict.dataset, verdict.verdict) for verdict in verdicts
    ]
    assert float(lines[0]["p_adjusted"]) == pytest.approx(verdicts[0].p_adjusted, rel=1e-5)
    assert int(lines[0]["n_against"]) == verdicts[0].n[1]


def test_effects_along_training_are_described_and_the_board_says_since_when_a_verdict_stands(built):
    page = built[3]
    assert "A description, not a test" in page
    assert page.count('<svg class="course"') == 4 * 4  # four claims on fid, each over all datasets and on each of three
    assert re.search(r"sustained; since step [\d,]+; effect \w+", page)


def test_text_from_files_is_escaped(built):
    page = built[3]
    assert "question: <script>" not in page
    assert "question: &lt;script&gt;" in page
    assert "out of memory &lt;b&gt;" in page


def test_missing_failed_and_foreign_rows_are_named(built):
    page = built[3]
    assert "wgan_gp on digits: 3 of 10 runs, 1 of them failed" in page
    assert "117 of 120 runs are here" in page
    assert "gan on ring8, seed 0 (old1)" in page


def test_it_says_how_to_make_the_tables_and_what_made_them(built):
    assert "ablate run studies/gp_vs_clip.yaml" in built[3]
    assert "a simulated device" in built[3]
    assert "5,000 generator steps" in built[3]


def test_markup_in_names_of_arms_is_text_in_figures_too(tmp_path):
    name = "<img src=x> $x_1$ & more"
    study, results = full_study(seeds=5, datasets=("ring8",), arms={name: {}, "b": {"lr": 0.01}}, missing=False)
    page = build_report([(study, results)], tmp_path).read_text()
    Tags.of(page)
    assert "<img src=x>" not in page
    assert "&lt;img src=x&gt; $x_1$ &amp; more" in page


@pytest.mark.parametrize("state", ["empty", "no curves", "all diverged", "one run", "only failed"])
def test_a_study_in_any_state_has_a_page(tmp_path, state):
    study, results = full_study(seeds=5, datasets=("ring8",), steps=4, missing=False, samples=1)
    if state == "empty":
        columns = ["run_id", "study", "dataset", "arm", "seed", "status", "error", "flags"]
        results = replace(results, runs=pd.DataFrame(columns=columns), curves=NO_CURVES, environment={}, samples={})
    elif state == "no curves":
        results.curves = NO_CURVES
    elif state == "all diverged":
        results.runs = results.runs.assign(status="diverged", fid=float("nan"))
    elif state == "one run":
        results.runs = results.runs.iloc[:1]
    else:
        results.runs = results.runs.assign(status="failed")
    page = build_report([(study, results)], tmp_path).read_text()
    Tags.of(page)
    assert "inconclusive" in page
    assert "nan" not in re.sub(r"data:[^\"]*", "", page).lower().split()


def test_a_page_of_several_studies_links_each_of_them(tmp_path):
    first = full_study(seeds=2, datasets=("ring8",), missing=False)
    second = full_study(seeds=2, datasets=("grid25",), missing=False, name="other")
    page = build_report([first, second], tmp_path).read_text()
    parsed = Tags.of(page)
    assert len(parsed.ids) == len(set(parsed.ids))
    assert 'href="#other"' in page


def test_the_page_shows_each_where_the_study_has_it(tmp_path):
    study, results = full_study(seeds=5, datasets=("ring8",))
    everything = replace(
        study,
        factors={arm: {"lr": level} for arm, level in zip(study.arms, (1e-5, 1e-4, 1e-3, 1e-2), strict=True)},
        ladder=("gan", "wgan_gp"),
        claims=(SimulatedClaim(metric=spearman_name("critic_loss", "fid"), arm="wgan_gp", against="gan"),),
    )
    for shown, there in ((study, False), (everything, True)):
        text = build_report([(shown, results)], tmp_path).read_text(encoding="utf-8")
        for heading in ("Over the settings", "Step by step", "What goes with what"):
            assert (heading in text) == there


def test_a_measure_of_a_plugin_is_shown_where_it_says_and_nowhere_else(tmp_path, monkeypatch):
    monkeypatch.setattr(registry_of_components, "_plugins", {})
    monkeypatch.setattr(registry_of_components, "sources", {})

    @register("metric", "sharpness", better="greater", shown=("table", "curves", "levels"), order=0)
    def sharpness(evaluation):
        """Of edges."""

    @register("metric", "softness", better="less")
    def softness(evaluation):
        """Of edges too."""

    study, results = full_study(seeds=5, datasets=("ring8",))
    levels = {arm: {"lr": level} for arm, level in zip(study.arms, (1e-5, 1e-4, 1e-3, 1e-2), strict=True)}
    measured = {"sharpness": np.linspace(1, 2, len(results.runs)), "sharpness_floor": 2.5, "softness": 0.5}
    results.runs = results.runs.assign(**measured)
    points = results.curves[results.curves["metric"] == "fid"].assign(metric="sharpness")
    results.curves = pd.concat([results.curves, points, points.assign(metric="softness")])
    page = build_report([(replace(study, factors=levels), results)], tmp_path).read_text()
    headings = re.findall(r"<th>(\w+)<span class=\"soft\">(?:lower|higher) is better", page)
    assert headings.index("sharpness") < headings.index("fid")
    assert "sharpness of real samples against real ones: 2.5" in page
    assert "<dt>sharpness</dt><dd>Of edges.</dd>" in page
    assert "ring8: sharpness of every run" in page
    assert "ring8: sharpness, median and quartiles over seeds" in page
    assert "ring8: sharpness over lr" in page
    assert "softness" not in page


def test_an_unwritable_folder_is_one_message(tmp_path):
    (tmp_path / "file").write_text("")
    study, results = tables({("ring8", "a"): []}, [SimulatedClaim()])
    with pytest.raises(AblateError, match="could not be written"):
        build_report([(study, results)], tmp_path / "file" / "page")


@pytest.mark.parametrize(("arms", "seeds"), [({f"arm{i}": {"lr": 1e-4 * (i + 1)} for i in range(84)}, 40), (None, 834)])
def test_ten_thousand_runs_make_a_small_page_in_seconds(arms, seeds, tmp_path):
    study, results = full_study(seeds=seeds, arms=arms, steps=25, missing=False)
    assert len(results.runs) > 10_000
    assert len(results.curves) > 900_000
    start = time.process_time()
    page = build_report([(study, results)], tmp_path)
    assert time.process_time() - start < 20
    assert page.stat().st_size < 6e6


def test_claims_and_report_do_not_load_torch():
    code = "import sys, ablate.report.site, ablate.claims.against_reference; assert 'torch' not in sys.modules"
    assert run([sys.executable, "-c", code], check=False).returncode == 0
