"""A metric's value does not depend on which metrics were computed before it, nor on what else was evaluated."""

from __future__ import annotations

import pytest
import torch

from ablate import registry
from ablate.datasets import load_dataset
from ablate.metrics.evaluation import Evaluation, Reference, evaluate

N = 600


@pytest.mark.parametrize("name", ["ring8", "digits"])
def test_each_metric_alone_or_in_reverse_order_is_what_evaluate_gives(name: str) -> None:
    dataset = load_dataset(name, {})
    samples, labels = dataset.reference(N, 5)
    asked = labels if name == "digits" else None
    values = evaluate(samples, asked, Reference(dataset, N))
    entries = registry.entries("metric")
    alone = {m: float(entries[m].load()(Evaluation(samples, asked, Reference(dataset, N)))) for m in values}
    shared = Evaluation(samples, asked, Reference(dataset, N))
    backwards = {m: float(entries[m].load()(shared)) for m in reversed(list(values))}
    assert values == alone == backwards  # to the last bit: the same operations on the same numbers


@pytest.mark.parametrize("name", ["ring8", "digits"])
def test_evaluating_leaves_the_samples_and_the_reference_as_they_were(name: str) -> None:
    dataset = load_dataset(name, {})
    samples, reference = dataset.reference(N, 5)[0], Reference(dataset, N)
    before = samples.clone(), reference.samples.clone(), reference.features.clone()
    first = evaluate(samples, None, reference)
    evaluate(torch.zeros_like(samples), None, reference)  # a collapsed run in between
    assert evaluate(samples, None, reference) == first
    for kept, now in zip(before, (samples, reference.samples, reference.features), strict=True):
        assert torch.equal(kept, now)


def test_evaluating_draws_nothing_from_the_global_generator() -> None:
    dataset = load_dataset("ring8", {})
    state = torch.get_rng_state()
    evaluate(dataset.reference(N, 5)[0], None, Reference(dataset, N))
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    ("name", "n", "protocol"),
    [
        ("grid25", 1500, "fid_identity_1500"),
        ("digits", 10_000, "fid_classifier_10k"),
        ("digits", 1500, "fid_classifier_1500"),
    ],
)
def test_the_protocol_counts_generated_samples_even_where_fewer_real_ones_exist(
    name: str, n: int, protocol: str
) -> None:
    assert Reference(load_dataset(name, {}), n).protocol == protocol
