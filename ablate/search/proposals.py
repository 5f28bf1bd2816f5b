"""What an adaptive search trains next: Optuna's TPE is told the draws that ended, and asked for a batch of new ones.

The tables are all that it is told from, draw by draw in their order, and its random stream is seeded by their number; so
a search that was stopped goes on with the proposals that it would have made. A batch is asked for when all draws of the
batches before have ended. What is proposed is trained together, stacked as far as structures allow.
"""

from __future__ import annotations

import hashlib
import warnings
from typing import Any

from ablate.claims.draws import drawn
from ablate.claims.study_rows import StudyRows
from ablate.results.known_draws import with_draws, with_proposals
from ablate.results.tables import Results
from ablate.search.optuna_space import draw_of, load_optuna, space_of, trial_of
from ablate.study.search_space import Draw, Parameter
from ablate.study.study import Study

Key = tuple[str, str]
"""Dataset and arm, each of which has a search of its own"""


def next_batch(study: Study, results: Results) -> Study:
    """The study with all draws that have rows, and with the batch that comes next for each dataset and arm."""
    load_optuna()
    study = with_draws(study, results.runs)
    rows = StudyRows.of(study, results)
    return with_proposals(study, {key: _proposed(rows, key) for key in keys_of(study)})


def keys_of(study: Study) -> list[Key]:
    """All pairs of dataset and arm."""
    return [(dataset, arm) for dataset in study.datasets for arm in study.arms]


def _proposed(rows: StudyRows, key: Key) -> dict[int, Draw]:
    """Number → draw, of the batch at work; draws of it that have rows already are what their rows say."""
    study, search = rows.study, rows.study.search
    assert search is not None
    there = set(rows.rows(*key)["draw"].astype(int))
    first = 0
    while first < search.draws and there.issuperset(range(first, min(first + search.batch, search.draws))):
        first += search.batch
    if first >= search.draws:
        return {}
    parameters = used_parameters(study, key)
    trials = trials_before(rows, key, parameters, first)
    asked = ask(trials, parameters, search.better, min(search.batch, search.draws - first), seed_of(study, key, first))
    known = study.draws(*key)
    return {number: draw for number, draw in enumerate(asked, first) if number not in known}


def trials_before(rows: StudyRows, key: Key, parameters: tuple[Parameter, ...], number: int) -> list[Any]:
    """The draws below that number as Optuna's trials. One that failed or was pruned stays so; diverged is the worst value."""
    values = {ended.number: ended.value for ended in drawn(rows, *key)}
    pruned = _pruned(rows, key)
    return [
        trial_of(draw, parameters, values.get(i), pruned.get(i))
        for i, draw in rows.study.draws(*key).items()
        if i < number
    ]


def _pruned(rows: StudyRows, key: Key) -> dict[int, tuple[int, float]]:
    """Number → step and objective where the draw was pruned."""
    search, there = rows.study.search, rows.rows(*key)
    there = there[there["status"] == "pruned"]
    if search is None or there.empty or search.objective not in there.columns:
        return {}
    where = zip(there["draw"], there["done_generator_steps"], there[search.objective], strict=True)
    return {int(number): (int(step), float(value)) for number, step, value in where}


def used_parameters(study: Study, key: Key) -> tuple[Parameter, ...]:
    """The parameters that an arm's components use, in at least some draws."""
    assert study.search is not None
    configs = [study.config(*key, example) for example in study.layers.examples]
    return tuple(p for p in study.search.parameters if any(c.by_name().get(p.name) is not None for c in configs))


def seed_of(study: Study, key: Key, number: int, more: str = "") -> int:
    """The sampler's seed for the batch that begins with this draw."""
    assert study.search is not None
    text = f"{study.search.seed}/{key[0]}/{key[1]}/{number}/{more}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def ask(trials: list[Any], parameters: tuple[Parameter, ...], better: str, count: int, seed: int) -> list[Draw]:
    """So many new draws, made one after the other: each knows of those before it, but not what comes of them."""
    optuna = load_optuna()
    study = optuna.create_study(direction=direction(better), sampler=sampler(seed))
    study.add_trials(trials)
    space = space_of(parameters)
    return [draw_of(study.ask(space).params, parameters) for _ in range(count)]


def direction(better: str) -> str:
    """Optuna's word for which way is better."""
    return "minimize" if better == "less" else "maximize"


def sampler(seed: int) -> Any:
    """TPE that takes draws under way for bad ones, so that those of a batch differ (Optuna's constant liar)."""
    optuna = load_optuna()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the option is marked experimental
        return optuna.samplers.TPESampler(seed=seed, constant_liar=True)
