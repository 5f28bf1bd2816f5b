"""The size of a cohort is measured once, and then remembered."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ablate.config.run_config import RunConfig
from ablate.execution import cohort_size
from ablate.execution.cohort_size import CACHE, SIZES, automatic, fastest


def configs(count: int, width: int = 4, steps: int = 10**9) -> list[RunConfig]:
    base = {"dataset": "ring8", "width": width, "batch_size": 4, "n_critic": 1, "evaluations": 1}
    base["generator_steps"] = steps
    return [RunConfig.model_validate({**base, "seed": seed}) for seed in range(count)]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "ablate" / CACHE


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes that were timed since."""
    sizes: list[int] = []
    measure = cohort_size._seconds

    def seconds(runs: list[RunConfig], device: torch.device, threads: int) -> float:
        sizes.append(len(runs))
        return measure(runs, device, threads)

    monkeypatch.setattr(cohort_size, "_seconds", seconds)
    return sizes


def test_the_smallest_of_equally_fast_sizes_is_taken() -> None:
    assert fastest((8, 16, 32), {8: 2.0, 16: 1.04, 32: 1.0}.__getitem__) == 16
    assert fastest((8, 16, 32), {8: 2.0, 16: 1.5, 32: 1.0}.__getitem__) == 32
    assert fastest((8, 16), {8: 1.0, 16: 3.0}.__getitem__) == 8


def test_sizes_beyond_one_that_is_much_slower_are_not_timed() -> None:
    assert fastest((1, 4, 16), {1: 1.0, 4: 1.3}.__getitem__) == 1


def test_sizes_that_do_not_fit_into_memory_are_left_out_and_other_errors_are_not_hidden() -> None:
    def seconds(size: int) -> float:
        if size > 16:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return 1 / size

    assert fastest((8, 16, 32, 64), seconds) == 16
    with pytest.raises(torch.OutOfMemoryError):
        fastest((32, 64), seconds)
    with pytest.raises(RuntimeError, match="shapes"):
        fastest((8, 16), lambda size: 1.0 if size == 8 else (_ for _ in ()).throw(RuntimeError("shapes differ")))


def test_a_structure_is_timed_once_on_a_machine(cache: Path, timed: list[int]) -> None:
    size = automatic("cpu", 1)(configs(40))
    assert size in SIZES["cpu"]
    assert size in timed
    times = len(timed)
    assert automatic("cpu", 1)(configs(50)) == size
    assert len(timed) == times, "it is remembered"
    automatic("cpu", 1)(configs(40, width=5))
    assert len(timed) > times, "another structure"
    times = len(timed)
    cache.write_text("{")
    automatic("cpu", 1)(configs(40))
    assert len(timed) > times, "an unreadable memory is measured again"
    times = len(timed)
    automatic("cpu", 1)(configs(40))
    assert len(timed) == times


def test_what_trains_in_a_moment_trains_together_without_a_measurement(cache: Path, timed: list[int]) -> None:
    assert automatic("cpu", 1)(configs(10, steps=5)) >= 10
    assert automatic("cpu", 1)(configs(1)) >= 1
    assert not timed
    assert not cache.exists()


def test_a_component_that_raises_is_left_to_fail_in_its_cohort(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    def broken(*_: object) -> float:
        raise ArithmeticError("no such sum")

    monkeypatch.setattr(cohort_size, "_seconds", broken)
    assert automatic("cpu", 1)(configs(40)) == cohort_size.UNMEASURED["cpu"]
