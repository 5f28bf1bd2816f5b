"""The study file that is kept beside its tables, with the files that its claims rest on, so that the folder is whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ablate.files import whole_files
from ablate.results.tables import STUDY

if TYPE_CHECKING:
    from ablate.study.study import Study


def write_study(folder: Path, study: Study) -> None:
    """Write them as they were read; the files lie there as they lie beside the study file."""
    whole_files.write_text(folder / STUDY, study.text)
    for name, content in study.files.items():
        whole_files.write_bytes(folder / name, content)


def is_written(folder: Path, study: Study) -> bool:
    """Whether they lie there, and are the same."""
    wanted = {STUDY: study.text.encode(), **study.files}
    return all((folder / name).is_file() and (folder / name).read_bytes() == held for name, held in wanted.items())


def asked_of(study: Study) -> dict[str, Any]:
    """What environment.json holds of the command line, so that `study_as_run` reads the study as it was run."""
    looks = {"looks": list(study.looks)} if study.looks else {}
    return {"overrides": list(study.overrides), "seeds": list(study.seeds), **looks}
