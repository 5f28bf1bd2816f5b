"""A whole study with tables, curves and samples, made by simulation: nothing here was measured."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "claims"))
