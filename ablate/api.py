"""What scripts and notebooks call: `ablate.run`; the rest is offered by the package as it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ablate.results.tables import Results
    from ablate.study.study import Study


def run(study: Study | Path | str, out: Path | str | None = None, **options: Any) -> Results:
    """Train a study's missing runs and give its tables.

    `study` is a Study or a study file's path; `out` is the folder of the tables (runs/<study>); `options` are those of
    `ablate run`, by the names of the fields of `ablate.execution.options.Options`, such as device, workers,
    retry_failed, cohort_size, arithmetic. UsageError for an unknown option or a wrong value.

    Where the script itself registers components, it trains alone; those of modules that it imports are in worker
    processes too.
    """
    from ablate.execution.display import display
    from ablate.execution.options import Options
    from ablate.search.batches import run_study
    from ablate.study.load import load_study

    loaded = load_study(study) if isinstance(study, str | Path) else study
    folder = Path(out) if out is not None else Path("runs") / loaded.name
    return run_study(loaded, Options.of(folder, **options), display(quiet=False)).results
