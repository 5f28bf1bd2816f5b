"""A claim as a study file states it: the sentence, and the test that decides it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from ablate import registry

DIRECTIONS = {"less": "<", "greater": ">"}


@dataclass(frozen=True)
class Fields:
    """What only claims of one kind have: each kind has its own subclass, whose defaults stand for what is not given."""

    @classmethod
    def of(cls, claim: Claim) -> Self:
        """The fields of a claim of this kind."""
        if type(claim.own) is Fields:
            return cls()
        if not isinstance(claim.own, cls):
            raise TypeError(f"claim {claim.id}: its fields are {type(claim.own).__name__}, expected {cls.__name__}")
        return claim.own


@dataclass(frozen=True)
class Claim:
    """One claim of one arm. What a kind alone has is in `own`; the other fields mean the same in every kind."""

    id: str
    source: tuple[str, ...]
    says: str
    test: str
    """the name of its kind; empty for a claim that waits and has no test yet"""
    metric: str
    statistic: str
    arm: str
    against: str
    """the other arm's name; empty where there is none"""
    direction: str
    """less or greater; empty where neither is claimed"""
    margin: float
    datasets: tuple[str, ...]
    decide: str
    """how several datasets make one verdict: pooled, any_dataset or every_dataset"""
    everywhere: bool = True
    """no datasets were named: the claim is about all of the study's"""
    at: str = "end"
    """at which point of training the metric is taken: end, tail, best or any (ablate.study.claims.point)"""
    waits: str = ""
    """why it is not decided yet; it never is, as long as this stands in the file"""
    own: Fields = Fields()

    @property
    def _kind(self) -> Any:
        return registry.get("claim", self.test)()

    @property
    def arms(self) -> tuple[str, ...]:
        """All arms whose runs it needs."""
        return tuple(dict.fromkeys(filter(None, self._kind.arms(self)))) if self.test else ()

    @property
    def files(self) -> tuple[str, ...]:
        """Files that it rests on, by their paths from the study file's folder."""
        return tuple(self._kind.files(self)) if self.test else ()

    @property
    def opponent(self) -> str:
        """What the arm is held against, in a few words; empty where that goes without saying."""
        return str(self._kind.opponent(self)) if self.test else ""

    @property
    def key(self) -> str:
        """Unique within a study: `gp-quality: fid of wgan_gp < wgan_c0.1`."""
        if not self.test:
            return f"{self.id}: {self.says}"
        point = "" if self.at == "end" else f" at {self.at}"
        where = "" if self.everywhere else f" on {', '.join(self.datasets)}"
        chosen = {"any_dataset": ", any dataset", "every_dataset": ", every dataset"}.get(self.decide, "")
        return f"{self.id}: {self._kind.statement(self)}{point}{where}{chosen if len(self._kind.decisions) > 1 else ''}"


def interval_text(low: float | None, high: float | None) -> str:
    """`[0.9, 1.1]`, `≥ 0.9`, `≤ 1.1`."""
    if low is None:
        return f"≤ {high:g}"
    return f"≥ {low:g}" if high is None else f"[{low:g}, {high:g}]"


def waiting(id: str, source: tuple[str, ...], says: str, waits: str) -> Claim:
    """A claim whose test is not written yet."""
    empty: dict[str, Any] = dict.fromkeys(("test", "metric", "statistic", "arm", "against", "direction", "decide"), "")
    return Claim(id=id, source=source, says=says, margin=0.0, datasets=(), waits=waits, **empty)
