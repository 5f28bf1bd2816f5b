"""The database of a shared search: which URLs will do, how long to wait, and one message when it fails."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ablate.errors import AblateError, UsageError
from ablate.search.optuna_space import load_optuna

TRIES = 4
"""Times that the database is opened"""
PATIENCE = {
    "connect_timeout": "10",
    "keepalives": "1",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "4",
    "tcp_user_timeout": "30000",
    "options": "-c statement_timeout=60000",
}
"""libpq's words: seconds for each address of the server's machine to answer; after 30 s without a sign of life an open
connection is given up, and a statement that waits for another's lock after 60 s. The URL's query can say otherwise."""


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
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        make_url(url)
    except (ArgumentError, ValueError) as error:  # what it says may hold a part of the password
        raise UsageError(
            f"--storage {hidden(url)}: expected postgresql://user@host:5432/database; a port is a number, and of a password, "
            "/ : @ and the like are written %2F %3A %40"
        ) from error


def hidden(url: str) -> str:
    """A URL without its password, wherever it stands; URLs that are none, too."""
    url = re.sub(r"(password=)[^&\s]*", r"\1***", url)
    front, at, back = url.rpartition("@")
    if not at:
        return url
    scheme, slashes, user = front.rpartition("//")
    return f"{scheme}{slashes}{user.partition(':')[0]}@{back}"


@contextmanager
def explained_failures(url: str) -> Iterator[None]:
    """Within the block, what goes wrong with the database becomes one message."""
    try:
        yield
    except ImportError as error:
        raise UsageError(f"--storage {hidden(url)}: {error}; pip install 'ablate[search]'") from error
    except Exception as error:
        if not _of_the_database(error):
            raise
        reason = " ".join(str(error.__cause__ or error).split())
        raise AblateError(
            f"--storage {hidden(url)}: {reason}; what was trained is in the tables: run the same command again when the "
            "database can be reached"
        ) from error


def opened(url: str) -> Any:
    """The database as Optuna's storage. Drivers that make its tables at the same moment trip over each other: tried again."""
    from sqlalchemy.exc import IntegrityError, ProgrammingError

    optuna = load_optuna()
    for tries in range(TRIES):
        try:
            return optuna.storages.RDBStorage(template(url), engine_kwargs=engine(url))
        except (IntegrityError, ProgrammingError, RuntimeError) as error:
            if tries < TRIES - 1:
                time.sleep(1 + random.random())
            elif isinstance(error, RuntimeError):  # tables of another version of Optuna
                raise AblateError(f"--storage {hidden(url)}: {' '.join(str(error).split())}") from error
            else:
                raise
    raise AssertionError


def template(url: str) -> str:
    """The URL as Optuna wants it, which fills in braces; PostgreSQL by psycopg, which is what the extra installs."""
    url = f"postgresql+psycopg://{url.removeprefix('postgresql://')}" if url.startswith("postgresql://") else url
    return url.replace("{", "{{").replace("}", "}}")


def engine(url: str) -> dict[str, Any]:
    """What SQLAlchemy makes its connections with."""
    from sqlalchemy.engine import make_url

    own = make_url(url).query
    waiting = PATIENCE if url.startswith("postgresql") else {}
    return {
        "pool_pre_ping": True,
        "connect_args": {name: value for name, value in waiting.items() if name not in own},
    }


def _of_the_database(error: Exception) -> bool:
    from optuna.exceptions import StorageInternalError
    from sqlalchemy.exc import SQLAlchemyError

    return isinstance(error, StorageInternalError | SQLAlchemyError)
