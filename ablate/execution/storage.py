"""Optuna's storages of a search: a journal that mirrors the tables, or a database that several machines propose from.

The journal is for looking at (`optuna-dashboard search.journal`); it is written anew wherever it disagrees with the
tables, and can be deleted. With a database, each machine trains what it has asked for, into a folder of its own.
"""

from __future__ import annotations

import math
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ablate.claims.draws import drawn
from ablate.claims.rows import StudyRows
from ablate.errors import AblateError, UsageError
from ablate.execution.proposals import Key, direction, keys_of, sampler, seed_of, told, used_parameters
from ablate.known_draws import with_draws, with_proposals
from ablate.optuna_space import distribution, draw_of, load_optuna
from ablate.search_space import Draw
from ablate.study import Study
from ablate.tables import Results

JOURNAL = "search.journal"
CONNECT_SECONDS = 10
"""How long to wait for the database's machine to answer"""
DRIVER = "driver"
"""The attribute of a trial that says which driver, on which machine, trains it"""


def check_storage(url: str | None, workers: int | None) -> None:
    """UsageError for a storage that several machines cannot share."""
    if url is None:
        return
    kind = url.partition(":")[0].partition("+")[0]
    if kind == "sqlite" and workers != 1:
        raise UsageError(
            f"--storage {hidden(url)}: SQLite locks its whole file, and Optuna loses trials when several workers write; "
            "use postgresql://…, or leave --storage out: on one machine the journal in the study's folder is enough"
        )
    if kind not in ("postgresql", "sqlite") or "://" not in url:
        raise UsageError(f"--storage {hidden(url)}: expected postgresql://user@host/database")


def hidden(url: str) -> str:
    """A URL without its password."""
    front, at, back = url.rpartition("@")
    scheme, slashes, user = front.partition("://")
    return f"{scheme}{slashes}{user.partition(':')[0]}@{back}" if at and slashes else url


class Journal:
    """A file that holds each draw as an Optuna trial; only a copy of what the tables say."""

    def __init__(self, path: Path):
        self.path = path

    def mirror(self, study: Study, results: Results) -> None:
        """Bring the file up to date; where it is missing, damaged or says something else, write it anew.

        The caller holds the folder's lock: so a lock of the journal that is there is a killed process's.
        """
        rows = StudyRows.of(study, results)
        Path(f"{self.path}.lock").unlink(missing_ok=True)
        try:
            if all(self._agrees(rows, key) for key in keys_of(study)):
                return
        except Exception:  # whatever is wrong with the file: it is made again
            pass
        self.path.unlink(missing_ok=True)
        for key in keys_of(study):
            self._open(rows.study, key).add_trials(self._trials(rows, key))

    def _open(self, study: Study, key: Key) -> Any:
        optuna = load_optuna()
        from optuna.storages.journal import JournalFileBackend

        assert study.search is not None
        storage = optuna.storages.JournalStorage(JournalFileBackend(str(self.path)))
        return optuna.create_study(
            storage=storage, study_name=name_of(study, key), direction=direction(study.search.better),
            load_if_exists=True,
        )  # fmt: skip

    def _trials(self, rows: StudyRows, key: Key) -> list[Any]:
        """Draws that ended as finished trials; those proposed as running ones."""
        from optuna.trial import TrialState

        there = set(rows.rows(*key)["draw"].astype(int))
        parameters, known = used_parameters(rows.study, key), rows.study.draws(*key)
        trials = told(rows, key, parameters, len(known) and max(known) + 1)
        for number, trial in zip(known, trials, strict=True):
            if number not in there:
                trial.state = TrialState.RUNNING
                trial.datetime_complete = None
        return trials

    def _agrees(self, rows: StudyRows, key: Key) -> bool:
        """Whether the file holds these trials, once those that ended since are told."""
        if not self.path.exists():
            return False
        from optuna.trial import TrialState

        study = self._open(rows.study, key)
        stored, wanted = study.get_trials(deepcopy=False), self._trials(rows, key)
        if len(stored) > len(wanted) or any(a.params != b.params for a, b in zip(stored, wanted, strict=False)):
            return False
        for each, want in zip(stored, wanted, strict=False):
            if each.state == TrialState.RUNNING != want.state:
                study.tell(each.number, want.value, want.state)
            elif each.state != want.state or each.value != want.value:
                return False
        study.add_trials(wanted[len(stored) :])
        return True


def name_of(study: Study, key: Key) -> str:
    """The Optuna study of a dataset and an arm."""
    return f"{study.name}/{key[0]}/{key[1]}"


class SharedStorage:
    """A database in which several drivers, each with a folder of its own, share one search.

    A trial's number is the draw's. A driver that is started again goes on with the trials that it has asked for.
    """

    def __init__(self, url: str, study: Study, folder: Path):
        self.url, self.driver = url, f"{socket.gethostname()}:{folder.resolve()}"
        self.elsewhere = 0
        """draws that other drivers have taken"""
        optuna = load_optuna()
        with self._connected():
            self.storage = optuna.storages.RDBStorage(_with_driver(url), engine_kwargs=_engine(url))

    @contextmanager
    def _connected(self) -> Iterator[None]:
        """What goes wrong with the database becomes one message."""
        try:
            yield
        except ImportError as error:
            raise UsageError(f"--storage {hidden(self.url)}: {error}; pip install 'ablate[search]'") from error
        except Exception as error:
            if not _of_the_database(error):
                raise
            reason = " ".join(str(error.__cause__ or error).split())
            raise AblateError(
                f"--storage {hidden(self.url)}: {reason}; what was trained is in the tables: run the same command again "
                "when the database can be reached"
            ) from error

    def next_batch(self, study: Study, results: Results) -> Study:
        """The study with its own draws that have rows, and those that this driver is to train next."""
        study = with_draws(study, results.runs)
        rows = StudyRows.of(study, results)
        self.elsewhere = 0
        with self._connected():
            return with_proposals(study, {key: self._proposed(rows, key) for key in keys_of(study)})

    def _proposed(self, rows: StudyRows, key: Key) -> dict[int, Draw]:
        optuna = load_optuna()
        study, search = rows.study, rows.study.search
        assert search is not None
        parameters = used_parameters(study, key)
        shared = optuna.create_study(
            storage=self.storage,
            study_name=name_of(study, key),
            direction=direction(search.better),
            load_if_exists=True,
        )
        there = set(rows.rows(*key)["draw"].astype(int))
        values = {each.number: each.value for each in drawn(rows, *key)}
        states = optuna.trial.TrialState
        proposed: dict[int, Draw] = {}
        trials = [each for each in shared.get_trials(deepcopy=False) if each.number < search.draws]
        for trial in trials:
            if trial.user_attrs.get(DRIVER) != self.driver:
                self.elsewhere += 1
            elif trial.number not in there:
                proposed[trial.number] = draw_of(trial.params, parameters)
            elif trial.state == states.RUNNING:
                value = values.get(trial.number, math.nan)
                failed = math.isnan(value)
                shared.tell(trial.number, None if failed else value, states.FAIL if failed else states.COMPLETE)
        if not proposed:
            shared.sampler = sampler(seed_of(study, key, len(trials), self.driver))
            for _ in range(min(search.batch, search.draws - len(trials))):
                trial = shared.ask({parameter.name: distribution(parameter) for parameter in parameters})
                trial.set_user_attr(DRIVER, self.driver)
                if trial.number < search.draws:
                    proposed[trial.number] = draw_of(trial.params, parameters)
                else:  # another driver was quicker: all draws are given out
                    shared.tell(trial.number, state=states.FAIL)
        return proposed


def _with_driver(url: str) -> str:
    """PostgreSQL by psycopg, which is what the extra installs."""
    return f"postgresql+psycopg://{url.removeprefix('postgresql://')}" if url.startswith("postgresql://") else url


def _engine(url: str) -> dict[str, Any]:
    waiting = {"connect_timeout": CONNECT_SECONDS} if url.startswith("postgresql") else {}
    return {"pool_pre_ping": True, "connect_args": waiting}


def _of_the_database(error: Exception) -> bool:
    from optuna.exceptions import StorageInternalError
    from sqlalchemy.exc import SQLAlchemyError

    return isinstance(error, StorageInternalError | SQLAlchemyError)
