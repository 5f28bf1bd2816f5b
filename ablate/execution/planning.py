"""What a call would train, on what and with what: decided in one place, for a dry run as for a run."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from ablate.errors import AblateWarning, UsageError
from ablate.execution.backends.processes import run_in_process
from ablate.execution.options import Options
from ablate.execution.preparation import Prepared, prepare, prepare_elsewhere, shared_out
from ablate.execution.recorder import Trainer
from ablate.registry import MAIN, sources
from ablate.study.study import Run, Study
from ablate.training.checkpoint_files import run_ids_in


@dataclass(frozen=True)
class Planning:
    """Cohorts, device and workers of one call."""

    options: Options
    """as given, but for what the script's own components forbid"""
    prepared: Prepared
    trainer: Trainer

    @property
    def trains_here(self) -> bool:
        """Whether this process itself trains."""
        return _trains_here(self.options, self.prepared.device)


@contextmanager
def planned(study: Study, options: Options, missing: Sequence[Run]) -> Iterator[Planning]:
    """Plan the training of these runs; within the block, a cluster that is to train them is connected.

    The options, the device and the data are checked; how many runs train together is measured where that pays.
    """
    weights = options.inception_weights
    if weights is not None and not weights.is_file():
        raise UsageError(f"--inception-weights {weights}: no such file")
    if options.backend == "local":
        yield _planning(study, _with_own_components(options), missing, options.device)
        return
    if MAIN in sources():
        raise UsageError(
            "the script itself registers components, which Ray's nodes cannot have; put them into a module that it imports"
        )
    from ablate.execution.backends.ray_backend import device_of_cluster
    from ablate.execution.backends.ray_cluster import connected

    with connected(options.address):
        yield _planning(study, options, missing, device_of_cluster(options.device, options.gpu_share))


def _with_own_components(options: Options) -> Options:
    """With one worker where the script itself registers components, for no other process has them."""
    if MAIN not in sources():
        return options
    if options.workers not in (None, 1):
        warnings.warn(
            "the script itself registers components, which no worker has: it trains alone", AblateWarning, stacklevel=2
        )
    return replace(options, workers=1)


def _planning(study: Study, options: Options, missing: Sequence[Run], device: str) -> Planning:
    """Prepared in a process of its own where other processes train too, so that this one need not hold PyTorch."""
    datasets = {run.dataset: run.config for run in reversed((study.whole or study).runs())}
    arguments = (options, device, missing, run_ids_in(options.checkpoints), datasets)
    here = _trains_here(options, device)
    prepared = prepare(*arguments) if here else run_in_process(prepare_elsewhere, sources(), *arguments)
    return Planning(options, prepared, _trainer(options, prepared))


def _trains_here(options: Options, device: str) -> bool:
    """Whether this process itself needs PyTorch, as far as `device`, a wish or what was chosen, says.

    --workers 1 asks for it, and another process for the one worker of a GPU would gain nothing.
    """
    return options.backend != "local" or options.workers == 1 or (device == "cuda" and not options.workers)


def _trainer(options: Options, prepared: Prepared) -> Trainer:
    if options.backend == "local":
        workers, threads = shared_out(prepared.device, options.workers, len(prepared.plans))
        return Trainer(prepared.device_name, workers, threads, options.command)
    from ablate.execution.backends.ray_backend import places

    workers = options.workers or places(prepared.device, 1, options.gpu_share)
    return Trainer(prepared.device_name, workers, 1, options.command)
