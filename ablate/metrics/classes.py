"""Classes of generated images by the classifier's judgement."""

from __future__ import annotations

from torch import Tensor

from ablate.metrics.basins import class_counts
from ablate.metrics.evaluation import Evaluation, Evaluations
from ablate.metrics.modes import counted, counts, kl, modes_at_20
from ablate.registry import register

CONFIDENCE = 0.9
REAL_SHARE = 0.25
"""A class is covered with at least this part of its real share; both thresholds are ours"""


@register("metric", "covered_classes", better="greater", needs=("classes",), shown=("table",), order=6)
def covered_classes(e: Evaluation) -> float:
    """Classes with at least a quarter of their real share among all samples, each judged with confidence ≥ 0.9."""
    return float((e.together(_confident) >= REAL_SHARE * e.reference.class_shares * len(e.samples)).sum())


def _confident(runs: Evaluations) -> Tensor:
    """Samples judged with confidence, of each class: [member, class], on the CPU."""
    probability, label = runs.probabilities.max(2)
    return counted(label, len(runs.reference.class_shares), probability >= CONFIDENCE).cpu()


@register("metric", "class_kl", better="less", scale="ratio", needs=("classes",))
def class_kl(e: Evaluation) -> float:
    """KL in nats from the generated samples' shares of the classes to the real ones."""
    count = e.together(class_counts).double()
    return kl(count / count.sum(), e.reference.class_shares)


@register("metric", "label_accuracy", better="greater", needs=("labels",), shown=("table",), order=10)
def label_accuracy(e: Evaluation) -> float:
    """Share of samples that the classifier gives the label that was asked for."""
    assert e.labels is not None
    return float((e.judged == e.labels).double().mean())


@register(
    "metric", "mode_coverage", better="greater", needs=("modes or classes",), shown=("table", "levels", "reference"),
    order=4,
)  # fmt: skip
def mode_coverage(e: Evaluation) -> float:
    """modes@20 over the number of modes; for images, covered classes over the number of classes."""
    if e.reference.dataset.modes is not None:
        return modes_at_20(e) / len(counts(e))
    return covered_classes(e) / len(e.reference.class_shares)
