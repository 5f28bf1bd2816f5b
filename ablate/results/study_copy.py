"""The study file that is kept beside its tables, with the files that its claims rest on, so that the folder is whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ablate.files import whole_files
from ablate.results.tables import STUDY

if TYPE_CHECKING:
    from ablate.study.study import Study


def write_study(folder: Path, study: Study) -> None:
    """Write them; the files lie there as they lie beside the study file."""
    whole_files.write_text(folder / STUDY, study.text)
    for name in study.files:
        whole_files.copy(study.path.parent / name, folder / name)
