"""Whole simulated studies: several claims on several datasets, corrected for each other as those of a real study are.

A study is counted as false where any of its headlines says what is not so: at equality any direction, at the margin both that
the difference lies beyond it and that it does not matter, and anywhere that it depends on the dataset.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from ablate.claims.calibration_table import ALLOWED, FEWER, STUDIES, Case, standard_error
from ablate.claims.decide import decide_samples
from ablate.claims.judgement import CONTRADICTED, DEPENDS, NO_DIFFERENCE, REPRODUCED
from ablate.claims.simulation import LAWS, Law, simulated_claim
from ablate.claims.verdict import POOLED
from ablate.study.claims import Claim

if TYPE_CHECKING:
    from ablate.study.study import Study

SIZES = ((1, 3), (6, 1), (12, 1), (6, 3))
"""Claims of a study, and datasets of each"""
FAMILY_LAWS = ("normal", "two humps", "unequal spreads")
FAMILY_SEEDS = (10,)
WHOLE_STUDY = "study of comparisons, "
"""How these lines' kinds begin"""
TRUTHS = {"equality": 0.0, "at the margin": 1.0}


@dataclass(frozen=True)
class SimulatedStudy:
    """What a decision needs of a study."""

    claims: tuple[Claim, ...]
    name: str = "simulated"


def families(
    studies: int = STUDIES // FEWER["families"], seed: int = 0, done: Iterable[Case] = (), command: str = ""
) -> Iterator[Case]:
    """False decisions of studies with 1 to 12 claims on 1 to 3 datasets."""
    there = {(case.kind, case.distribution, case.n, case.datasets, case.claims) for case in done}
    for truth, margin in TRUTHS.items():
        for claims, datasets in SIZES:
            for law in FAMILY_LAWS:
                for n in FAMILY_SEEDS:
                    kind = f"{WHOLE_STUDY}{truth}"
                    if (kind, law, n, datasets, claims) not in there:
                        yield family(kind, claims, datasets, law, n, margin, studies, seed, command)


def family(
    kind: str,
    claims: int,
    datasets: int,
    law_name: str,
    n: int,
    margin: float,
    studies: int,
    seed: int,
    command: str = "",
) -> Case:
    """One cell of the table; `margin`, in standard deviations, is where the truth lies too."""
    law = Law(law_name, np.random.default_rng([seed, claims, datasets, LAWS.index(law_name), n, round(margin)]))
    where = tuple(f"d{i}" for i in range(datasets))
    width = law.margin(margin) if margin else 0.0
    study = SimulatedStudy(
        tuple(simulated_claim("compare", id=f"c{i}", margin=width, datasets=where) for i in range(claims))
    )
    counts = dict.fromkeys((REPRODUCED, CONTRADICTED, NO_DIFFERENCE, DEPENDS), 0)
    false = 0
    for _ in range(studies):
        verdicts = decide_samples(
            cast("Study", study), lambda *_: law.samples(*law.pair(-margin, n), names=("a", "b")), tell_seeds=False
        )
        words = {verdict.verdict for verdict in verdicts if verdict.dataset == POOLED}
        for word in counts:
            counts[word] += word in words
        false += bool(words & set(counts))
    reproduced, contradicted, same, depends = (count / studies for count in counts.values())
    error = standard_error(false / studies, studies)
    return Case(
        kind, law_name, n, law.other_n(n), datasets, claims, 0.0, studies, reproduced, contradicted, same, depends,
        false / studies, error,
        false / studies > ALLOWED + 2 * error, seed, command,
    )  # fmt: skip
