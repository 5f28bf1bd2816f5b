"""A claim as a study file states it: the sentence, and the test that decides it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

DIRECTIONS = {"less": "<", "greater": ">"}
TRENDS = {"falls": "less", "rises": "greater"}
"""A trend's direction, and the sign of the coefficient that it claims"""


BEST_OF = "best of "
"""begins what a claim is held against where it is the best of several arms"""


@dataclass(frozen=True)
class Claim:
    """One claim of one arm. Which fields mean something depends on `test`; the others keep their defaults.

    compare: the metric of `arm` is less, or greater, than that of `against`, or than `value`
    equivalent: it lies within the margin of `against`; with a `direction` (which says what is better) it is not worse by
        more than the margin, than `against` or than any of `rivals`
    bound: a statistic of it over seeds lies between `low` and `high`
    trend: it falls, or rises, over a factor's `ladders`, or (without a factor) along each run's training
    identity: in every run it equals, or differs from, `value`, to within `tolerance`
    """

    id: str
    source: tuple[str, ...]
    says: str
    test: str
    """empty for a claim that waits and has no test yet"""
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
    everywhere: bool = True
    """no datasets were named: the claim is about all of the study's"""
    rivals: tuple[str, ...] = ()
    factor: str = ""
    ladders: tuple[tuple[tuple[float, str], ...], ...] = ()
    """arms that differ in the factor alone, as (level, arm), ascending; one ladder for each setting of the rest"""
    value: float | None = None
    equal: bool = True
    low: float | None = None
    high: float | None = None
    within: tuple[float, float] | None = None
    """bound on a share: a run counts whose metric lies here"""
    tolerance: float = 0.0
    factor_of_best: float = 2.0
    """share_near_best: a run counts that is within this factor of the best on the dataset"""
    waits: str = ""
    """why it is not decided yet; it never is, as long as this stands in the file"""

    @property
    def arms(self) -> tuple[str, ...]:
        """All arms whose runs it needs."""
        named = (self.arm,) if not self.ladders else tuple(arm for ladder in self.ladders for _, arm in ladder)
        return tuple(dict.fromkeys(each for each in (*named, self.against, *self.rivals) if each))

    @property
    def opponent(self) -> str:
        """What the arm is held against, in a few words; empty for a trend."""
        if self.rivals:
            return BEST_OF + ", ".join(self.rivals)
        if self.test == "bound":
            return interval_text(self.low, self.high)
        if self.test == "identity":
            return f"{'=' if self.equal else '≠'} {self.value:g} ± {self.tolerance:g}"
        return f"{self.value:g}" if self.value is not None else self.against

    @property
    def key(self) -> str:
        """Unique within a study: `gp-quality: fid of wgan_gp < wgan_c0.1`."""
        where = "" if self.everywhere else f" on {', '.join(self.datasets)}"
        chosen = {"any_dataset": ", any dataset", "every_dataset": ", every dataset"}.get(self.decide, "")
        return f"{self.id}: {self._statement()}{where}{chosen if self.test not in ('bound', 'identity') else ''}"

    def _statement(self) -> str:
        margin = f" by {self.margin:g}" if self.margin else ""
        sign = DIRECTIONS.get(self.direction, self.direction)
        match self.test:
            case "":
                return self.says
            case "equivalent":
                form = "not worse than" if self.direction else "equal to"
                return f"{self.metric} of {self.arm} {form} {self.opponent}{margin.replace('by', 'within')}"
            case "bound":
                share = f" within {interval_text(*self.within)}" if self.within else ""
                return f"{self.statistic} of {self.metric}{share} of {self.arm} in {self.opponent}"
            case "trend":
                way = {sign: word for word, sign in TRENDS.items()}.get(self.direction, "")
                over = f"over {self.factor}" if self.factor else "along training"
                return f"{self.metric} of {self.arm} {way} {over}{margin}"
            case "identity":
                return f"{self.metric} of {self.arm} {self.opponent}"
        what = {
            "value": self.metric,
            "spread": f"spread of {self.metric}",
            "best": f"best {self.metric}",
            "share_near_best": f"share within {self.factor_of_best:g} × the best {self.metric}",
        }.get(self.statistic, "")
        return f"{what} of {self.arm} {sign} {self.opponent}{margin}"


def interval_text(low: float | None, high: float | None) -> str:
    """`[0.9, 1.1]`, `≥ 0.9`, `≤ 1.1`."""
    if low is None:
        return f"≤ {high:g}"
    return f"≥ {low:g}" if high is None else f"[{low:g}, {high:g}]"


def waiting(id: str, source: tuple[str, ...], says: str, waits: str) -> Claim:
    """A claim whose test is not written yet."""
    empty: dict[str, Any] = dict.fromkeys(("test", "metric", "statistic", "arm", "against", "direction", "decide"), "")
    return Claim(id=id, source=source, says=says, margin=0.0, datasets=(), waits=waits, **empty)
