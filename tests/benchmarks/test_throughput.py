"""python -m benchmarks.throughput leaves a table and a plot, and says what it could not measure."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from ablate.errors import UsageError
from ablate.report import speed
from ablate.training.compiled import Flops
from benchmarks import throughput
from benchmarks.measure import Times, in_turn, operations
from benchmarks.plain.toy import toy
from benchmarks.workloads import WORKLOADS

ROOT = Path(__file__).parents[2]
ASKED = [
    "workload", "device", "threads", "members", "plain_s", "stacked_s", "ratio", "ratio_low", "ratio_high", "peak_share",
]  # fmt: skip
TINY = ["--workloads", "toy_3x64", "--threads", "1", "--seconds", "0.05"]


@pytest.fixture(autouse=True)
def _same_threads_after():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_the_command_writes_a_table_whose_numbers_belong_together(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.throughput", *TINY, "--members", "1,2", "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(tmp_path / "throughput.csv")
    assert list(table.columns[:10]) == ASKED
    assert table["members"].tolist() == [1, 2]
    assert (table["threads"] == 1).all()
    assert (table["loss_difference"] < 1e-12).all()
    for _, row in table.iterrows():
        assert row["ratio"] == pytest.approx(row["plain_s"] / row["stacked_s"], rel=1e-3)
        assert row["ratio_low"] <= row["ratio_high"]
        assert 0 < row["peak_share"] < 1
    assert (tmp_path / "throughput.png").read_bytes().startswith(b"\x89PNG")


def test_a_point_measured_again_replaces_its_row_and_leaves_the_others(tmp_path: Path) -> None:
    assert throughput.main([*TINY, "--members", "1,2", "--out", str(tmp_path)]) == 0
    first = speed.read(tmp_path / "throughput.csv")
    assert throughput.main([*TINY, "--members", "2,3", "--out", str(tmp_path)]) == 0
    second = speed.read(tmp_path / "throughput.csv")
    assert first is not None
    assert second is not None
    assert second["members"].tolist() == [1, 2, 3]
    assert second["stacked_s"][0] == first["stacked_s"][0]
    assert second["stacked_s"][1] != first["stacked_s"][1]


def test_a_workload_without_its_architecture_is_skipped_with_a_line(tmp_path: Path, capsys, monkeypatch) -> None:
    known = WORKLOADS["toy_3x64"]
    monkeypatch.setitem(known.settings, "architecture", "of_tomorrow")
    assert throughput.main([*TINY, "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "toy_3x64: skipped: architecture of_tomorrow is not registered\n"
    assert not list(tmp_path.iterdir())


def test_a_workload_that_disagrees_is_not_measured_and_the_exit_code_says_so(
    tmp_path: Path, capsys, monkeypatch
) -> None:
    monkeypatch.setitem(WORKLOADS["toy_3x64"].settings, "lambda_gp", 0.2)
    assert throughput.main([*TINY, "--out", str(tmp_path)]) == 1
    assert "do not train the same thing" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--workloads", "toy_3x46"], "did you mean 'toy_3x64'"),
        (["--members", "0"], "--members: '0'"),
        (["--members", "few"], "expected positive whole numbers and auto"),
        (["--threads", "0"], "must be positive"),
        (["--seconds", "-1"], "must be positive"),
        (["--seconds", "nan"], "must be positive"),
    ],
)
def test_a_wrong_flag_is_one_message(flags: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        throughput.main(flags)


def test_compiled_steps_are_measured_too(tmp_path: Path, monkeypatch) -> None:
    real = torch.compile  # without the C++ compiler, which not every machine has
    monkeypatch.setattr(torch, "compile", lambda f, **how: real(f, **how, backend="aot_eager"))
    assert throughput.main([*TINY, "--members", "2", "--compile", "on", "--out", str(tmp_path)]) == 0
    table = speed.read(tmp_path / "throughput.csv")
    assert table is not None
    assert table["compiled"].tolist() == [True]


def test_the_two_are_timed_in_turn() -> None:
    calls: list[str] = []

    def work(name: str):
        def run(steps: int) -> None:
            calls.append(name)
            time.sleep(0.001 * steps)

        return run

    times = in_turn(work("plain"), work("stacked"), 0.1, torch.device("cpu"), members=4)
    assert calls[4:] == ["plain", "stacked"] * len(times.plain)
    assert 3 <= len(times.plain) <= 9
    assert times.ratio == pytest.approx(4, rel=0.5)  # the same time, for four runs


def test_the_spread_is_over_rounds_and_the_ratio_of_medians() -> None:
    times = Times([1.0, 2.0, 9.0], [1.0, 0.5, 3.0])
    assert (times.ratio, times.ratio_low, times.ratio_high) == (2.0, 1.0, 4.0)


def test_operations_are_those_of_the_products() -> None:
    a, b = torch.randn(3, 5), torch.randn(5, 7)
    assert operations(lambda steps: torch.mm(a, b)) == 2 * 3 * 5 * 7
    loop = toy(8, 2, batch_size=4)
    x = torch.randn(4, 2)
    with FlopCounterMode(display=False) as reference:
        loop.critic(x).mean().backward()
    with Flops() as counter:
        loop.critic(x).mean().backward()
    assert counter.total == reference.get_total_flops() > 0


def test_operations_count_the_penaltys_second_derivative() -> None:
    """A linear score w·x has the gradient w everywhere: per sample, its penalty costs a product forward and back."""
    x = torch.randn(4, 3, requires_grad=True)
    linear = torch.nn.Linear(3, 1)

    def penalty(steps: int) -> None:
        (slope,) = torch.autograd.grad(linear(x).sum(), x, create_graph=True)
        slope.square().sum().backward()

    assert operations(penalty) == 3 * 2 * 4 * 3  # the score, its gradient, and the gradient of that to the weights
