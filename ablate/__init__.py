"""ablate: settles, by experiment, what is claimed about training GANs.

>>> import ablate
>>> study = ablate.load_study("studies/gp_vs_clip.yaml")
>>> results = ablate.run(study)          # trains what is missing in runs/gp_vs_clip
>>> results.runs                         # a pandas DataFrame, a row a run
>>> generator = ablate.load_generator("runs/gp_vs_clip/generators/0123456789abcdef.best.safetensors")
>>> generator.sample(64)                 # a tensor
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ablate.networks.generator_file import load_generator as load_generator
    from ablate.registry import register as register
    from ablate.results.tables import Results as Results
    from ablate.study.study import load_study as load_study

__all__ = ["Results", "load_generator", "load_study", "register", "run"]

_HOMES = {
    "load_generator": "ablate.networks.generator_file",
    "load_study": "ablate.study.study",
    "register": "ablate.registry",
    "Results": "ablate.results.tables",
}


def __getattr__(name: str) -> Any:
    """Imports on first use: `import ablate` alone loads neither torch nor pandas."""
    if name not in _HOMES:
        raise AttributeError(f"module 'ablate' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def run(study: Any, out: Path | str | None = None, **options: Any) -> Results:
    """Train a study's missing runs and give its tables.

    `study` is a Study or a study file's path; `out` is the folder of the tables (runs/<study>); `options` are those of
    `ablate.execution.job.Options`: device, workers, retry_failed, checkpoint_seconds, cohort_size,
    keep_checkpoints, tensorboard. Where the script itself registers components, it trains alone; those of modules that it
    imports are in worker processes too.
    """
    from ablate.execution.display import display
    from ablate.execution.job import Options, run_study
    from ablate.study.study import load_study

    loaded = load_study(study) if isinstance(study, str | Path) else study
    folder = Path(out) if out is not None else Path("runs") / loaded.name
    return run_study(loaded, Options(folder, **options), display(quiet=False)).results
