"""The column of a table of results that says of each arm whether it still improved when training ended."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ablate.claims.late_budget import Late, late
from ablate.claims.study_rows import StudyRows
from ablate.registry.measures import shown_in

COLUMN = "late training"
MEANS = (
    "How the arm changed late in training, by lines of the log metric of each run over the last third of the evaluations (of "
    "fewer than 9, the last half), as the change of the median over a third of the training. Improving, worsening: a "
    "signed-rank test over runs finds a change, by more than 10 % in the median; level: the 95 % interval of the median lies "
    "within 10 %; slow: an improvement of less than that; noisy: none of these. It takes 5 evaluations or more."
)


def late_texts(rows: StudyRows, dataset: str, arms: Sequence[str]) -> dict[str, list[str]]:
    """arm → `fid improving, −29 %`, of each metric of learning curves; {} where no arm has a word."""
    names = [of.name for of in shown_in("curves")]
    flags = {arm: {name: late(rows, name, dataset, arm) for name in names} for arm in arms}
    told = {arm: [_text(name, flag) for name, flag in own.items() if flag] for arm, own in flags.items()}
    return told if any(told.values()) else {}


def _text(name: str, flag: Late) -> str:
    change = f", {round(100 * flag.change) or 0:+d} %".replace("-", "−") if math.isfinite(flag.change) else ""
    return f"{name} {flag.word}{change}"
