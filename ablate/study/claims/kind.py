"""A kind of claim, as far as a study file is concerned: which fields it reads, and how its claims are told in words.

How a kind is decided and shown is added by ablate.claims.kind, of which every kind is a subclass. It is found by its
name in the registry, so that reading a study loads only the kinds that its claims name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from ablate import registry
from ablate.errors import UsageError
from ablate.study.claims.claim import DIRECTIONS, Claim, waiting
from ablate.study.claims.reader import Reader

ALWAYS = ("id", "says", "test")
"""Fields that a claim of every kind must have"""
IF_WANTED = ("source", "datasets", "waits")
"""Fields that a claim of every kind may have"""
DECISIONS = ("pooled", "any_dataset", "every_dataset")


class ClaimKind(ABC):
    """Reads claims from a study file and tells them in words; it holds no state."""

    decisions: tuple[str, ...] = DECISIONS
    """how several datasets may make one verdict; a claim's key names the way where there is a choice"""

    @abstractmethod
    def read(self, reader: Reader) -> list[Claim]:
        """The claims that one item of a study file states: one for each arm and each that it is held against.

        What is wrong is noted by the reader, and the claim is then left out, or read as something harmless.
        """

    @abstractmethod
    def statement(self, claim: Claim) -> str:
        """What is claimed, such as `fid of wgan_gp < wgan_c0.1`: part of the claim's key."""

    def opponent(self, claim: Claim) -> str:
        """What the arm is held against, in a few words."""
        return claim.against

    def arms(self, claim: Claim) -> Sequence[str]:
        """All arms whose runs it needs; empty texts stand for none."""
        return claim.arm, claim.against

    def files(self, claim: Claim) -> Sequence[str]:
        """Files beside the study file that the claim rests on: they are kept with the tables."""
        return ()

    def statistic(self, claim: Claim) -> str:
        """What is taken of the metric, in words."""
        return claim.statistic


def kind_named(name: str) -> ClaimKind:
    """The kind of that name; UsageError where there is none, or where it is not a whole kind."""
    entry = registry.entry("claim", name)
    cls = entry.load()
    if not isinstance(cls, type) or not issubclass(cls, ClaimKind):
        raise UsageError(f"claim kind {name!r} of {entry.module} is not a subclass of ablate.claims.kind.Kind")
    if lacking := sorted(cls.__abstractmethods__):
        raise UsageError(f"claim kind {name!r} of {entry.module} does not define: {', '.join(lacking)}")
    return cls()


def common_fields(reader: Reader) -> dict[str, Any]:
    """The fields of every kind as arguments of a Claim, and defaults of those that a kind may leave alone."""
    return {
        "id": reader.name("id"),
        "source": _source(reader),
        "says": reader.text("says"),
        "test": str(reader.given.get("test", "compare")),
        "metric": "",
        "statistic": "value",
        "arm": "",
        "against": "",
        "direction": "",
        "margin": 0.0,
        "datasets": reader.datasets(),
        "decide": "pooled",
        "everywhere": "datasets" not in reader.given,
        "waits": reader.text("waits"),
    }


def claims_of(common: dict[str, Any], arms: Sequence[str], others: Sequence[str] = ("",)) -> list[Claim]:
    """A claim for each arm and each that it is held against; none where the metric is wrong."""
    if not common["metric"]:
        return []
    return [Claim(**{**common, "arm": arm, "against": other}) for arm in arms for other in others]


def _source(reader: Reader) -> tuple[str, ...]:
    return tuple(text for _, text in reader.listed("source", "a document's name"))


def read_waiting(reader: Reader) -> list[Claim]:
    """A claim without a test yet: only what it says, and why it waits."""
    reader.fields(("id", "says", "waits"), ("source",))
    return [waiting(reader.name("id"), _source(reader), reader.text("says"), reader.text("waits"))]


def margin_text(claim: Claim, word: str = "by") -> str:
    """` by 0.1`; nothing without a margin."""
    return f" {word} {claim.margin:g}" if claim.margin else ""


def sign(claim: Claim) -> str:
    """`<` or `>`: the way that is claimed."""
    return DIRECTIONS.get(claim.direction, claim.direction)
