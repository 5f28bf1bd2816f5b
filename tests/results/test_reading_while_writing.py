"""Tables that are read while a run writes them are of one version, and no error comes of it."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from multiprocessing.synchronize import Event
from pathlib import Path

import pandas as pd
import pytest

from ablate.errors import UsageError
from ablate.files import whole_files
from ablate.results import checksums, consistent_read
from ablate.results.tables import CURVES, PROBES, RUNS, Results

READS = 300
RUN_IDS = [f"run{i}" for i in range(20)]


def version(number: int) -> tuple[list[dict[str, object]], ...]:
    """Rows, curves and probes that all hold the number."""
    row = {
        "study": "s", "dataset": "d", "arm": "a", "seed": 0, "status": "done", "error": "", "flags": "",
        "diverged_at": 0.0, "fid": float(number),
    }  # fmt: skip
    point = {"generator_step": 1, "critic_step": 1, "seconds": 0.1, "metric": "fid", "value": float(number)}
    probe = {"generator_step": 1, "probe": "p", "layer": "", "value": float(number)}
    return tuple([{"run_id": run_id, **values} for run_id in RUN_IDS] for values in (row, point, probe))


def write(folder: Path, number: int) -> None:
    results = Results.empty(folder)
    results.add(*version(number))
    results.write([])


def versions_in(results: Results) -> set[float]:
    assert len(results.runs) == len(results.curves) == len(results.probes) == len(RUN_IDS)
    return {*results.runs["fid"], *results.curves["value"], *results.probes["value"]}


def write_in_a_loop(folder: Path, stop: Event) -> None:
    number = 1
    while not stop.is_set():
        write(folder, number)
        number += 1


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Path]:
    """A folder in which another process replaces the tables all the time."""
    write(tmp_path, 0)
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    process = context.Process(target=write_in_a_loop, args=(tmp_path, stop))
    process.start()
    yield tmp_path
    stop.set()
    process.join(30)
    assert process.exitcode == 0


def test_every_read_is_of_one_version_while_another_process_writes(writer: Path) -> None:
    seen = set()
    while len(seen) < 3:  # until the writer is at work
        seen |= versions_in(Results.read(writer))
    for _ in range(READS):
        versions = versions_in(Results.read(writer))
        assert len(versions) == 1
        seen |= versions
    assert len(seen) > 10, "the writer hardly wrote"


def killed_after(folder: Path, tables_written: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Version 2 over version 1, by a process that is killed after so many tables."""
    whole, left = whole_files.replace, [1 + tables_written]

    def dies(path: Path, writer) -> None:  # type: ignore[no-untyped-def]
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        whole(path, writer)

    with monkeypatch.context() as patch:
        patch.setattr(whole_files, "replace", dies)
        with pytest.raises(KeyboardInterrupt):
            write(folder, 2)


def test_a_mixture_is_read_again_until_the_writer_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, 1)
    killed_after(tmp_path, 1, monkeypatch)
    waits = []

    def goes_on(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            write(tmp_path, 2)

    monkeypatch.setattr(consistent_read.time, "sleep", goes_on)
    assert versions_in(Results.read(tmp_path)) == {2.0}
    assert waits == [consistent_read.PAUSE_SECONDS] * 3


def test_a_mixture_that_a_killed_writer_left_is_read_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, 1)
    killed_after(tmp_path, 1, monkeypatch)
    monkeypatch.setattr(consistent_read.time, "sleep", lambda seconds: None)
    assert versions_in(Results.read(tmp_path)) == {1.0, 2.0}


def test_an_edited_table_is_refused_soon_and_the_advice_keeps_it_from_being_promoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, 1)
    path = tmp_path / RUNS
    path.write_text(path.read_text().replace(",1\n", ",2\n", 1))
    waits: list[float] = []
    monkeypatch.setattr(consistent_read.time, "sleep", waits.append)
    with pytest.raises(UsageError, match=r"runs\.csv:2: edited by hand") as raised:
        Results.read(tmp_path)
    assert len(waits) < consistent_read.TRIES_WITH_UNKNOWN
    assert "`ablate promote` refuses them" in str(raised.value)


def test_a_table_is_told_to_be_the_new_version_or_the_one_before(tmp_path: Path) -> None:
    write(tmp_path, 1)
    old = {name: (tmp_path / name).read_bytes() for name in (RUNS, CURVES, PROBES)}
    write(tmp_path, 2)
    known = checksums.read_checksums(tmp_path)
    for name, content in old.items():
        assert checksums.versions_of(name, (tmp_path / name).read_bytes(), known) == {0}
        assert checksums.versions_of(name, content, known) == {1}
        assert checksums.versions_of(name, b"other", known) == set()
    write(tmp_path, 2)
    same = checksums.read_checksums(tmp_path)
    assert checksums.versions_of(RUNS, (tmp_path / RUNS).read_bytes(), same) == {0, 1}


def test_read_or_empty_gives_tables_without_rows_where_there_are_none(tmp_path: Path) -> None:
    assert isinstance(Results.read_or_empty(tmp_path).runs, pd.DataFrame)
    assert len(Results.read_or_empty(tmp_path / "nowhere").runs) == 0
    write(tmp_path, 1)
    assert len(Results.read_or_empty(tmp_path).runs) == len(RUN_IDS)
