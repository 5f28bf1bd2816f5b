"""What the page shows of the kinds of test beside compare, of claims that wait, and of the calibration."""

import csv
import re
from dataclasses import replace

import numpy as np
import pytest

from ablate.claims.calibration_table import Case, Coverage, Needed, Power, Tables
from ablate.claims.decide import decide
from ablate.config.run_config import RunConfig
from ablate.report.board import board, tally
from ablate.report.site import NOT_RUN, build_report
from tests.support.page_tags import Tags
from tests.support.simulated_study import SimulatedClaim, tables

BOTH = ("ring8", "digits")
SPREAD = np.linspace(-0.05, 0.05, 10)
ONE_ARM = {"against": "", "direction": ""}
LADDER = ((tuple((float(i), arm) for i, arm in enumerate("abc"))),)
CLAIMS = (
    SimulatedClaim("value", says="below 3", against="", value=3.0, datasets=BOTH),
    SimulatedClaim("near", says="equal", test="equivalent", direction="", margin=0.2, datasets=BOTH),
    SimulatedClaim("best", says="not worse", test="equivalent", against="", rivals=("b", "c"), margin=0.2, datasets=BOTH),
    SimulatedClaim("range", says="in range", test="bound", statistic="iqm", low=0.9, decide="every_dataset",
                   datasets=BOTH, **ONE_ARM),
    SimulatedClaim("share", says="mostly", test="bound", statistic="share", within=(0.9, 1.1), low=0.6, high=1.0,
                   decide="every_dataset", datasets=BOTH, **ONE_ARM),
    SimulatedClaim("over", says="rises", test="trend", arm="lr 0, 1, 2", against="", direction="greater", factor="lr",
                   ladders=LADDER, datasets=BOTH),
    SimulatedClaim("fact", says="is one", test="identity", value=1.0, tolerance=0.1, decide="every_dataset",
                   datasets=BOTH, **ONE_ARM),
    SimulatedClaim("later", says="needs a GPU", waits="a <CUDA> device is needed", datasets=BOTH),
)  # fmt: skip


def made():
    level = {"a": 0.0, "b": 0.02, "c": 0.5}
    study, results = tables({(d, arm): np.exp(level[arm] + SPREAD) for d in BOTH for arm in "abc"}, list(CLAIMS))
    runs = []
    for run in study.run_list:  # a page shows settings
        width = {"width": 32 + 32 * "abc".index(run.arm)}
        config = RunConfig(dataset=run.dataset, loss="wasserstein", generator_steps=50, seed=run.seed, **width)
        runs.append(replace(run, config=config))
    results.runs["run_id"] = [run.run_id for run in runs]
    return replace(study, run_list=runs), results


def test_every_kind_has_its_line_and_its_verdict(tmp_path):
    study, results = made()
    page = build_report([(study, results)], tmp_path).read_text()
    Tags.of(page)
    with open(tmp_path / "verdicts.csv", encoding="utf-8") as file:
        rows = {row["claim"]: row for row in csv.DictReader(file) if row["dataset"] == "pooled"}
    assert {name: row["verdict"] for name, row in rows.items()} == {
        **dict.fromkeys(("value", "near", "best", "range", "share", "over", "fact"), "reproduced"), "later": "waiting"
    }  # fmt: skip
    assert (rows["range"]["target_low"], rows["range"]["target_high"]) == ("0.9", "inf")
    assert rows["later"]["reason"] == "a <CUDA> device is needed"
    for text in (
        "fid: a ÷ best of b, c", "iqm of fid: a, claimed ≥ 0.9", "share within [0.9, 1.1] of fid: a, claimed [0.6, 1]",
        "fid: lr 0, 1, 2, Spearman’s ρ", "fid: a, claimed = 1 ± 0.1", "a &lt;CUDA&gt; device is needed",
    ):  # fmt: skip
        assert text in page, text
    assert "nan" not in re.sub(r"data:[^\"]*", "", page).lower().split()


def test_the_verdict_and_the_effect_on_each_dataset_are_text(tmp_path):
    study, results = made()
    verdicts = decide(study, results)
    lines = {entry.id: entry.lines[0] for entry in board(verdicts)}
    page = build_report([(study, results)], tmp_path).read_text()
    visible = re.sub(r"<svg.*?</svg>|<[^>]*>", "", page, flags=re.DOTALL)
    for name in ("value", "range", "over"):
        assert [chip.dataset for chip in lines[name].chips] == list(BOTH)
        for chip in lines[name].chips:
            assert chip.effect in visible
    assert tally(verdicts) == {"reproduced": 7, "contradicted": 0, "inconclusive": 0, "waiting": 1}


def test_the_bar_of_a_bound_lies_in_its_range_and_an_identity_has_none():
    lines = {entry.id: entry.lines[0] for entry in board(decide(*made()))}
    bar = lines["range"].forest
    assert bar.band[0] < bar.low <= bar.effect <= bar.high < bar.band[1] == 100
    assert bar.zero is None
    assert lines["near"].forest.band[0] < lines["near"].forest.effect < lines["near"].forest.band[1]
    assert lines["fact"].forest is None
    assert lines["later"].forest is None


@pytest.mark.parametrize(
    ("claim", "sentence"),
    [
        ("value", "fid of a is 0.333 [0.327, 0.34] times 3 (claimed: lower): reproduced"),
        ("near", "fid of a is 0.98 [0.956, 1.01] times that of b (claimed: equal within 20 %): reproduced"),
        ("best", "fid of a is 0.98 [0.953, 1.01] times that of the best of b, c (claimed: not worse by more than 20 %): "
         "reproduced"),
        ("range", "iqm of fid of a is 1 [0.968, 1.03] (claimed: ≥ 0.9): reproduced"),
        ("over", "Spearman’s ρ of fid over lr 0, 1, 2 is +0.774 [0.69, 0.853] (claimed: rises): reproduced"),
        ("fact", "fid of a lies between 0.951 and 1.05 (claimed: = 1 ± 0.1 in every run): reproduced"),
        ("later", "fid: a − b: a <CUDA> device is needed: waiting"),
    ],
)  # fmt: skip
def test_every_kind_says_what_came_of_its_claim(claim, sentence):
    (line,) = next(entry.lines for entry in board(decide(*made())) if entry.id == claim)
    assert line.sentence == sentence


def test_a_study_without_tables_is_on_the_board_and_nowhere_else(tmp_path):
    study, results = made()
    unrun, _ = tables({}, [SimulatedClaim("todo", says="yet to be seen")])
    page = build_report([(study, results)], tmp_path, unrun=[unrun]).read_text()
    assert "yet to be seen" in page
    assert NOT_RUN in page
    assert page.count('<section id="simulated"') == 1


def test_the_calibration_is_a_table_of_the_page(tmp_path):
    made_by = (0, "ablate calibrate --studies 400 --seed 0")
    cases = [
        Case("compare", "normal", n, n, 1, 1, 0.0, 400, false, 0.0, 0.0, 0.0, false, 0.01, false > 0.07, *made_by)
        for n, false in ((5, 0.02), (10, 0.09))
    ]
    whole = Case("study", "normal", 10, 10, 3, 12, 0.0, 150, 0.02, 0.0, 0.0, 0.01, 0.03, 0.01, False, *made_by)
    held = Coverage("compare", "normal", 5, 5, 400, 0.94, 0.01, 0.03, 0.03, False, *made_by)
    powers = [
        Power("compare", "normal", 10, effect, 75, found, 0.05, 0.0, 10, *made_by)
        for effect, found in ((1, 0.4), (2, 0.97))
    ]
    needed = Needed("compare", "normal", 1.2, 5, 19, 100, 67, 24, 15.0, 10.0, 27.0, 0.8, 0.5, 0.37, 0.1, *made_by)
    calibration = Tables([*cases, whole], [held], powers, [needed])
    page = build_report([made()], tmp_path, cases=calibration).read_text()
    Tags.of(page)
    rows = [re.sub(r"<[^>]*>", " ", row).split() for row in re.findall(r"<tr><th scope=\"row\">(.*?)</tr>", page)]
    of_compare = [row[3:] for row in rows if row[:3] == ["compare,", "two", "arms"]]
    assert of_compare[0] == ["normal", "2", "%", "9", "%", "!", "94", "%", "–"]
    assert of_compare[1] == ["normal", "40", "%", "97", "%"]
    assert of_compare[2] == [
        "normal",
        "1.2",
        "sd",
        "19",
        "5",
        "67",
        "of",
        "100",
        "24",
        "15",
        "[10,",
        "27]",
        "50",
        "%",
        "37",
        "%",
    ]
    assert "of false decisions 1 of 3 are" in page
    assert ["study", "normal", "12", "3", "10", "150", "3", "%"] in rows
    assert "calibrate" not in build_report([made()], tmp_path).read_text()
