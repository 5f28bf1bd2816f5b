"""Several drivers share one search through a real PostgreSQL server: no draw is made twice, none is lost.

The server is started for these tests, from Debian's package `postgresql`; without it they are skipped.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ablate.errors import AblateError
from ablate.execution.display import Quiet
from ablate.execution.options import Options
from ablate.results.tables import Results
from ablate.search import batches as search_module
from ablate.search.batches import run_study
from ablate.search.storage import SharedStorage
from tests.support.adaptive_searches import Trainer, table, tpe_study

pytest.importorskip("optuna")
PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.skipif(not PROGRAMS, reason="needs PostgreSQL: apt-get install postgresql"),
]


class Server:
    """A PostgreSQL server on a free port of this machine, run by the user postgres where the tests are root's."""

    def __init__(self, folder: Path):
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        if os.geteuid() == 0:  # the server refuses to be root's
            owner = pwd.getpwnam("postgres")
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        self.call("initdb", "-D", folder / "data", "-U", "tester", "--auth=trust")

    @property
    def url(self) -> str:
        return f"postgresql://tester@127.0.0.1:{self.port}/postgres"

    def call(self, program: str, *arguments: object) -> None:
        as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        command = [*as_user, str(PROGRAMS[-1].with_name(program)), *map(str, arguments)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self.folder, timeout=60)

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder} -c fsync=off"
        self.call("pg_ctl", "-D", self.folder / "data", "-w", "-l", self.folder / "log", "-o", options, "start")

    def stop(self) -> None:
        self.call("pg_ctl", "-D", self.folder / "data", "-m", "immediate", "stop")


@pytest.fixture
def server() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="ablate-pg"))  # short: a socket's path has a limit
    found = Server(folder)
    found.start()
    yield found
    found.stop()
    shutil.rmtree(folder)


def draws_of(*folders: Path) -> list[tuple[str, int]]:
    return sorted((row.arm, int(row.draw)) for folder in folders for row in table(folder).itertuples())


ALL = [(arm, number) for arm in ("gan", "wgan_gp") for number in range(20)]


def test_two_drivers_share_the_draws_and_one_that_was_stopped_goes_on(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study, here, there = tpe_study(tmp_path), tmp_path / "here", tmp_path / "there"

    def run(folder: Path, trainer: Trainer) -> dict[str, int]:
        monkeypatch.setattr(search_module, "train_missing", trainer)
        return run_study(study, Options(folder, storage=server.url), Quiet()).counts

    run(here, Trainer(most=5))  # stopped in its first batch
    other = Trainer()
    run(there, other)
    assert other.rounds == [12, 12, 4, 0]  # all but the twelve that `here` has taken
    assert "missing" not in run(here, Trainer())
    assert draws_of(here, there) == ALL
    assert len(table(here)) == 12
    assert set(table(here)["run_id"]).isdisjoint(table(there)["run_id"])


def test_drivers_that_start_at_the_same_moment_do_not_trip_over_each_other(server: Server, tmp_path: Path) -> None:
    study = tpe_study(tmp_path)
    with ThreadPoolExecutor(4) as pool:
        opened = list(pool.map(lambda name: SharedStorage(server.url, study, tmp_path / name), "abcd"))
    assert len({storage.driver for storage in opened}) == 4
    with opened[0].storage.engine.connect() as connection:  # and none of them waits for ever
        assert connection.exec_driver_sql("show statement_timeout").scalar() == "1min"
        used = connection.connection.driver_connection.info.get_parameters()
    assert (used["connect_timeout"], used["keepalives_idle"], used["tcp_user_timeout"]) == ("10", "10", "30000")


def test_outcomes_are_told_to_the_database(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import optuna

    study, folder = tpe_study(tmp_path), tmp_path / "t"
    monkeypatch.setattr(search_module, "train_missing", Trainer())
    run_study(study, Options(folder, storage=server.url), Quiet())
    url = server.url.replace("postgresql://", "postgresql+psycopg://")
    trials = optuna.load_study(study_name="tuning/ring8/wgan_gp", storage=url).trials
    rows = table(folder).query("arm == 'wgan_gp'").sort_values("draw")
    assert [trial.value for trial in trials] == pytest.approx(list(rows["fid"]))
    assert {trial.state.name for trial in trials} == {"COMPLETE"}


def test_a_lost_connection_is_one_message_and_the_search_goes_on_after_it(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study, folder = tpe_study(tmp_path), tmp_path / "t"
    trainer = Trainer()

    def losing(*arguments: object) -> object:
        summary = trainer(*arguments)
        if len(trainer.rounds) == 1:
            server.stop()
        return summary

    monkeypatch.setattr(search_module, "train_missing", losing)
    with pytest.raises(AblateError, match="what was trained is in the tables: run the same command again"):
        run_study(study, Options(folder, storage=server.url), Quiet())
    assert len(table(folder)) == 12
    with pytest.raises(AblateError, match="run the same command again"):
        run_study(study, Options(folder, storage=server.url), Quiet())
    server.start()
    run_study(study, Options(folder, storage=server.url), Quiet())
    assert draws_of(folder) == ALL


def test_a_batch_that_was_asked_for_is_the_drivers_own_until_it_ends(server: Server, tmp_path: Path) -> None:
    study, folder = tpe_study(tmp_path), tmp_path / "t"
    results = Results.read_or_empty(folder)
    batches = [SharedStorage(server.url, study, folder).next_batch(study, results).proposed for _ in range(2)]
    assert batches[0] == batches[1]
    elsewhere = Results.read_or_empty(tmp_path / "other")
    other = SharedStorage(server.url, study, elsewhere.folder).next_batch(study, elsewhere).proposed
    assert not set(other["ring8", "gan"]) & set(batches[0]["ring8", "gan"])
