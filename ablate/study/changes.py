"""What is different in a study: a file that was edited after its tables were made, or a call with other flags."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path

from ablate.errors import AblateError
from ablate.study.claims.claim_text import texts_by_hash, with_former
from ablate.study.load import load_study
from ablate.study.study import Study

MOST_NAMED = 6

Named = dict[str, tuple[str, str]]
"""A run's settings, without its seed → (dataset, arm)"""


def changes(before: Study, now: Study) -> list[str]:
    """What is different now, a line for each kind of thing; [] where nothing is that a study consists of."""
    if _given(before) == _given(now):
        return []
    lines = [f"{name} changed" for name in ("question", "notes") if getattr(before, name) != getattr(now, name)]
    lines += _claims(before, now) + _cells(replace(before, results_version=now.results_version), now)
    if before.search != now.search:
        lines.append("search changed")
    if before.looks != now.looks:
        lines.append(f"looks: {_looks(before)} → {_looks(now)}")
    elif before.seeds != now.seeds:
        lines.append(f"seeds: {_seeds(before)} → {_seeds(now)}")
    if before.overrides != now.overrides:
        lines.append(f"--set: {', '.join(before.overrides) or 'none'} → {', '.join(now.overrides) or 'none'}")
    return lines


def changes_in_file(before: Study, path: Path) -> list[str]:
    """The same of a study's file as it lies there now, with the flags that the tables were made with."""
    try:
        now = load_study(path, before.overrides, before.seeds_flag, until=before.looks if before.looks_flag else ())
    except AblateError as error:
        return [f"it cannot be read any more: {str(error).splitlines()[0]}"]
    return changes(before, now)


def _given(study: Study) -> tuple[object, ...]:
    return study.text, study.files, study.overrides, study.seeds, study.looks


def _claims(before: Study, now: Study) -> list[str]:
    then, own = texts_by_hash(before.claims), texts_by_hash(now.claims)
    new = {known: text for known, text in own.items() if known not in then}
    gone = {known: text for known, text in then.items() if known not in own}
    pairs = list(with_former(new, gone))
    replaced = {former for _, _, former in pairs}
    groups = {
        "added": [str(text["id"]) for _, text, former in pairs if not former],
        "changed": [str(text["id"]) for _, text, former in pairs if former],
        "removed": [str(text["id"]) for known, text in gone.items() if known not in replaced],
    }
    return [f"claims {word}: {_counted(ids)}" for word, ids in groups.items() if ids]


def _cells(before: Study, now: Study) -> list[str]:
    """Arms and datasets: renamed, added, removed, or with other settings."""
    then, own = _by_settings(before), _by_settings(now)
    shared = [(then[settings], own[settings]) for settings in own if settings in then]
    lines = []
    for place, what, old, new in (
        (0, "datasets", before.datasets, now.datasets),
        (1, "arms", before.arms, now.arms),
    ):
        renamed = {(a[place], b[place]): None for a, b in shared if a[place] != b[place]}
        added = [name for name in new if name not in old and name not in {b for _, b in renamed}]
        removed = [name for name in old if name not in new and name not in {a for a, _ in renamed}]
        lines += [f"{what} renamed: {_listed([f'{a} → {b}' for a, b in renamed])}"] * bool(renamed)
        lines += [f"{what} added: {_listed(added)}"] * bool(added)
        lines += [f"{what} removed: {_listed(removed)}"] * bool(removed)
    kept = {b for _, b in shared}
    pairs = [(d, a) for d in now.datasets for a in now.arms if d in before.datasets and a in before.arms]
    other = list(dict.fromkeys(arm for dataset, arm in pairs if (dataset, arm) not in kept))
    return lines + [f"settings changed: {_listed(other)}"] * bool(other)


def _by_settings(study: Study) -> Named:
    """Of a search, with its parameters at their first example."""
    named: Named = {}
    for dataset in study.datasets:
        for arm in study.arms:
            config = study.config(dataset, arm).model_copy(update={"seed": 0})
            named[config.identity(study.results_version)] = (dataset, arm)
    return named


def _looks(study: Study) -> str:
    return f"at {', '.join(map(str, study.looks))} seeds" if study.looks else f"none, {_seeds(study)} seeds"


def _seeds(study: Study) -> str:
    seeds = study.seeds
    if seeds == tuple(range(seeds[0], seeds[0] + len(seeds))):
        return str(len(seeds)) if seeds[0] == 0 else f"{seeds[0]}:{seeds[-1] + 1}"
    return _listed([str(seed) for seed in seeds])


def _counted(names: Iterable[str]) -> str:
    """Each name once, with how often it is there."""
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return _listed([f"{name} ({count})" if count > 1 else name for name, count in counts.items()])


def _listed(names: Collection[str]) -> str:
    shown = list(names)[:MOST_NAMED]
    return ", ".join(shown) + (f" and {len(names) - len(shown)} more" if len(names) > len(shown) else "")
