"""How many runs should train together: measured once for each structure and device, and then remembered.

A step of a cohort costs a fixed part, which more members share, and a part for each member, which grows when the members no
longer fit into a cache or, on a GPU, fill it. So a few sizes are timed, uncompiled, and the smallest that is about as fast
as the fastest is taken: smaller cohorts lose less when they are lost, and occupy more workers. What trains in less than a
minute is not worth it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from ablate.config.run_config import RunConfig
from ablate.datasets import dataset_of
from ablate.errors import AblateError
from ablate.files.data_folder import cache_folder
from ablate.files.whole_files import write_text
from ablate.networks.pair import build
from ablate.results import provenance
from ablate.training.cohort import Cohort
from ablate.training.compiled import EAGER_FLOPS, most_flops, step_flops

SIZES = {"cpu": (1, 4, 16, 32), "cuda": (8, 32, 128, 512, 2048)}
"""What is tried, upward, until a size is much slower than the best"""
UNMEASURED = {"cpu": 32, "cuda": 512}
WORTH_SECONDS = 60.0
"""Of eager training on one core or GPU, about, below which nothing is timed"""
TIMED_SECONDS, ROUNDS = 0.1, 3
TOLERANCE, MUCH = 1.05, 1.25
"""Up to so many times the fastest counts as equally fast; from so many times on as much slower"""
CACHE = "cohort_sizes.json"


def automatic(device: str, threads: int) -> Callable[[Sequence[RunConfig]], int]:
    """→ a function that gives the members of a cohort at most, for runs of one structure."""
    return lambda configs: _size(configs, device, threads)


def _size(configs: Sequence[RunConfig], device: str, threads: int) -> int:
    sizes = sorted({min(size, len(configs)) for size in SIZES[device]})
    try:
        return UNMEASURED[device] if len(sizes) < 2 else _measured(configs, sizes, device, threads)
    except AblateError:
        raise
    except Exception:  # of a component, which will fail its cohort in the same way, with the reason in the table
        return UNMEASURED[device]


def _measured(configs: Sequence[RunConfig], sizes: Sequence[int], device: str, threads: int) -> int:
    if _work(configs, device) < WORTH_SECONDS:
        return UNMEASURED[device]
    path = cache_folder() / CACHE
    known, key = _read(path), _key(configs[0], device, threads, sizes[-1])
    if key not in known:
        known[key] = fastest(sizes, lambda size: _seconds(configs[:size], torch.device(device), threads))
        write_text(path, json.dumps(known, indent=1, sort_keys=True))
    return known[key]


def _work(configs: Sequence[RunConfig], device: str) -> float:
    """Seconds that these runs take, roughly, by counted operations: no clock decides whether to use the clock."""
    first = configs[0]
    dataset = dataset_of(first)
    pair = build(first, dataset.shape, dataset.n_classes, 1)
    count = len(configs) * first.total_generator_steps / EAGER_FLOPS[device]
    most = most_flops(configs[:1], pair, dataset.shape) * count
    return most if most < WORTH_SECONDS else step_flops(configs[:1], pair, dataset.shape) * count


def fastest(sizes: Sequence[int], seconds: Callable[[int], float]) -> int:
    """The smallest size about as fast, by seconds for a step of a run, as the fastest; sizes that do not fit are left out."""
    timed: dict[int, float] = {}
    for size in sizes:
        try:
            timed[size] = seconds(size)
        except (RuntimeError, MemoryError) as error:
            if not timed or not (isinstance(error, torch.OutOfMemoryError | MemoryError) or "memory" in str(error)):
                raise
            break
        if timed[size] > MUCH * min(timed.values()):
            break
    best = min(timed.values())
    return next(size for size, of_a_step in timed.items() if of_a_step <= TOLERANCE * best)


def _seconds(configs: Sequence[RunConfig], device: torch.device, threads: int) -> float:
    """For a generator step of one of them, the least of some rounds."""
    before = torch.get_num_threads()
    torch.set_num_threads(min(threads, before))
    try:
        cohort = Cohort(configs, dataset_of(configs[0]), device)
        began = time.perf_counter()
        cohort.advance(1)  # copies its results to the CPU, hence waits for the device
        count = max(1, int(TIMED_SECONDS / (time.perf_counter() - began)))
        rounds = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            cohort.advance(count)
            rounds.append((time.perf_counter() - began) / count / len(configs))
        return min(rounds)
    finally:
        torch.set_num_threads(before)


def _key(config: RunConfig, device: str, threads: int, largest: int) -> str:
    name = torch.cuda.get_device_name() if device == "cuda" else f"{provenance.cpu()}, {threads} threads"
    return f"{name}; torch {torch.__version__}; {config.dataset} {config.structure}; up to {largest}"


def _read(path: Path) -> dict[str, int]:
    """What is remembered; nothing where the file is missing or no longer readable, for it can be measured again."""
    try:
        sizes: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return {str(key): int(size) for key, size in sizes.items() if int(size) > 0}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
