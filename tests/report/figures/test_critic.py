"""Figures of a critic by itself: which are drawn, from which rows, and what they show in words."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from ablate.claims.study_rows import StudyRows
from ablate.config.run_config import RunConfig
from ablate.report.figures import critic
from ablate.report.figures.style import Chart, colours
from ablate.report.result_tables import result_tables
from ablate.report.site import build_report
from tests.support.simulated_study import SimulatedClaim, SimulatedResults, SimulatedRun, SimulatedStudy

DISTANCES = {"theta_0": 0.0, "theta_1": 1.0, "theta_4": 4.0}
ARMS = {"discriminator": {"loss": "minimax"}, "critic": {"loss": "wasserstein"}}
LAYERS = ["01 hidden.0", "02 hidden.3", "03 out"]


def config(dataset: str = "parallel_lines", fakes: str = "counterpart", **settings: object) -> RunConfig:
    base = {"dataset": dataset, "fakes": fakes, "generator_steps": 400, "n_critic": 5}
    return RunConfig.model_validate({**base, **settings})


def rows_of(
    metrics: dict[str, tuple[str, ...]], runs: list[SimulatedRun], table: pd.DataFrame, curves: pd.DataFrame,
    probes: pd.DataFrame,
) -> StudyRows:  # fmt: skip
    """metrics: a claim's metric → its arms, one claim each."""
    labels = tuple(dict.fromkeys(run.dataset for run in runs))
    bound = {"test": "bound", "statistic": "iqm", "low": -100.0, "high": 100.0, "against": "", "direction": ""}
    claims = tuple(
        SimulatedClaim(metric=metric, arm=arm, datasets=labels, decide="every_dataset", **bound)
        for metric, arms in metrics.items()
        for arm in arms
    )
    study = SimulatedStudy(claims, runs)
    return StudyRows.of(study, SimulatedResults(table, curves, probes))  # type: ignore[arg-type]


def lines(metrics: dict[str, tuple[str, ...]], seeds: int = 5) -> StudyRows:
    """Discriminators that find log 2, and critics that find 1.1 times the distance."""
    runs = [
        SimulatedRun(arm, label, config(seed=seed, dataset_options={"distance": distance}, **settings))
        for label, distance in DISTANCES.items()
        for arm, settings in ARMS.items()
        for seed in range(seeds)
    ]
    values = []
    for run in runs:
        distance, judge = DISTANCES[run.dataset], run.arm == "discriminator"
        value = 20 + distance if judge else 1.1 * distance + 0.001 * run.seed
        ratio = value / distance if distance else np.nan
        values.append(
            (run.run_id, run.dataset, run.arm, run.seed, np.log(2) * (distance > 0) if judge else np.nan, value, ratio)
        )
    names = ["run_id", "dataset", "arm", "seed", "js_estimate", "w1_estimate", "w1_ratio"]
    table = pd.DataFrame(values, columns=names).assign(status="done", study="simulated")
    long = table.melt("run_id", ["js_estimate", "w1_estimate"], "probe").dropna()
    last = long.assign(generator_step=400, layer="")
    first = last.assign(generator_step=40, value=-77.0)  # is not shown
    curves = pd.DataFrame(columns=["run_id", "generator_step", "critic_step", "seconds", "metric", "value"])
    return rows_of(metrics, runs, table, curves, pd.concat([first, last], ignore_index=True))


def charts(rows: StudyRows) -> list[Chart]:
    return critic.critic_charts(rows, colours(rows.study.arms))


def test_divergence_and_distance_are_drawn_against_the_distance_of_the_distributions() -> None:
    rows = lines({"js_estimate": ("discriminator",), "w1_ratio": ("critic",)})
    assert critic.distances(rows) == ("distance", DISTANCES)
    js, w1 = charts(rows)
    assert js.alt == (
        "JS divergence by the discriminator over distance on parallel_lines: median over seeds, with quartiles. "
        "discriminator ends at 0.693."
    )
    assert w1.alt.endswith("critic ends at 4.4.")
    assert "discriminator" not in w1.alt
    assert re.search(r">\s*distance\s*<", w1.svg)


def test_the_line_of_theory_is_log_2_and_the_exact_distance() -> None:
    rows = lines({"js_estimate": ("discriminator",), "w1_ratio": ("critic",)})
    place, level = critic.truth(rows, "js_estimate", DISTANCES)
    assert place.tolist() == [1, 4]
    assert level == pytest.approx([np.log(2)] * 2)
    place, exact = critic.truth(rows, "w1_estimate", DISTANCES)
    assert place.tolist() == [1, 4]
    assert exact == pytest.approx([1, 4])


def test_nothing_is_drawn_that_no_claim_is_about() -> None:
    assert charts(lines({"fid": ("critic",)})) == []
    assert len(charts(lines({"js_estimate": ("discriminator",)}))) == 1


def test_datasets_that_differ_in_more_than_a_number_have_no_distance() -> None:
    two = [("a", {"distance": 1.0, "spread": 2.0}), ("b", {"distance": 2.0, "spread": 1.0})]
    runs = [SimulatedRun("x", label, config("normals", dataset_options=options)) for label, options in two]
    table = pd.DataFrame(
        [(r.run_id, r.dataset, "x", 0, "done") for r in runs], columns=["run_id", "dataset", "arm", "seed", "status"]
    )
    rows = rows_of({"js_estimate": ("x",)}, runs, table, pd.DataFrame(), pd.DataFrame())
    assert critic.distances(rows) == ("", {})


def layered(probe: str, layers: list[str], metric: str) -> StudyRows:
    runs = [
        SimulatedRun(arm, "swiss_roll", config("swiss_roll", "noisy_real", seed=seed, lr=lr))
        for arm, lr in (("clip", 1e-3), ("penalty", 1e-4))
        for seed in range(5)
    ]
    table = pd.DataFrame(
        [(r.run_id, r.dataset, r.arm, r.seed, "done", 1.0) for r in runs],
        columns=["run_id", "dataset", "arm", "seed", "status", metric],
    )
    probes = pd.DataFrame(
        [
            (r.run_id, 400, probe, layer, 10.0 ** -(i + 1) if r.arm == "clip" else 0.5)
            for r in runs
            for i, layer in enumerate(layers)
        ],
        columns=["run_id", "generator_step", "probe", "layer", "value"],
    )
    curves = pd.DataFrame(columns=["run_id", "generator_step", "critic_step", "seconds", "metric", "value"])
    return rows_of({metric: ("clip",)}, runs, table, curves, probes)


def test_gradient_norms_run_over_the_layers_numbers_on_a_logarithmic_scale() -> None:
    (chart,) = charts(layered("output_gradient_norm", LAYERS, "output_slope"))
    assert "clip ends at 0.001; penalty ends at 0.5" in chart.alt
    assert "over layer (1: next to the input) on swiss_roll" in chart.alt
    ticks = {text.strip() for text in re.findall(r"<text[^>]*>([^<]*)</text>", chart.svg)}
    assert {"0.1", "0.01", "0.001"} <= ticks


def test_a_histogram_runs_over_the_middles_of_its_bins() -> None:
    (chart,) = charts(layered("weight_histogram", ["-0.950", "+0.000", "+0.950"], "share_at_bound"))
    assert "share of the weights over weight / largest absolute weight" in chart.alt
    ticks = {text.strip().replace("−", "-") for text in re.findall(r"<text[^>]*>([^<]*)</text>", chart.svg)}
    assert {"0", "0.5"} <= ticks
    assert any(tick.startswith("-") for tick in ticks)


def test_the_generators_gradient_is_drawn_over_the_critics_steps() -> None:
    arms = {"minimax": {"loss": "minimax", "lr": 1e-3}, "wasserstein": {}}
    runs = [
        SimulatedRun(arm, "ring8", config("ring8", "generator", hold_generator_at=0, seed=seed, **settings))
        for arm, settings in arms.items()
        for seed in range(5)
    ]
    table = pd.DataFrame(
        [(r.run_id, r.dataset, r.arm, r.seed, "done", 1.0) for r in runs],
        columns=["run_id", "dataset", "arm", "seed", "status", critic.GRADIENT],
    )
    curves = pd.DataFrame(
        [(r.run_id, s, 5 * s, 1.0, critic.GRADIENT, 1 / s) for r in runs for s in (100, 200, 300)],
        columns=["run_id", "generator_step", "critic_step", "seconds", "metric", "value"],
    )
    (chart,) = charts(rows_of({critic.GRADIENT: ("minimax",)}, runs, table, curves, pd.DataFrame()))
    ticks = {text.strip() for text in re.findall(r"<text[^>]*>([^<]*)</text>", chart.svg)}
    assert "1,500" in ticks
    assert "over steps of the critic on ring8" in chart.alt
    assert "the generator is held in each" in chart.caption


def test_the_page_of_such_a_study_holds_its_figures_claimed_metrics_and_length_in_critic_steps(tmp_path) -> None:
    rows = lines({"js_estimate": ("discriminator",), "w1_ratio": ("critic",)})
    page = build_report([(rows.study, rows.results)], tmp_path).read_text()
    assert "The critic by itself" in page
    assert "JS divergence by the discriminator" in page
    assert "2,000 critic steps" in page
    names = [name for name, _ in result_tables(rows)[1].columns]
    assert {"js_estimate", "w1_ratio"} <= set(names)
    assert "theta_1: js_estimate of every run" in page
