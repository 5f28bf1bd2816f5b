"""What every worker process needs, imported once before they are forked (ablate.execution.backends.processes); only for that."""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import sys


def _end_at_once(own: int) -> None:
    """End this process, not those forked from it, without what Python and libraries do, and print, when they take leave.

    It holds nothing. Some versions of Triton list there all that they know.
    """
    if os.getpid() == own:
        os._exit(0)


if any("multiprocessing.forkserver" in argument for argument in sys.orig_argv):
    atexit.register(_end_at_once, os.getpid())

with contextlib.suppress(Exception):  # what cannot be imported fails again in the processes, which can say so
    import torch._dynamo  # noqa: F401  torch.func.grad takes 1.5 s for it at its first call

    import ablate.execution.preparation
    import ablate.execution.worker  # noqa: F401

gc.freeze()  # what a collection would touch, each process would get a copy of
