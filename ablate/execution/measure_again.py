"""Metrics that were registered after the runs, measured from the generators that the runs kept.

A generator of the end says what is taken at the end only. The samples are those of the training's own last evaluation:
the same latents and labels, on a CPU; a run that trained on a GPU had that device's latents.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ablate.errors import AblateError, AblateWarning
from ablate.networks.generator_names import LAST, generator_path
from ablate.results import provenance
from ablate.results.known_draws import with_draws
from ablate.results.late_metrics import Lacking, lacking, warn_of_lacking, with_measured
from ablate.results.lock import locked
from ablate.results.tables import MEASURED_LATER, Results, rounded, rows_by_id
from ablate.study.study import Run, Study


def measure_missing(study: Study, results: Results, generators: Path | None) -> Results:
    """The study's tables with the metrics that they lacked, as far as the generators in that folder say them.

    What is still lacking afterwards is one AblateWarning; so is it where `generators` is None: then nothing is measured.
    A row that got a value names the metric and the commit in `measured_later`.
    """
    study = with_draws(study, results.runs)
    if generators is not None and any(gap.can_be_measured for gap in lacking(results, study)):
        with locked(results.folder):
            results = Results.read(results.folder)
            _measure(results, lacking(results, study), generators)
            results.write((study.whole or study).runs())
    warn_of_lacking(results, study)
    return results


def _measure(results: Results, gaps: Sequence[Lacking], generators: Path) -> None:
    """Measure run by run, into the rows and the curves."""
    wanted: dict[str, list[str]] = {}
    runs = {run.run_id: run for gap in gaps for run in gap.runs}
    for gap in gaps:
        for run in gap.runs if gap.can_be_measured else ():
            wanted.setdefault(run.run_id, []).append(gap.measure.name)
    paths = {run_id: generator_path(generators, run_id, LAST) for run_id in wanted}
    _warn_of_lost([path for path in paths.values() if not path.is_file()], len(wanted))
    rows, commit = rows_by_id(results.runs), str(provenance.code()["commit"])
    points: list[dict[str, Any]] = []
    for run_id, names in wanted.items():
        path = paths[run_id]
        if path.is_file() and (values := _values(runs[run_id], rows[run_id], path, names)):
            points += _points(results.curves[results.curves["run_id"] == run_id], values)
            cells = {name: rounded(value) for name, value in values.items()}
            cells[MEASURED_LATER] = with_measured(rows[run_id].get(MEASURED_LATER), values, commit)
            for name, cell in cells.items():
                results.runs.loc[results.runs["run_id"] == run_id, name] = cell
    if points:
        results.curves = pd.concat([results.curves, pd.DataFrame(points)], ignore_index=True)


def _warn_of_lost(paths: Sequence[Path], wanted: int) -> None:
    if paths:
        warnings.warn(
            f"{len(paths)} of {wanted} runs that lack a metric kept no generator of their end (there is no {paths[0]}): "
            "only a new training gives theirs, `ablate run STUDY --out ANOTHER_FOLDER`",
            AblateWarning,
            stacklevel=2,
        )


def _points(curve: pd.DataFrame, values: dict[str, float]) -> list[dict[str, Any]]:
    """The values as points of the run's last evaluation."""
    last = curve.sort_values("generator_step").iloc[-1:].to_dict("records")
    return [
        {str(k): v for k, v in point.items()} | {"metric": name, "value": value}
        for point in last
        for name, value in values.items()
    ]


def _values(run: Run, row: dict[str, Any], path: Path, names: Sequence[str]) -> dict[str, float]:
    """The metrics of one run; AblateError where generator, data or features are not those of its row."""
    import torch

    from ablate.datasets import dataset_of
    from ablate.metrics.evaluation import Reference, evaluate
    from ablate.networks.generator_file import load_generator
    from ablate.training.streams import Noise

    generator, config = load_generator(path), run.config
    dataset = dataset_of(config)
    reference = Reference.of(dataset, config.evaluation_samples)
    for what, expected, there in (
        ("run_id", run.run_id, generator.record.get("run_id")),
        ("generator step", config.total_generator_steps, generator.record.get("generator_step")),
        ("fingerprint of the data", row["dataset_fingerprint"], dataset.fingerprint),
        ("features", row["features"], reference.extractor.name),
        ("fingerprint of the features", row["features_fingerprint"], reference.extractor.fingerprint),
    ):
        if there != expected and not (pd.isna(expected) and there == ""):
            raise AblateError(
                f"{path}: cannot be measured as its run was: the {what} is {there} here, but {expected} in the table"
            )
    shape = (config.evaluation_samples, config.latent_size)
    latent = Noise([config.seed], "evaluation latent", shape, "normal", generator.dtype, torch.device("cpu")).take(0, 1)
    labels = dataset.asked_labels(config.evaluation_samples) if generator.n_classes else None
    samples = generator(latent[0, 0], labels).double()
    return evaluate(samples, labels, reference, True, config.by_name(), names)
