"""What the files are called in which runs leave their generators; knows nothing of PyTorch, so that a driver can ask."""

from __future__ import annotations

from pathlib import Path

BEST, LAST, AVERAGE = "best", "last", "ema"
"""A run's generators: that of the lowest fid at an evaluation, that of the end, and the moving average of the weights there"""


def ending(which: str) -> str:
    """What follows the run_id in the name of such a file."""
    return f".{which}.safetensors"


def generator_path(folder: Path, run_id: str, which: str) -> Path:
    """Where a run's best, last or averaged generator lies."""
    return folder / f"{run_id}{ending(which)}"
