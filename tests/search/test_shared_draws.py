"""Of a search in a database: each draw is one driver's, another search is refused, and what has not ended is told.

SQLite stands for the server here: what is done with the trials is the same.
"""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from ablate.errors import AblateWarning, UsageError
from ablate.execution.display import Quiet
from ablate.execution.job import Summary
from ablate.execution.options import Options
from ablate.results.tables import Results
from ablate.search import batches as search_module
from ablate.search import database
from ablate.search.batches import run_study
from ablate.search.storage import DRIVER, SharedStorage
from ablate.study.load import load_study
from ablate.study.study import Study
from tests.support.adaptive_searches import Trainer, tpe_study

optuna = pytest.importorskip("optuna")


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/draws.db"


def run(study: Study, folder: Path, url: str, trainer: Trainer | None = None) -> Summary:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search_module, "train_missing", trainer or Trainer())
        return run_study(study, Options(folder, storage=url, workers=1), Quiet())


def changed(study: Study, old: str, new: str) -> Study:
    assert old in study.text
    path = study.path.with_name("changed.yaml")
    path.write_text(study.text.replace(old, new))
    return load_study(path)


def test_a_driver_that_is_killed_anywhere_leaves_no_draw_without_a_driver(tmp_path: Path, url: str) -> None:
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    study, left = tpe_study(tmp_path, draws=6, batch=2), math.inf
    shared = SharedStorage(url, study, tmp_path / "t")
    shared.next_batch(study, Results.read_or_empty(tmp_path / "t"))

    def dying(connection: object) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt

    event.listen(Engine, "commit", dying)
    try:
        killed = 0
        for commits in range(40):
            other = SharedStorage(url, study, tmp_path / f"killed{commits}")
            left = commits
            try:
                other.next_batch(study, Results.read_or_empty(tmp_path / "t"))
            except KeyboardInterrupt:
                killed += 1
            left = math.inf
            for arm in study.arms:
                for trial in optuna.load_study(study_name=f"tuning/ring8/{arm}", storage=shared.storage).trials:
                    assert DRIVER in trial.user_attrs
                    assert trial.params
            other.storage.engine.dispose()
            if killed == commits:
                break
        assert killed >= 4
    finally:
        event.remove(Engine, "commit", dying)


@pytest.mark.parametrize(
    ("old", "new", "phrase"),
    [
        ("objective: fid", "objective: mmd", "search.objective"),
        ("generator_steps: ", "generator_steps: 1", "settings"),
        ("high: ", "high: 1", "search.parameters."),
    ],
)
def test_another_search_of_the_same_name_is_refused(old: str, new: str, phrase: str, tmp_path: Path, url: str) -> None:
    study = tpe_study(tmp_path, draws=2, batch=2)
    run(study, tmp_path / "t", url)
    with pytest.raises(UsageError, match=rf"holds another search named tuning/ring8/\w+ \(other .*{phrase}"):
        run(changed(study, old, new), tmp_path / "other", url)


def test_a_database_that_does_not_say_what_is_searched_yet_is_known_by_its_draws(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = tpe_study(tmp_path, draws=2, batch=2)
    with monkeypatch.context() as patch:
        patch.setattr(optuna.Study, "set_user_attr", lambda *_: None)
        run(study, tmp_path / "t", url)
    with pytest.raises(UsageError, match=r"\(other search\.parameters\.lr, search\.parameters\.n_critic\)"):
        run(changed(study, "high: ", "high: 1"), tmp_path / "other", url)
    assert run(study, tmp_path / "t", url).counts == {"done": 4}


def test_more_draws_of_the_same_search_go_on_in_it(tmp_path: Path, url: str) -> None:
    study = tpe_study(tmp_path, draws=2, batch=2)
    run(study, tmp_path / "t", url)
    assert run(changed(study, "draws: 2", "draws: 3"), tmp_path / "t", url).counts == {"done": 6}


def test_draws_that_the_database_does_not_know_are_not_drawn_again(tmp_path: Path, url: str) -> None:
    study, folder = tpe_study(tmp_path), tmp_path / "t"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search_module, "train_missing", Trainer(most=5))
        run_study(study, Options(folder), Quiet())  # without --storage
    before = Results.read_or_empty(folder).runs
    with pytest.raises(UsageError, match=r"t has draws \(ring8, gan: 0, 1, 2…\) that the database does not know"):
        run(study, folder, url)
    assert len(Results.read_or_empty(folder).runs) == len(before) == 5


def test_draws_that_have_not_ended_elsewhere_are_missing_and_their_driver_is_named(tmp_path: Path, url: str) -> None:
    study, here, there = tpe_study(tmp_path), tmp_path / "here", tmp_path / "there"
    run(study, here, url, Trainer(most=5))  # stopped in its first batch of twelve
    with pytest.warns(AblateWarning, match=rf"have not ended: 12 by \S+:{here}; where one was stopped"):
        assert run(study, there, url).counts["missing"] == 12
    assert "missing" not in run(study, here, url).counts
    assert "missing" not in run(study, there, url).counts


def test_braces_of_a_url_stay_what_they_are() -> None:
    assert database.template("postgresql://me:{a}@h/d").format() == "postgresql+psycopg://me:{a}@h/d"


def test_what_the_url_says_of_waiting_holds() -> None:
    arguments = database.engine("postgresql://h/d?connect_timeout=90&options=-c%20a%3Db")["connect_args"]
    assert not {"connect_timeout", "options"} & set(arguments)
    assert arguments["tcp_user_timeout"] == "30000"
    assert database.engine("sqlite:///a.db")["connect_args"] == {}
