"""Where data sets that are not part of a package lie, or are downloaded to."""

from __future__ import annotations

import os
from pathlib import Path

DATA_VARIABLE = "ABLATE_DATA"


def data_folder() -> Path:
    """The folder that ABLATE_DATA names, or ~/.cache/ablate/data."""
    return Path(os.environ.get(DATA_VARIABLE) or Path.home() / ".cache" / "ablate" / "data")
