"""What a training must know before it begins and needs PyTorch for: the device, the real data, which runs train together."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ablate import registry
from ablate.config.run_config import RunConfig
from ablate.errors import AblateWarning, UsageError
from ablate.execution.options import DEVICES, Options
from ablate.execution.planner import COHORT_SIZE, CohortPlan, plan
from ablate.results import provenance
from ablate.study.study import Run


@dataclass(frozen=True)
class RealData:
    """A dataset as a training finds it."""

    fingerprint: str
    pictures: np.ndarray
    """samples of it, as runs keep theirs"""


@dataclass(frozen=True)
class Prepared:
    """What is known before the training."""

    device: str
    """cpu or cuda"""
    device_name: str
    plans: list[CohortPlan]
    real: dict[str, RealData]
    """by the study's names of its datasets"""


def prepare(
    options: Options,
    device: str,
    missing: Sequence[Run],
    begun: Iterable[Sequence[str]],
    datasets: Mapping[str, RunConfig],
) -> Prepared:
    """Look at the device and the data, and group the runs; `begun` as in `plan`, `datasets` names a run of each.

    Missing data, or images without the classifier that they need, are found here, before anything is trained.
    """
    local = options.backend == "local"
    chosen = choose_device(device) if local else device
    real = {label: _real(config) for label, config in datasets.items()}
    plans = plan(missing, begun, _most_members(options, chosen))
    _look_for_inception(options.inception)
    name = _device_name(chosen) if local else f"{chosen} of a Ray cluster"
    return Prepared(chosen, name, plans, real)


def prepare_elsewhere(plugins: Sequence[str], *arguments: Any) -> Prepared:
    """`prepare` in another process, which has not loaded the plugins yet."""
    for plugin in plugins:
        registry.load_plugin(plugin)
    return prepare(*arguments)


def choose_device(wanted: str) -> str:
    """auto, cpu or cuda → cpu or cuda; UsageError where there is no such device."""
    import torch

    if wanted not in DEVICES:
        raise UsageError(f"--device {wanted}: unknown device, expected one of: {', '.join(DEVICES)}")
    if wanted == "cuda" and not torch.cuda.is_available():
        raise UsageError(
            "--device cuda: PyTorch finds no CUDA device here; use --device cpu, or install its CUDA build"
        )
    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return wanted


def shared_out(device: str, workers: int | None, cohorts: int) -> tuple[int, int]:
    """How many worker processes train, and the threads of each; on a CPU one worker a core, unless told otherwise."""
    cores = provenance.cores()
    count = workers or (1 if device == "cuda" else max(1, min(cores, cohorts)))
    return count, max(1, cores // count)


def _most_members(options: Options, device: str) -> Callable[[Sequence[RunConfig]], int]:
    if size := options.cohort_size:
        return lambda configs: size
    if options.backend != "local":  # what trains there cannot be timed here
        return lambda configs: COHORT_SIZE
    from ablate.execution.cohort_size import automatic

    _, threads = shared_out(device, options.workers, provenance.cores())
    return automatic(device, threads)


def _real(config: RunConfig) -> RealData:
    from ablate.datasets import dataset_of
    from ablate.metrics.features import extractor_for
    from ablate.training.sampling import KEPT_IMAGES, KEPT_POINTS, as_pictures

    dataset = dataset_of(config)
    extractor_for(dataset)
    count = KEPT_POINTS if len(dataset.shape) == 1 else KEPT_IMAGES
    return RealData(dataset.fingerprint, as_pictures(dataset.reference(count, seed=0)[0]))


def _look_for_inception(weights: Path | None) -> None:
    if weights is None:
        return
    from ablate.metrics.inception import why_missing

    if reason := why_missing(weights):
        warnings.warn(reason, AblateWarning, stacklevel=2)


def _device_name(device: str) -> str:
    if device == "cpu":
        return "cpu"
    import torch

    return str(torch.cuda.get_device_name())
