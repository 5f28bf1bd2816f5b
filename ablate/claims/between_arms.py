"""Two arms of a study held against each other by any metric: a question that no claim asked beforehand."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ablate import registry
from ablate.claims.decide import decide
from ablate.claims.judgement import CONTRADICTED, REPRODUCED
from ablate.claims.verdict import Verdict
from ablate.errors import UsageError
from ablate.registry.measures import measure, measures
from ablate.study.claims import Claim
from ablate.study.claims.association import spearman_of

if TYPE_CHECKING:
    from ablate.results.tables import Results
    from ablate.study.study import Study

CLAIM = "contrast"
"""Part of the claim's key, of which the bootstrap's seed is made: another text would give other intervals"""


def between_arms(study: Study, results: Results, arm: str, against: str, metric: str) -> list[Verdict]:
    """Pooled over datasets first, then on each; "reproduced" means that `arm` is better.

    Better is what the metric says of itself, else less. Nothing is corrected for other questions asked of the same
    tables. UsageError for an unknown arm or metric.
    """
    for name in (arm, against):
        if name not in study.arms:
            raise UsageError(f"--arm {name}: {registry.unknown('arm', name, study.arms)}")
    if arm == against:
        raise UsageError(f"--arm {arm} is given twice, expected two different arms")
    if (results.runs["status"] == "pruned").any():
        raise UsageError(
            f"{results.folder}: draws were pruned there, so that arms would be compared by those that started well; "
            f"`ablate best {study.path}` writes a study of the best draws, in which nothing is pruned"
        )
    known = list(measures())
    if metric not in known and not spearman_of(metric) and metric not in results.runs.columns:
        raise UsageError(f"--metric {metric}: {registry.unknown('metric', metric, known)}")
    better = measure(metric).better
    claim = Claim(
        id=CLAIM, source=(), says="", test="compare", metric=metric, statistic="value", arm=arm, against=against,
        direction="less" if better == "none" else better, margin=0.0, datasets=study.datasets, decide="pooled",
    )  # fmt: skip
    return decide(replace(study, claims=(claim,)), results)


def better_arm(verdict: Verdict) -> str:
    """The better arm; nothing where that is not decided."""
    return {REPRODUCED: verdict.arm, CONTRADICTED: verdict.against}.get(verdict.verdict, "")
