"""Optuna's storages of a search: a journal that mirrors the tables, or a database that several machines propose from.

The journal is for looking at (`optuna-dashboard search.journal`); it is written anew wherever it disagrees with the
tables, and can be deleted. With a database, each machine trains what it has asked for, into a folder of its own.
"""

from __future__ import annotations

import math
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ablate.claims.draws import drawn
from ablate.claims.study_rows import StudyRows
from ablate.errors import UsageError
from ablate.results.known_draws import with_draws, with_proposals
from ablate.results.tables import Results
from ablate.search.database import explained_failures, hidden, opened
from ablate.search.optuna_space import distribution_text, draw_of, load_optuna, space_of
from ablate.search.proposals import Key, direction, keys_of, sampler, seed_of, trials_before, used_parameters
from ablate.study.search_space import Draw, Parameter, Search
from ablate.study.study import Study

JOURNAL = "search.journal"
DRIVER = "driver"
"""The attribute of a trial that says which driver, on which machine, trains it"""
SEARCH = "search"
"""The attribute of Optuna's study that says what is searched"""


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
        trials = trials_before(rows, key, parameters, len(known) and max(known) + 1)
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
        for trial, want in zip(stored, wanted, strict=False):
            if trial.state == TrialState.RUNNING != want.state:
                study.tell(trial.number, want.value, want.state)
            elif trial.state != want.state or trial.value != want.value:
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
        self.url, self.folder, self.driver = url, folder, f"{socket.gethostname()}:{folder.resolve()}"
        self.elsewhere = 0
        """draws that other drivers have taken"""
        self.under_way: dict[str, int] = {}
        """other driver → how many of them it has not told the end of"""
        with explained_failures(url):
            self.storage = opened(url)

    def next_batch(self, study: Study, results: Results) -> Study:
        """The study with its own draws that have rows, and those that this driver is to train next."""
        study = with_draws(study, results.runs)
        rows = StudyRows.of(study, results)
        self.elsewhere, self.under_way = 0, {}
        with explained_failures(self.url):
            return with_proposals(study, {key: self._proposed(rows, key) for key in keys_of(study)})

    def _proposed(self, rows: StudyRows, key: Key) -> dict[int, Draw]:
        study, search = rows.study, rows.study.search
        assert search is not None
        parameters = used_parameters(study, key)
        shared = self._shared(study, key, parameters)
        there = set(rows.rows(*key)["draw"].astype(int))
        trials = [trial for trial in shared.get_trials(deepcopy=False) if trial.number < search.draws]
        self._refuse_unknown(key, there - {trial.number for trial in trials if self._is_own(trial)})
        self._tell(shared, rows, key, trials, there)
        for trial in trials:
            if not self._is_own(trial):
                self.elsewhere += 1
                if not trial.state.is_finished():
                    driver = trial.user_attrs.get(DRIVER, "an unknown driver")
                    self.under_way[driver] = self.under_way.get(driver, 0) + 1
        if all(trial.number in there for trial in trials if self._is_own(trial)):
            self._ask(shared, parameters, search, seed_of(study, key, len(trials), self.driver), len(trials))
            trials = [trial for trial in shared.get_trials(deepcopy=False) if trial.number < search.draws]
        return {
            trial.number: draw_of(trial.params, parameters)
            for trial in trials
            if self._is_own(trial) and trial.number not in there
        }

    def _is_own(self, trial: Any) -> bool:
        return bool(trial.user_attrs.get(DRIVER) == self.driver)

    def _shared(self, study: Study, key: Key, parameters: Sequence[Parameter]) -> Any:
        """Optuna's study of a dataset and an arm; UsageError where its draws are those of another search."""
        assert study.search is not None
        name = name_of(study, key)
        shared = load_optuna().create_study(
            storage=self.storage, study_name=name, direction=direction(study.search.better), load_if_exists=True
        )
        mine = {f"search.parameters.{name}": distribution_text(space) for name, space in space_of(parameters).items()}
        mine |= {"search.objective": study.search.objective, "search.better": study.search.better}
        mine["settings"] = study.config(*key, study.layers.examples[0]).run_id
        theirs = shared.user_attrs.get(SEARCH)
        held = theirs
        if held is None:  # it is new, or of a time when this was not written: then its trials say it
            drawn_there = [trial.distributions.items() for trial in shared.get_trials(deepcopy=False)]
            held = mine | {f"search.parameters.{n}": distribution_text(d) for items in drawn_there for n, d in items}
        other = sorted(name for name in {*mine, *held} if mine.get(name) != held.get(name))
        if other:
            raise UsageError(
                f"--storage {hidden(self.url)}: holds another search named {name} (other {', '.join(other)}); give this "
                "study another name, or use another database"
            )
        if theirs is None:
            shared.set_user_attr(SEARCH, mine)
        return shared

    def _refuse_unknown(self, key: Key, numbers: set[int]) -> None:
        """Draws of other origin would be drawn again under the same numbers."""
        if numbers:
            shown = ", ".join(map(str, sorted(numbers)[:3])) + ("…" if len(numbers) > 3 else "")
            raise UsageError(
                f"--storage {hidden(self.url)}: {self.folder} has draws ({key[0]}, {key[1]}: {shown}) that the database does "
                f"not know as those of {self.driver}: they were made without --storage, with another database, or before "
                "the folder was moved; give --out another folder"
            )

    def _tell(self, shared: Any, rows: StudyRows, key: Key, trials: Sequence[Any], there: set[int]) -> None:
        """The database learns what became of this driver's draws."""
        from optuna.trial import TrialState

        values = {ended.number: ended.value for ended in drawn(rows, *key)}
        for trial in trials:
            if self._is_own(trial) and trial.number in there and trial.state == TrialState.RUNNING:
                value = values.get(trial.number, math.nan)
                failed = math.isnan(value)
                state = TrialState.FAIL if failed else TrialState.COMPLETE
                shared.tell(trial.number, None if failed else value, state)

    def _ask(self, shared: Any, parameters: Sequence[Parameter], search: Search, seed: int, taken: int) -> None:
        """Take a batch of draws. Each is put into the database whole, with its driver: no kill leaves one without."""
        optuna = load_optuna()
        space = space_of(parameters)
        sampled = optuna.create_study(direction=direction(search.better), sampler=sampler(seed))
        sampled.add_trials(shared.get_trials(deepcopy=False))
        for _ in range(min(search.batch, search.draws - taken)):
            trial = optuna.trial.create_trial(
                state=optuna.trial.TrialState.RUNNING, params=sampled.ask(space).params, distributions=space,
                user_attrs={DRIVER: self.driver},
            )  # fmt: skip
            shared.add_trial(trial)
        for trial in shared.get_trials(deepcopy=False):  # another driver was quicker: all draws are given out
            if trial.number >= search.draws and self._is_own(trial) and not trial.state.is_finished():
                shared.tell(trial.number, state=optuna.trial.TrialState.FAIL)
