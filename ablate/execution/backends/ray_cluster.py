"""Becoming a driver of a Ray cluster; an address that is none of one's, or cannot be used from here, is told in seconds."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ablate.errors import AblateError, UsageError
from ablate.files.data_folder import DATA_VARIABLE

CONNECT_SECONDS = 5.0
"""How long to wait for the head's machine to answer; Ray itself waits for minutes, and says little"""
PATIENCE = {"RAY_gcs_server_request_timeout_seconds": "10", "RAY_gcs_server_port_wait_time_s": "5"}
"""How long Ray looks for a node on this machine (read when it is imported), and for its head (when it connects)"""


@contextmanager
def connected(address: str | None) -> Iterator[None]:
    """Be a driver of the cluster at `address`, of the one that RAY_ADDRESS names, or of one started here."""
    named = address or os.environ.get("RAY_ADDRESS", "")
    with _impatient(named not in ("", "auto", "local")):
        try:
            import grpc  # noqa: F401
            import ray
        except ImportError as error:
            raise UsageError(f"--backend ray needs the package {error.name}: pip install 'ablate[ray]'") from error
        if not (there := ray.is_initialized()):
            reach(named)
            variables = variables_of_nodes()
            try:
                ray.init(address, runtime_env={"env_vars": variables}, log_to_driver=False, logging_level=logging.ERROR)
            except (OSError, ValueError, RuntimeError, ray.exceptions.RayError) as error:
                raise AblateError(_unusable(named, error)) from error
    try:
        yield
    finally:
        if not there:
            ray.shutdown()


def _unusable(address: str, error: BaseException) -> str:
    """Ray's own message says no more than that it failed; what it failed of is the innermost error's."""
    while error.__cause__ is not None:
        error = error.__cause__
    reason = reason_of(error)
    if "No node info found" in reason:
        return (
            f"the Ray cluster at {address} has no node on this machine; `ray start --address {address}` makes this machine "
            "one of the cluster"
        )
    if not address:
        return f"no Ray cluster on this machine: {reason}; start one with `ray start --head`"
    return f"no Ray cluster that can be used at {address}: {reason}; start one with `ray start --head`"


def reason_of(error: BaseException) -> str:
    """The error's kind and the last line of what it says: Ray's messages begin with where, and end with why."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return ": ".join([type(error).__name__, *lines[-1:]])


def variables_of_nodes() -> dict[str, str]:
    """Environment variables that workers have from the driver; theirs is another folder, so the path is absolute."""
    return {DATA_VARIABLE: str(Path(os.environ[DATA_VARIABLE]).resolve())} if os.environ.get(DATA_VARIABLE) else {}


@contextmanager
def _impatient(named: bool) -> Iterator[None]:
    """Ray gives up sooner on a cluster that was named; one that is started here has the time it takes."""
    added = {name: value for name, value in PATIENCE.items() if named and name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


def reach(address: str) -> None:
    """AblateError where no head answers at host:port; UsageError where the address is not one of a cluster's head."""
    if address in ("", "auto", "local"):
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or "/" in host:
        raise UsageError(
            f"--address {address}: expected host:port of the head, as head:6379; `ablate run` itself is called on a machine "
            "of the cluster"
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
    except (OSError, OverflowError, UnicodeError) as error:
        raise AblateError(
            f"no Ray cluster at {address}: {getattr(error, 'strerror', None) or error}; start one with "
            f"`ray start --head --port {port}`"
        ) from error
    if not _speaks_grpc(address):
        raise AblateError(
            f"no Ray cluster at {address}: what answers there is no head of one; its port is that of `ray start --head "
            "--port`, 6379 unless told otherwise"
        )


def _speaks_grpc(address: str) -> bool:
    """Whether a gRPC server answers, as Ray's head is one. With TLS it answers only clients with a certificate: not asked."""
    if os.environ.get("RAY_USE_TLS", "0") not in ("0", ""):
        return True
    import grpc

    with grpc.insecure_channel(address) as channel:
        try:
            grpc.channel_ready_future(channel).result(timeout=CONNECT_SECONDS)
        except grpc.FutureTimeoutError:
            return False
    return True
