"""ablate: settles, by experiment, what is claimed about training GANs.

>>> import ablate
>>> study = ablate.load_study("studies/gp_vs_clip.yaml")
>>> results = ablate.run(study)          # trains what is missing in runs/gp_vs_clip
>>> results.runs                         # a pandas DataFrame, a row a run
>>> generator = ablate.load_generator("runs/gp_vs_clip/generators/0123456789abcdef.best.safetensors")
>>> generator.sample(64)                 # a tensor
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ablate.api import run as run
    from ablate.networks.generator_file import load_generator as load_generator
    from ablate.registry import register as register
    from ablate.results.tables import Results as Results
    from ablate.study.load import load_study as load_study

_HOMES = {
    "load_generator": "ablate.networks.generator_file",
    "load_study": "ablate.study.load",
    "register": "ablate.registry",
    "Results": "ablate.results.tables",
    "run": "ablate.api",
}

__all__ = ["Results", "load_generator", "load_study", "register", "run"]


def __getattr__(name: str) -> Any:
    """Imports on first use: `import ablate` alone loads neither torch nor pandas."""
    if name not in _HOMES:
        raise AttributeError(f"module 'ablate' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
