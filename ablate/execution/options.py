"""How a study is run: the one list of options of `ablate run` and `ablate.run`, from the command line to the worker.

What a study gives does not depend on them, but for rounding. A new option is a field here, or in TrainingOptions, and the
place that uses it: its flag is derived (ablate.commands.option_flags), and every task carries all options.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ablate.config.option import option, read_options, refuse_unknown
from ablate.errors import UsageError
from ablate.training.options import TrainingOptions

CHECKPOINTS, GENERATORS = "checkpoints", "generators"
"""Folders beside the tables. These and the frames stay with the user's own runs: `promote` does not copy them."""
DEVICES = ("auto", "cpu", "cuda")
Backend = Literal["local", "ray"]


@dataclass(frozen=True)
class Options(TrainingOptions):
    """Options that go together are checked when they are made, for a dry run as for a run."""

    folder: Path
    """of the tables"""
    device: str = option("auto", "auto, cpu or cuda")
    workers: int | None = option(None, "worker processes; default: one a core", least=1, most=256)
    retry_failed: bool = option(False, "train failed runs again")
    cohort_size: int | None = option(
        None, "runs that train stacked, at most; default: measured", "--cohort", least=1, most=4096
    )
    tensorboard: Path | None = option(
        None,
        "write TensorBoard files of each run to DIR/<study>/<dataset>/<arm>/seed<k>, when its cohort ends; "
        "runs that are in the tables already get theirs at once",
        metavar="DIR",
    )
    storage: str | None = option(
        None, "of a tpe search on several machines: postgresql://user@host/database", metavar="URL"
    )
    features: str = option("", "inception: fid with its features too, at each run's end")
    inception_weights: Path | None = option(None, "default: where pytorch-fid keeps them")
    backend: Backend = option("local", "processes of this machine, or a Ray cluster")
    address: str | None = option(None, "of the Ray cluster, as head:6379; default: $RAY_ADDRESS, or one started here")
    gpu_share: float = option(1.0, "with ray: of a GPU, for each cohort", least=0.01, most=1)
    measure_missing: bool = option(False, "measure metrics registered after the runs, from generators they kept")
    command: str = ""
    """what was typed, for the records"""

    def __post_init__(self) -> None:
        read_options(self)
        if self.device not in DEVICES:
            raise UsageError(f"--device {self.device}: unknown device, expected one of: {', '.join(DEVICES)}")
        if self.features not in ("", "classifier", "inception"):
            raise UsageError(f"--features {self.features}: expected classifier (as without it) or inception")
        weights = self.inception_weights
        if weights is not None and self.features != "inception":
            raise UsageError(f"--inception-weights {weights} has no effect without --features inception")
        if self.backend == "local" and (self.address is not None or self.gpu_share != 1):
            raise UsageError("--address and --gpu-share have no effect without --backend ray")

    @classmethod
    def of(cls, folder: Path, **given: Any) -> Options:
        """Options by their names, as a script gives them; UsageError for an unknown one, with the nearest."""
        refuse_unknown(cls, given)
        return cls(folder, **given)

    @property
    def checkpoints(self) -> Path:
        """The folder of the cohorts' checkpoints."""
        return self.folder / CHECKPOINTS

    @property
    def generators(self) -> Path:
        """The folder of the runs' generators."""
        return self.folder / GENERATORS

    @property
    def inception(self) -> Path | None:
        """Inception's weights, where fid with its features is asked for too."""
        if self.features != "inception":
            return None
        from ablate.metrics.inception import usual_path

        return self.inception_weights or usual_path()
