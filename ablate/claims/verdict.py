"""A verdict: what a claim's runs decided, as the table of verdicts and the page hold it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

POOLED = "pooled"
"""The dataset of a headline"""


@dataclass(frozen=True)
class Verdict:
    """The outcome of one claim on one dataset, or over the claim's datasets."""

    study: str
    claim: str
    source: tuple[str, ...]
    says: str
    dataset: str
    """a dataset's label, or "pooled": the headline"""
    datasets: tuple[str, ...]
    """the datasets that it rests on"""
    kind: str
    metric: str
    statistic: str
    arm: str
    against: str
    direction: str
    margin: float
    decide: str
    n: tuple[int, int]
    """runs compared: of the arm, of the other; summed over datasets"""
    seeds: int
    """the fewest seeds of an arm on a dataset"""
    diverged: tuple[int, int]
    missing: tuple[int, int]
    scale: str
    """ratio: effect is arm ÷ other, no effect is 1; difference: arm − other, no effect is 0; value: of the arm itself"""
    effect: float
    low: float
    high: float
    p: float
    """two-sided"""
    p_adjusted: float
    """Holm, within the study's headlines or within the dataset's verdicts"""
    method: str
    improvement: float
    """probability that a run of the arm beats one of the other in the claimed direction; ties count one half"""
    improvement_low: float
    improvement_high: float
    cliffs_delta: float
    """2 · improvement − 1: positive is what the claim says"""
    verdict: str
    reason: str
    seeds_needed: int | None
    look: int | None = None
    """of a study that goes by looks: the one that decided it, or was the last so far, from 1; n, p and interval are its"""
    looks: tuple[str, ...] = ()
    """the numbers of seeds of all looks"""
    share: float = math.nan
    """the look's share of the error: p is the least of p / share over the looks so far"""
    target_low: float = math.nan
    """of a bound: where the claim places the statistic, ±inf at an open end"""
    target_high: float = math.nan
    at: str = "end"
    """at which point of training the metric is taken"""
    sustained: str = ""
    """yes, no: the verdict is also that of every evaluation of the second half, as an intersection–union test"""
    since_step: int | None = None
    """the first evaluation from which on the same rule gives the same verdict at every later one"""
    budget: tuple[str, str] = ("", "")
    """whether the arm, and the other, still improved when training ended: improving, worsening, level, slow or noisy"""
    budget_limited: str = ""
    """yes, no: the verdict is about quality, and the arm that loses still improved; empty where that is not known"""
    effect_trend: str = ""
    """whether the effect is growing, steady or shrinking over the second half of training"""
    meets_margin_at: int | None = None
    """where it shrinks: the step at which it would meet the margin, by a straight line in log steps; no promise"""
    p_project: float = math.nan
    """of a headline: Holm, within those of all studies together; told, and nothing is decided by it"""
    written: str = ""
    """when its claim was written down, in words; empty where its study was not run"""

    @property
    def key(self) -> str:
        """What is compared, in short; the datasets and the margin are not named."""
        return f"{self.claim}: {self.arm} vs {self.against}, {self.metric}, {self.statistic}"


def with_datasets(verdicts: Iterable[Verdict]) -> list[tuple[Verdict, list[Verdict]]]:
    """Each headline with the verdicts on its datasets, which follow it."""
    pieces: list[tuple[Verdict, list[Verdict]]] = []
    for verdict in verdicts:
        if verdict.dataset == POOLED:
            pieces.append((verdict, []))
        else:
            pieces[-1][1].append(verdict)
    return pieces
