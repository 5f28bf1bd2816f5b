"""Figures of a critic that is studied by itself; each is shown where a claim of the study is about what it shows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from ablate.claims.study_rows import StudyRows
from ablate.registry.measures import measure
from ablate.report.figures.bands import Band, bands
from ablate.report.figures.curves import curves_chart
from ablate.report.figures.style import Chart

DISTANCES = {
    "js_estimate": ("JS divergence by the discriminator", ("js_estimate",)),
    "w1_estimate": ("critic's value", ("w1_ratio", "w1_estimate")),
}
"""Probe, its label, and the claims' metrics for which it is shown against the distance of the distributions"""
LAYERS = {
    "output_gradient_norm": (
        ("output_slope", "output_slope_size"), "gradient norm at the layer's output", "layer (1: next to the input)",
    ),
    "weight_histogram": (("share_at_bound",), "share of the weights", "weight / largest absolute weight"),
}  # fmt: skip
"""Probe, the claims' metrics for which it is shown, its label, and what its layers are"""
GRADIENT = "generator_gradient_norm"


def critic_charts(rows: StudyRows, palette: dict[str, str]) -> list[Chart]:
    """Against distance, against the discriminator's steps, layer by layer, and weights as a histogram."""
    claimed = {claim.metric for claim in rows.study.claims}
    charts = [_over_distance(rows, probe, palette) for probe, (_, about) in DISTANCES.items() if claimed & set(about)]
    if GRADIENT in claimed:
        charts += [_over_critic_steps(rows, dataset, palette) for dataset in rows.study.datasets]
    for probe, (about, *_) in LAYERS.items():
        if claimed & set(about):
            charts += [_by_layer(rows, probe, dataset, palette) for dataset in rows.study.datasets]
    return [chart for chart in charts if chart is not None]


def _over_critic_steps(rows: StudyRows, dataset: str, palette: dict[str, str]) -> Chart | None:
    points = rows.curves_of((GRADIENT,))
    by_arm = _by_arm(rows, dataset, bands(rows, points, GRADIENT, diverged_worst=False, over="critic_step"))
    held = {run.config.hold_generator_at for run in rows.runs if run.dataset == dataset}
    note = "; the generator is held in each" if None not in held else ""
    key = f"{rows.study.name}/{dataset}/critic steps"
    return curves_chart(
        by_arm, "norm of the generator's gradient", "ratio", key, dataset, palette, note, over="steps of the critic"
    )


def _by_arm(rows: StudyRows, dataset: str, all_bands: dict[tuple[str, str], Band]) -> dict[str, Band]:
    """The bands on one dataset, in the order of the study's arms."""
    return {arm: all_bands[dataset, arm] for arm in rows.study.arms if (dataset, arm) in all_bands}


def _last(rows: StudyRows, probe: str) -> pd.DataFrame:
    """The probe at each run's last evaluation: dataset, arm, row (position in the table), layer, metric, value."""
    points = rows.results.probes
    points = points[points["probe"] == probe]
    points = points[points["generator_step"] == points.groupby("run_id")["generator_step"].transform("max")]
    known = rows.table.reset_index(drop=True).rename_axis("row").reset_index()[["run_id", "dataset", "arm", "row"]]
    last = points.merge(known, on="run_id")
    return last.assign(metric=probe, layer=last["layer"].fillna(""))


def _by_layer(rows: StudyRows, probe: str, dataset: str, palette: dict[str, str]) -> Chart | None:
    _, label, over = LAYERS[probe]
    points = _last(rows, probe)
    places = points["layer"].str.split(" ").str[0].astype(float)  # "03 hidden.6", or the middle of a bin
    by_arm = _by_arm(rows, dataset, bands(rows, points.assign(place=places), probe, diverged_worst=False, over="place"))
    key = f"{rows.study.name}/{dataset}/{probe}"
    return curves_chart(by_arm, label, measure(probe).scale, key, dataset, palette, over=over)


def distances(rows: StudyRows) -> tuple[str, dict[str, float]]:
    """The one number in which the study's datasets differ, and its value for each label; empty where there is none."""
    options: dict[str, dict[str, Any]] = {run.dataset: run.config.dataset_options for run in rows.runs}
    kinds = {run.config.dataset for run in rows.runs}
    names = {name for own in options.values() for name in own}
    varying = [name for name in sorted(names) if len({own.get(name) for own in options.values()}) > 1]
    if len(kinds) != 1 or len(varying) != 1:
        return "", {}
    values = {label: own.get(varying[0]) for label, own in options.items()}
    numbers = {label: float(value) for label, value in values.items() if isinstance(value, int | float)}
    return varying[0], numbers if len(numbers) == len(options) else {}


def _over_distance(rows: StudyRows, probe: str, palette: dict[str, str]) -> Chart | None:
    name, values = distances(rows)
    points = _last(rows, probe)
    if not values or points.empty:
        return None
    points = points[points["arm"].isin(_measured(rows, probe))]
    everywhere = points.assign(place=points["dataset"].map(values), dataset="")
    by_arm = _by_arm(rows, "", bands(rows, everywhere, probe, diverged_worst=False, over="place"))
    label = DISTANCES[probe][0]
    where = ", ".join(dict.fromkeys(run.config.dataset for run in rows.runs))
    line = truth(rows, probe, values)
    return curves_chart(
        by_arm, label, "difference", f"{rows.study.name}/{probe}", where, palette, over=name, truth=line
    )


def _measured(rows: StudyRows, probe: str) -> set[str]:
    """The arms that the probe's figure is about: of the critic's value those that a claim holds against the distance."""
    about = DISTANCES[probe][1]
    return {arm for claim in rows.study.claims if claim.metric in about for arm in claim.arms}


def truth(rows: StudyRows, probe: str, values: dict[str, float]) -> tuple[np.ndarray, np.ndarray] | None:
    """The line that theory gives: log 2, which no divergence exceeds; or the exact distance, the value over its ratio."""
    place = np.array(sorted(value for value in values.values() if value > 0))
    if probe == "js_estimate":
        return place, np.full(len(place), math.log(2))
    if not {"w1_estimate", "w1_ratio"} <= set(rows.table.columns):
        return None
    exact = (rows.table["w1_estimate"] / rows.table["w1_ratio"]).groupby(rows.table["dataset"]).median().dropna()
    known = sorted((values[str(label)], float(value)) for label, value in exact.items())
    return (np.array([x for x, _ in known]), np.array([y for _, y in known])) if known else None
