"""What every worker process needs, imported once before they are forked (ablate.execution.backends.processes); only for that."""

from __future__ import annotations

import contextlib
import gc

with contextlib.suppress(Exception):  # what cannot be imported fails again in the processes, which can say so
    import ablate.execution.preparation
    import ablate.execution.worker  # noqa: F401

gc.freeze()  # what a collection would touch, each process would get a copy of
