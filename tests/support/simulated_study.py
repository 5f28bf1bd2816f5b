"""Tables as a study would leave them, made by simulation: for tests only, nothing here was measured."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ablate.claims.kinds.bound import BoundFields
from ablate.claims.kinds.compare import CompareFields
from ablate.claims.kinds.equivalent import EquivalentFields
from ablate.claims.kinds.identity import IdentityFields
from ablate.claims.kinds.published import PublishedFields
from ablate.claims.kinds.trend import TrendFields
from ablate.config.run_config import RESULTS_VERSION, RunConfig
from ablate.results.claims_record import Record
from ablate.study.claims import Claim
from ablate.study.claims.claim import Fields

OWN_FIELDS: dict[str, type[Fields]] = {
    "compare": CompareFields,
    "equivalent": EquivalentFields,
    "bound": BoundFields,
    "published": PublishedFields,
    "trend": TrendFields,
    "identity": IdentityFields,
}


class SimulatedClaim(Claim):
    """A claim of a study file, with defaults; fields that its kind alone has are given like the others."""

    def __init__(
        self,
        id: str = "c",
        source: tuple[str, ...] = ("D0",),
        says: str = "a is better than b",
        test: str = "compare",
        metric: str = "fid",
        own: Fields | None = None,
        **more: Any,
    ):
        usual: dict[str, Any] = {
            "statistic": "value", "arm": "a", "against": "b", "direction": "less", "margin": 0.0, "datasets": ("ring8",),
            "decide": "pooled",
        }  # fmt: skip
        shared = {field.name for field in fields(Claim)}
        given = {name: value for name, value in more.items() if name in shared}
        kinds_own = {name: value for name, value in more.items() if name not in shared}
        own = own or (OWN_FIELDS[test](**kinds_own) if kinds_own else Fields())
        super().__init__(id, source, says, test, metric, own=own, **{**usual, **given})


@dataclass(frozen=True)
class SimulatedRun:
    arm: str
    dataset: str
    config: RunConfig

    @property
    def run_id(self) -> str:
        return self.config.run_id

    @property
    def seed(self) -> int:
        return self.config.seed


@dataclass(frozen=True)
class PlainConfig:
    """Stands for a RunConfig where thousands of studies are simulated: only an identity."""

    run_id: str
    seed: int


@dataclass(frozen=True)
class SimulatedStudy:
    claims: tuple[SimulatedClaim, ...]
    run_list: list[SimulatedRun]
    name: str = "simulated"
    question: str = "Is a better than b?"
    notes: str = ""
    factors: dict[str, dict[str, Any]] = field(default_factory=dict)
    path: Path = Path("studies/simulated.yaml")
    text: str = ""
    overrides: tuple[str, ...] = ()
    seeds_flag: str | None = None
    search: None = None
    looks: tuple[int, ...] = ()
    looks_flag: bool = False
    asked: dict[tuple[str, str], int] = field(default_factory=dict)
    ladder: tuple[str, ...] = ()
    results_version: int = RESULTS_VERSION

    def runs(self) -> list[SimulatedRun]:
        return self.run_list

    @property
    def arms(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(run.arm for run in self.run_list))

    @property
    def datasets(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(run.dataset for run in self.run_list))

    @property
    def seeds(self) -> tuple[int, ...]:
        return tuple(sorted({run.seed for run in self.run_list}))


@dataclass
class SimulatedResults:
    runs: pd.DataFrame
    curves: pd.DataFrame
    probes: pd.DataFrame
    environment: dict[str, Any] = field(default_factory=dict)
    samples: dict[str, np.ndarray] = field(default_factory=dict)
    folder: Path = Path("results/simulated")
    record: Record = ()

    def __post_init__(self) -> None:
        self.runs = self.runs.assign(results_version=RESULTS_VERSION)

    def sample(self, run_id: str) -> np.ndarray | None:
        return self.samples.get(run_id)

    def real_sample(self, dataset: str) -> np.ndarray | None:
        return self.samples.get(f"real_{dataset}")

    def surface(self, run_id: str) -> tuple[np.ndarray, float] | None:
        """A paraboloid for every run of which points are kept."""
        x = self.samples.get(run_id)
        if x is None or x.ndim != 2:
            return None
        line = np.linspace(-1, 1, 16)
        return (line[:, None] ** 2 + line[None, :] ** 2).astype(np.float32), 1.5


NO_CURVES = pd.DataFrame(columns=["run_id", "generator_step", "critic_step", "seconds", "metric", "value"])
NO_PROBES = pd.DataFrame(columns=["run_id", "generator_step", "probe", "layer", "value"])


def tables(
    values: dict[tuple[str, str], Any],
    claims: list[SimulatedClaim],
    metric: str = "fid",
    diverged: dict[tuple[str, str], Any] | None = None,
    failed: dict[tuple[str, str], Any] | None = None,
    curves: pd.DataFrame = NO_CURVES,
) -> tuple[SimulatedStudy, SimulatedResults]:
    """A study and its tables from values by (dataset, arm): one run a value, seeds 0, 1, …; None is a run not done yet."""
    runs, rows = [], []
    for (dataset, arm), numbers in values.items():
        lost, broken = ((seeds or {}).get((dataset, arm), ()) for seeds in (diverged, failed))
        for seed, number in enumerate(numbers):
            run_id = f"{dataset}-{arm}-{seed}"
            runs.append(SimulatedRun(arm, dataset, PlainConfig(run_id, seed)))  # type: ignore[arg-type]
            status = "diverged" if seed in lost else "failed" if seed in broken else "done"
            if number is not None:
                rows.append((run_id, "simulated", dataset, arm, seed, status, number))
    columns = ["run_id", "study", "dataset", "arm", "seed", "status", metric]
    study = SimulatedStudy(tuple(claims), runs)
    return study, SimulatedResults(pd.DataFrame(rows, columns=columns), curves, NO_PROBES)
