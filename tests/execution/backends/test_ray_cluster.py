"""An address that leads to no Ray cluster is told in seconds; a node finds what the driver names, and says why it failed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from ablate.config.run_config import RunConfig
from ablate.errors import AblateError
from ablate.execution.backends import ray_backend, ray_cluster
from ablate.execution.options import Options
from ablate.execution.planner import CohortPlan
from ablate.execution.task import Result, Task
from ablate.study.study import Run


@contextmanager
def answering(words: bytes) -> Iterator[str]:
    """The address of a server that says these words to whoever connects, and then nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            held = []
            with suppress(OSError):  # the server is closed, or the client has hung up
                while True:
                    connection, _ = server.accept()
                    held.append(connection)
                    connection.sendall(words)

        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"


grpc = pytest.importorskip("grpc")


@pytest.mark.parametrize("words", [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b""])
def test_what_answers_and_is_no_head_is_told_at_once(words: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_USE_TLS", raising=False)
    monkeypatch.setattr(ray_cluster, "CONNECT_SECONDS", 0.3)
    with answering(words) as address, pytest.raises(AblateError, match=f"^no Ray cluster at {address}: what answers"):
        ray_cluster.reach(address)


def test_a_server_of_the_kind_that_a_head_is_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_USE_TLS", raising=False)
    server = grpc.server(ThreadPoolExecutor(1))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        ray_cluster.reach(f"127.0.0.1:{port}")
    finally:
        server.stop(None)


def test_a_malformed_host_is_one_message() -> None:
    with pytest.raises(AblateError, match=r"^no Ray cluster at a\.\.b:1: "):
        ray_cluster.reach("a..b:1")


FAKE_RAY = """\
import os
names = ["RAY_gcs_server_request_timeout_seconds", "RAY_gcs_server_port_wait_time_s"]
seen = [os.environ.get(name) for name in names]

class exceptions:
    class RayError(Exception): pass

def is_initialized():
    return False

def init(*arguments, **more):
    print(*seen, *(os.environ.get(name) for name in names))
    {failing}
"""
CONNECT = """\
import os
from ablate.errors import AblateError
from ablate.execution.backends import ray_cluster
ray_cluster.reach = lambda address: None
try:
    with ray_cluster.connected({address!r}): pass
except AblateError as error:
    print(error)
print(any(name in os.environ for name in ray_cluster.PATIENCE))
"""


def connecting(folder: Path, address: str | None, failing: str) -> list[str]:
    """What is printed where Ray fails like this: its patience when it is imported and when it connects; the message."""
    (folder / "ray.py").write_text(FAKE_RAY.format(failing=failing))
    path = os.pathsep.join([str(folder), str(Path(ray_cluster.__file__).parents[3])])
    others = {k: v for k, v in os.environ.items() if not k.startswith("RAY_")}
    done = subprocess.run(
        [sys.executable, "-c", CONNECT.format(address=address)],
        capture_output=True, text=True, timeout=60, env={**others, "PYTHONPATH": path}, check=True,
    )  # fmt: skip
    return done.stdout.splitlines()


def test_ray_looks_only_for_seconds_and_then_the_message_says_what_to_do(tmp_path: Path) -> None:
    failing = """
    try:
        raise RuntimeError("No node info found matching attributes: '' when trying to resolve")
    except RuntimeError as error:
        raise ConnectionError("Failed to connect to Ray cluster at h:1") from error"""
    assert connecting(tmp_path, "h:1", failing) == [
        "10 5 10 5",
        "the Ray cluster at h:1 has no node on this machine; `ray start --address h:1` makes this machine one of the cluster",
        "False",
    ]


def test_a_cluster_that_is_started_here_has_the_time_it_takes(tmp_path: Path) -> None:
    lines = connecting(tmp_path, None, "raise exceptions.RayError()")
    assert lines == [
        "None None None None",
        "no Ray cluster on this machine: RayError; start one with `ray start --head`",
        "False",
    ]


def test_the_reason_is_the_last_line_of_a_long_message() -> None:
    error = RuntimeError(
        "Failed to connect to GCS. Last connection error: Traceback:\n  File x\nRpcError: no such method\n\n"
    )
    assert ray_cluster.reason_of(error) == "RuntimeError: RpcError: no such method"


# ── what the nodes are given, and what they say ─────────────────────────────────────────────────────────────────────


def task(folder: Path) -> Task:
    run = Run("gan", "ring8", RunConfig.model_validate({"dataset": "ring8", "generator_steps": 10}))
    options = Options(folder, backend="ray", features="inception", inception_weights=Path("weights.pth"))
    return Task(CohortPlan((run,)), "cpu", options)


def test_nodes_are_given_absolute_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ABLATE_DATA", "data")
    assert ray_cluster.variables_of_nodes() == {"ABLATE_DATA": str(tmp_path / "data")}
    there = ray_backend._resolved(task(Path())).options
    assert (there.checkpoints, there.inception) == (tmp_path / "checkpoints", tmp_path / "weights.pth")
    assert there.generators == tmp_path / "generators"
    assert [ray_backend._absolute(name) for name in ("mine/loss.py", "a_package.module")] == [
        str(tmp_path / "mine" / "loss.py"),
        "a_package.module",
    ]


def said_of(error: BaseException, task: Task) -> str:
    """What the tables say of a run whose task ended with this error of Ray's."""
    ray = pytest.importorskip("ray")
    results: list[Result] = []
    cohorts: Any = object.__new__(ray_backend._Cohorts)
    cohorts.on_result = results.append

    def get(reference: object) -> None:
        raise error

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ray, "get", get)
        cohorts._take(object(), task)
    [said] = results[0].errors.values()
    return said


def test_a_task_that_fails_on_its_node_says_why_and_one_that_dies_how_often(tmp_path: Path) -> None:
    exceptions = pytest.importorskip("ray.exceptions")
    cause = ModuleNotFoundError("No module named 'ablate'")
    place = {"proctitle": "ray::_train_there()", "pid": 7, "ip": "127.0.0.1"}
    failed = exceptions.RayTaskError("_train_there", "Traceback …", cause, **place)
    assert said_of(failed, task(tmp_path)) == "ModuleNotFoundError: No module named 'ablate'"
    assert said_of(failed.as_instanceof_cause(), task(tmp_path)) == "ModuleNotFoundError: No module named 'ablate'"
    assert said_of(exceptions.WorkerCrashedError(), task(tmp_path)).endswith("(3 tries)")
    assert "tries" not in said_of(exceptions.RuntimeEnvSetupError("no such package"), task(tmp_path))
