"""A study: the question, the runs that answer it, and the claims that they decide; read from a YAML file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ablate import registry
from ablate.config.run_config import RunConfig, problems_of
from ablate.errors import StudyErrors, UsageError
from ablate.study.claims import Claim, read_claims
from ablate.study.flags import read_flags, read_seeds_flag
from ablate.study.layers import Layers, check_layers
from ablate.study.search_section import check_search, read_search
from ablate.study.search_space import Draw, Search
from ablate.study.sections import (
    check_top,
    level_text,
    read_arms,
    read_base,
    read_datasets,
    read_header,
    read_ladder,
    read_recipe,
    read_seeds,
    stand_in,
)
from ablate.study.yaml_file import read_yaml

__all__ = ["Claim", "Run", "Study", "load_study", "select"]


@dataclass(frozen=True)
class Run:
    """One training: an arm on a dataset (its label in the study) with a seed."""

    arm: str
    dataset: str
    config: RunConfig
    draw: int | None = None
    """the number of the draw, from 0; None without a search"""

    @cached_property
    def run_id(self) -> str:
        """Hash of everything that can change the result."""
        return self.config.run_id

    @property
    def seed(self) -> int:
        return self.config.seed


@dataclass(frozen=True)
class Study:
    """A study file, valid and complete. Runs are made when they are asked for: a grid may hold very many."""

    name: str
    question: str
    notes: str
    seeds: tuple[int, ...]
    datasets: tuple[str, ...]
    """labels, in the order of the file"""
    arms: tuple[str, ...]
    """in the order of the file, a grid's last factor fastest"""
    claims: tuple[Claim, ...]
    factors: dict[str, dict[str, Any]]
    """arm → the grid's factor → its level; empty without a grid"""
    path: Path
    text: str
    overrides: tuple[str, ...]
    seeds_flag: str | None = None
    """the text that replaced the file's seeds"""
    layers: Layers = field(default_factory=Layers, repr=False, compare=False)
    whole: Study | None = field(default=None, repr=False, compare=False)
    """the study that this is a selected part of"""
    proposed: dict[tuple[str, str], dict[int, Draw]] = field(default_factory=dict, repr=False)
    """of an adaptive search, (dataset, arm) → the draws that are known so far, by number"""
    ladder: tuple[str, ...] = ()
    """arms, by their names before the grid's levels, of which each makes one change more than the one before it"""

    @property
    def search(self) -> Search | None:
        """What is drawn for each run; None for a study without a search."""
        return self.layers.search

    @property
    def adaptive(self) -> bool:
        """Whether its runs are known only batch by batch."""
        return self.search is not None and self.search.adaptive

    @property
    def repeats(self) -> int:
        """How many runs an arm has on a dataset: its seeds, or its draws."""
        return self.search.draws if self.search else len(self.seeds)

    @property
    def size(self) -> int:
        """How many runs there are."""
        return len(self.datasets) * len(self.arms) * self.repeats

    def draws(self, dataset: str, arm: str) -> dict[int, Draw]:
        """The draws of an arm on a dataset by number, as far as they are known; {} without a search."""
        if self.search is None:
            return {}
        if self.search.adaptive:
            return dict(sorted(self.proposed.get((dataset, arm), {}).items()))
        return dict(enumerate(self.search.drawn(dataset)))

    def config(self, dataset: str, arm: str, draw: Draw | None = None) -> RunConfig:
        """The settings of an arm on a dataset, with the first seed; StudyErrors where they are wrong together.

        Without a draw, a search's parameters are at the first example.
        """
        try:
            return self.layers.config(dataset, arm, self.seeds[0], draw or self.layers.examples[0])
        except ValidationError as error:
            where = f"{self.path}:1:1: arm {arm!r} on {dataset!r}"
            raise StudyErrors([f"{where}: {message}" for _, message in problems_of(error)]) from error

    def runs(self) -> list[Run]:
        """All runs, by dataset, arm (both in the order of the file) and seed."""
        return list(self._runs)

    @cached_property
    def _runs(self) -> tuple[Run, ...]:
        first: dict[str, Run] = {}
        found = []
        for dataset in self.datasets:
            for arm in self.arms:
                if self.search:
                    found += self._drawn(dataset, arm)
                    continue
                config = self.config(dataset, arm)
                run = Run(arm, dataset, config)
                twin = first.setdefault(run.run_id, run)
                if twin is not run:  # of a large grid, reading the file does not compare all
                    raise StudyErrors(
                        [
                            f"{self.path}:1:1: arm {arm!r} on {dataset!r} is identical with arm {twin.arm!r} on "
                            f"{twin.dataset!r}; remove or change one"
                        ]
                    )
                found += [Run(arm, dataset, config.model_copy(update={"seed": seed})) for seed in self.seeds]
        return tuple(found)

    def _drawn(self, dataset: str, arm: str) -> list[Run]:
        """A run for each draw. Its seed is the draw's number after the study's seed: draws differ in their luck too."""
        found = []
        for number, draw in self.draws(dataset, arm).items():
            config = self.config(dataset, arm, draw).model_copy(update={"seed": self.seeds[0] + number})
            found.append(Run(arm, dataset, config, number))
        return found


def load_study(path: str | Path, overrides: Sequence[str] = (), seeds: str | None = None) -> Study:
    """Read a study file. `overrides` are settings ("lr=1e-3") that win over the file's, `seeds` replaces its seeds.

    Raises StudyErrors with all mistakes of the file and the flags; UsageError where there is no such file.
    """
    source = read_yaml(Path(path))
    if not check_top(source):
        source.stop_if_wrong()
    name, question, notes = read_header(source)
    from_file = read_seeds(source, ("seeds",), source.value["seeds"]) if "seeds" in source.value else ()
    chosen = from_file if seeds is None else read_seeds_flag(source, seeds)
    datasets = read_datasets(source)
    flags, datasets = read_flags(source, overrides, datasets)
    search = read_search(source)
    layers = Layers(read_base(source), datasets, read_arms(source), flags, read_recipe(source), search)
    better = check_search(source, layers, chosen, ("seeds",) if seeds is None else f"--seeds {seeds}")
    if search:
        layers = replace(layers, search=replace(search, better=better))
    claims = read_claims(source, layers)
    ladder = read_ladder(source, layers.arms)
    with_stand_in = any(dataset.known for dataset in datasets.values())
    check_layers(source, layers if with_stand_in else replace(layers, datasets=stand_in()), min(chosen, default=0))
    source.stop_if_wrong()
    factors = {
        arm: {factor: given.value for factor, given in parts.levels.items()} for arm, parts in layers.arms.items()
    }
    return Study(
        name, question, notes, chosen, tuple(datasets), tuple(layers.arms), claims, factors,
        source.path, source.text, tuple(overrides), seeds, layers, ladder=ladder,
    )  # fmt: skip


def select(study: Study, only: Sequence[str]) -> Study:
    """The part of a study that `factor=level` texts leave: same factor, either level; different factors, both.

    Factors are dataset, arm (with a grid: its full name, or the name before the levels) and the grid's. Claims stay
    whose arms are all left, about those of their datasets that are left.
    """
    wanted: dict[str, list[str]] = {}
    factors = ("dataset", "arm", *dict.fromkeys(factor for levels in study.factors.values() for factor in levels))
    for text in only:
        factor, equals, level = text.partition("=")
        if not equals:
            raise UsageError(f"--only {text}: expected factor=level, such as --only dataset={study.datasets[0]}")
        if factor not in factors:
            raise UsageError(f"--only {text}: {registry.unknown('factor', factor, factors)}")
        wanted.setdefault(factor, []).append(level)
    datasets = _chosen(study.datasets, wanted.pop("dataset", None), "dataset", lambda label: {label})
    arms = study.arms
    for factor, levels in wanted.items():
        fitting = _chosen(study.arms, levels, factor, partial(_levels, study, factor))
        arms = tuple(arm for arm in arms if arm in set(fitting))
    if not arms:
        raise UsageError(f"{' '.join('--only ' + text for text in only)}: no arm has all of these")
    claims = tuple(
        replace(claim, datasets=tuple(label for label in claim.datasets if label in datasets))
        for claim in study.claims
        if set(claim.arms) <= set(arms) and set(claim.datasets) & set(datasets)
    )
    return replace(
        study,
        datasets=datasets,
        arms=arms,
        claims=claims,
        factors={arm: study.factors[arm] for arm in arms},
        whole=study.whole or study,
    )


def _chosen(
    items: tuple[str, ...], levels: list[str] | None, factor: str, levels_of: Callable[[str], set[str]]
) -> tuple[str, ...]:
    if levels is None:
        return items
    known = dict.fromkeys(level for item in items for level in sorted(levels_of(item)))
    for level in levels:
        if level not in known:
            raise UsageError(f"--only {factor}={level}: {registry.unknown(factor, level, known)}")
    return tuple(item for item in items if levels_of(item) & set(levels))


def _levels(study: Study, factor: str, arm: str) -> set[str]:
    """What a person may write for the arm's level of a factor."""
    if factor == "arm":
        parts = study.layers.arms.get(arm)
        return {arm, parts.own_name} - {""} if parts else {arm}
    return {level_text(study.factors[arm][factor])} if factor in study.factors.get(arm, {}) else set()
