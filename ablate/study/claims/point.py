"""At which point of training a claim takes its metric: at the last evaluation, over the tail, at the best, or at any."""

from __future__ import annotations

from ablate.registry.measures import measure
from ablate.registry.needs import need_words
from ablate.study.claims.claim import DIRECTIONS
from ablate.study.claims.reader import Reader

END, TAIL, BEST, ANY = "end", "tail", "best", "any"
POINT_WORDS = {
    END: "",
    TAIL: "over the last third of training",
    BEST: "at its best evaluation",
    ANY: "at some evaluation",
}
"""How a claim's words name the point; of the last evaluation they name none"""
TAIL_NEEDS = "evaluated_9"
"""So that the last third of the evaluations is a mean of 3 or more"""


def read_point(reader: Reader, metric: str, datasets: tuple[str, ...], arms: list[str], any_fits: bool = False) -> str:
    """The field `at`, by default end; noted where the metric or the claim has no such point.

    any_fits: the claim may be that something holds at some evaluation.
    """
    at = reader.one_of("at", tuple(POINT_WORDS), END) or END
    if "at" not in reader.given or not metric:
        return at
    facts = measure(metric)
    if not facts.has_curve:
        reader.wrong(
            "at", f"at has no effect on {metric}, which is one value a run; expected a metric with a curve", key=True
        )
    elif at == BEST and facts.better not in DIRECTIONS:
        reader.wrong("at", f"no evaluation is the best by {metric}, expected a metric of which one way is better")
    elif at == ANY and not any_fits:
        reader.wrong("at", "at is any, expected it of two arms' values: test: compare with against, statistic: value")
    elif at == TAIL and (few := reader.lacking(TAIL_NEEDS, datasets, arms)):
        where = ", ".join(few)
        reader.wrong("at", f"at is tail, which {where} has too few evaluations for: it needs {need_words(TAIL_NEEDS)}")
    return at


def point_text(at: str) -> str:
    """` over the last third of training`; nothing for the last evaluation."""
    return f" {POINT_WORDS[at]}" if POINT_WORDS[at] else ""
