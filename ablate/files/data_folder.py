"""Where data sets that are not part of a package lie, or are downloaded to, and what ablate keeps for next time."""

from __future__ import annotations

import os
from pathlib import Path

DATA_VARIABLE = "ABLATE_DATA"


def data_folder() -> Path:
    """The folder that ABLATE_DATA names, or ~/.cache/ablate/data."""
    return Path(os.environ.get(DATA_VARIABLE) or cache_folder() / "data")


def cache_folder() -> Path:
    """The folder for what can be made again: ablate in XDG_CACHE_HOME, or in ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ablate"
