"""A study: the question, the runs that answer it, and the claims that they decide."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ablate.config.run_config import RESULTS_VERSION, RunConfig, problems_of
from ablate.errors import StudyErrors
from ablate.study.claims import Claim
from ablate.study.layers import Layers
from ablate.study.search_space import Draw, Search


@dataclass(frozen=True)
class Run:
    """One training: an arm on a dataset (its label in the study) with a seed."""

    arm: str
    dataset: str
    config: RunConfig
    draw: int | None = None
    """the number of the draw, from 0; None without a search"""
    results_version: int = RESULTS_VERSION
    """of the code that trained it, or would"""

    @cached_property
    def run_id(self) -> str:
        """Hash of everything that can change the result."""
        return self.config.identity(self.results_version)

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
    looks: tuple[int, ...] = ()
    """numbers of seeds at which it is looked whether claims are decided, ascending; () for a fixed number of seeds"""
    looks_flag: bool = False
    """the looks are those of --until decided"""
    asked: dict[tuple[str, str], int] = field(default_factory=dict, repr=False)
    """of a study that goes by looks, (dataset, arm) → how many of its seeds are asked for so far; all where it is empty"""
    files: dict[str, bytes] = field(default_factory=dict, repr=False, compare=False)
    """what the files held that the claims rest on, by their paths from the study file's folder, when they were read"""
    results_version: int = RESULTS_VERSION
    """of the code whose runs these are: another one's where tables are read that it made"""

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
        """How many runs there are; with the seeds that are asked for so far, where it goes by looks."""
        return sum(self.asked.values()) if self.asked else len(self.datasets) * len(self.arms) * self.repeats

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
        runs: list[Run] = []
        for dataset in self.datasets:
            for arm in self.arms:
                if self.search:
                    runs += self._drawn(dataset, arm)
                    continue
                config = self.config(dataset, arm)
                run = Run(arm, dataset, config, results_version=self.results_version)
                twin = first.setdefault(run.run_id, run)
                if twin is not run:  # of a large grid, reading the file does not compare all
                    raise StudyErrors(
                        [
                            f"{self.path}:1:1: arm {arm!r} on {dataset!r} is identical with arm {twin.arm!r} on "
                            f"{twin.dataset!r}; remove or change one"
                        ]
                    )
                seeds = self.seeds[: self.asked.get((dataset, arm))]
                runs += [replace(run, config=config.model_copy(update={"seed": seed})) for seed in seeds]
        return tuple(runs)

    def _drawn(self, dataset: str, arm: str) -> list[Run]:
        """A run for each draw. Its seed is the draw's number after the study's seed: draws differ in their luck too."""
        runs = []
        for number, draw in self.draws(dataset, arm).items():
            config = self.config(dataset, arm, draw).model_copy(update={"seed": self.seeds[0] + number})
            runs.append(Run(arm, dataset, config, number, self.results_version))
        return runs
