"""What every worker process needs, imported once before they are forked (ablate.execution.processes)."""

from __future__ import annotations

import gc

import ablate.execution.preparation
import ablate.execution.worker  # noqa: F401

gc.freeze()  # what a collection would touch, each process would get a copy of
