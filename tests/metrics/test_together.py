"""Evaluating the runs of a cohort together gives what evaluating each alone in float64 gives."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping

import pytest
import torch
from torch import Tensor

from ablate.datasets import load_dataset
from ablate.metrics import evaluation
from ablate.metrics.evaluation import Evaluation, Evaluations, Reference, evaluate, evaluate_all
from ablate.metrics.features import ClassifierFeatures
from ablate.registry import register
from ablate.registry import registry as registry_of_components

N, MEMBERS = 600, 3


class Float64Features(ClassifierFeatures):
    """The classifier in double precision, layer by layer as it was trained."""

    def __init__(self, fast: ClassifierFeatures):
        super().__init__(fast.classifier, fast.fingerprint)
        self.exact = copy.deepcopy(fast.classifier).double().eval()

    def features(self, samples: Tensor) -> Tensor:
        with torch.no_grad():
            return self.exact.embed(samples)

    def probabilities(self, features: Tensor) -> Tensor:
        with torch.no_grad():
            scores: Tensor = self.exact.head(features)
        return scores.softmax(1)


def samples_of(name: str) -> Tensor:
    """Three generators: near the real data, but at none of them, where distances would tie; wide; collapsed to little."""
    real = load_dataset(name, {}).reference(N, 5)[0]
    noise = torch.randn(real.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return torch.stack([real + 0.01 * noise, real + 0.3 * noise, real[:1] + 0.05 * noise])


@pytest.fixture(params=[1, 2, 3], ids="{}_at_once".format)
def at_once(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stacked as on a GPU, as on a CPU, and with a rest."""
    monkeypatch.setattr(evaluation, "AT_ONCE", {"cpu": request.param})


def assert_equal(together: Mapping[str, float], alone: Mapping[str, float]) -> None:
    assert together.keys() == alone.keys()
    for name, value in together.items():
        assert value == pytest.approx(alone[name], rel=1e-6, abs=1e-12), name


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("name", ["ring8", "digits"])
def test_every_metric_of_three_runs_together_is_that_of_each_alone_in_float64(name: str) -> None:
    dataset, samples = load_dataset(name, {}), samples_of(name)
    reference, exact = Reference(dataset, N), Reference(dataset, N)
    if isinstance(exact.extractor, ClassifierFeatures):
        exact = Reference(dataset, N, Float64Features(exact.extractor))
    labels = torch.arange(N) % 10 if name == "digits" else None
    together = evaluate_all(samples, labels, reference, True, [{}] * MEMBERS)
    for values, own in zip(together, samples, strict=True):
        alone = evaluate(own, labels, exact)
        assert len(alone) > 12
        assert all(math.isfinite(value) for value in alone.values())
        assert_equal(values, alone)


@pytest.mark.usefixtures("at_once")
def test_a_run_that_cannot_be_measured_changes_nothing_for_the_others() -> None:
    reference, samples = Reference(load_dataset("ring8", {}), N), samples_of("ring8")
    samples[1, 7] = math.inf
    first, ill, last = evaluate_all(samples, None, reference, False, [{}] * MEMBERS)
    assert all(math.isnan(value) for value in ill.values())
    assert ill.keys() == first.keys()
    for values, own in ((first, samples[0]), (last, samples[2])):
        assert_equal(values, evaluate(own, None, reference, False))


def test_each_run_is_measured_by_the_metrics_whose_needs_its_own_settings_meet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registry_of_components, "_plugins", dict(registry_of_components._plugins))
    monkeypatch.setattr(registry_of_components, "sources", {})

    @register("need", "seed_1", words="the seed 1")
    def seed_1(subject: object) -> bool:
        return subject.settings.get("seed") == 1  # type: ignore[attr-defined]

    @register("metric", "mean_x", better="none", needs=("points", "seed_1"))
    def mean_x(e: Evaluation) -> float:
        return float(e.samples[:, 0].mean())

    samples = samples_of("ring8")
    settings = [{"seed": seed} for seed in range(MEMBERS)]
    values = evaluate_all(samples, None, Reference(load_dataset("ring8", {}), N), False, settings)
    assert ["mean_x" in own for own in values] == [False, True, False]
    assert values[1]["mean_x"] == float(samples[1, :, 0].mean())


def test_what_metrics_share_is_computed_once_for_all_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    reference, samples = Reference(load_dataset("digits", {}), N), samples_of("digits")
    sizes = []
    compute = reference.extractor.features
    monkeypatch.setattr(reference.extractor, "features", lambda x: sizes.append(len(x)) or compute(x))
    evaluate_all(samples, None, reference, True, [{}] * MEMBERS)
    assert sizes == [MEMBERS * N]


def test_a_work_of_all_runs_is_done_once_and_each_gets_its_own_part() -> None:
    reference, samples = Reference(load_dataset("ring8", {}), N), samples_of("ring8")
    runs = Evaluations(samples, None, reference)
    calls = []

    def means(runs: Evaluations) -> Tensor:
        calls.append(1)
        return runs.samples.mean((1, 2))

    parts = [Evaluation(own, None, reference, (runs, m)).together(means) for m, own in enumerate(samples)]
    assert torch.equal(torch.stack(parts), samples.mean((1, 2)))
    assert len(calls) == 1
