"""Classes of unequal shares and another scale: one mechanism for all sets of ten classes of images."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from ablate.config.run_config import RunConfig
from ablate.datasets import load_dataset
from ablate.datasets.base import Dataset
from ablate.datasets.shares import variant
from ablate.metrics.evaluation import Reference, evaluate
from ablate.registry.components import dataset_options
from ablate.training.cohort import Cohort
from ablate.training.probes.view import CriticView
from ablate.training.run import run_cohort
from ablate.training.sampling import sample
from tests.support.small_runs import CPU, configs

SETS = ("digits", "mnist", "mnist32", "mnist5k", "fashion_mnist")
DIGITS = load_dataset("digits", {})
SCALED = load_dataset("digits", {"scale": 4.0})


def shares(dataset: Dataset) -> np.ndarray:
    assert dataset.labels is not None
    return np.bincount(dataset.labels.numpy(), minlength=10) / len(dataset.labels)


@pytest.mark.parametrize("name", SETS)
def test_every_set_of_ten_classes_has_both_options_and_at_their_defaults_the_run_it_had(name: str) -> None:
    options, like = dataset_options(name), dataset_options("digits")
    assert {"imbalance", "scale"} <= set(options)
    assert not any(options[o].differences(like[o]) for o in like)
    settings = {"dataset": name, "generator_steps": 100}
    plain, same, other = (
        RunConfig.model_validate({**settings, "dataset_options": given})
        for given in ({}, {"imbalance": 1, "scale": 1}, {"scale": 2})
    )
    assert plain.run_id == same.run_id != other.run_id
    assert same.dataset_options == {}


@pytest.mark.parametrize("name", SETS)
def test_a_variant_is_judged_by_the_classifier_of_the_whole_set_and_asks_for_its_own_shares(name: str) -> None:
    whole = replace(DIGITS, name=name, classifier="mnist" if name == "mnist5k" else "")
    tailed = variant(whole, 30.0, 2.0, whole.classifier)
    assert tailed.classifier == (whole.classifier or name)
    assert (tailed.name, tailed.scale, tailed.equal_classes) == (name, 2.0, False)
    assert shares(tailed) == pytest.approx(30 ** (-np.arange(10) / 9) / (30 ** (-np.arange(10) / 9)).sum(), abs=0.005)
    asked = np.bincount(tailed.asked_labels(2000).numpy(), minlength=10) / 2000
    assert np.abs(asked - shares(tailed)).max() < 0.005
    assert len({whole.fingerprint, tailed.fingerprint, variant(whole, 30.0, 1.0).fingerprint}) == 3
    assert variant(whole, 1.0, 1.0, whole.classifier) == whole


def test_metrics_of_classes_compare_with_the_real_shares_of_5000_images_of_mnist() -> None:
    tailed = load_dataset("mnist5k", {"imbalance": 20.0})
    assert np.bincount(tailed.labels.numpy()).tolist() == [round(500 * 20 ** (-k / 9)) for k in range(10)]  # type: ignore[union-attr]
    reference = Reference.of(tailed, 1000)
    real, labels = tailed.reference(1000, 5)
    even = load_dataset("mnist5k", {}).reference(1000, 5)[0]
    assert evaluate(real, labels, reference, only=("class_kl",))["class_kl"] < 0.02
    assert evaluate(even, None, reference, only=("class_kl",))["class_kl"] > 0.2
    assert reference.class_shares.numpy() == pytest.approx(shares(tailed))


def test_the_critic_sees_real_and_generated_images_multiplied_by_the_scale() -> None:
    runs = configs(2, lipschitz="gradient_penalty", lambda_gp=10.0)
    plain, scaled = (CriticView(Cohort(runs, dataset, CPU)) for dataset in (DIGITS, SCALED))
    assert torch.equal(scaled.batch.real, 4 * plain.batch.real)
    assert torch.equal(scaled.fake, 4 * plain.fake)
    assert float(scaled.batch.real.max()) == 4


def test_the_critics_loss_and_its_penalty_are_those_of_scaled_images() -> None:
    runs = configs(1, conditional=False, generator_norm="none", loss="wasserstein")
    cohort = Cohort(runs, SCALED, CPU)
    view = CriticView(cohort)
    loss = cohort.steps.critic_loss(cohort.critic, view.fake, view.batch)[0]
    between = view.batch.epsilon[..., None, None, None]
    x = (between * view.batch.real + (1 - between) * view.fake).requires_grad_()
    (slopes,) = torch.autograd.grad(cohort.pair.critic(cohort.critic, x, None).sum(), x)
    penalty = 10 * (slopes.flatten(2).norm(dim=2) - 1).square().mean()
    real, fake = (cohort.pair.critic(cohort.critic, y, None).mean() for y in (view.batch.real, view.fake))
    assert float(loss) == pytest.approx(float(fake - real + penalty), rel=1e-4)


def test_metrics_and_pictures_see_images_in_their_own_range() -> None:
    assert torch.equal(SCALED.reference(500, 3)[0], DIGITS.reference(500, 3)[0])
    whole, scaled = Reference.of(DIGITS, 500), Reference.of(SCALED, 500)
    assert torch.equal(whole.features, scaled.features)
    assert scaled.extractor.fingerprint == whole.extractor.fingerprint
    runs = configs(1)
    first, second = (sample(Cohort(runs, dataset, CPU), 50)[0] for dataset in (DIGITS, SCALED))
    assert torch.equal(first, second), "before the first step the generators are the same"


def test_a_scaled_run_trains_otherwise_and_is_measured_as_any_other() -> None:
    few = {"generator_steps": 20, "evaluations": 1}
    (plain,), (scaled,) = (
        run_cohort(configs(1, **few), CPU),
        run_cohort(configs(1, dataset_options={"scale": 4.0}, **few), CPU),
    )
    assert set(plain.final) == set(scaled.final)
    assert scaled.facts["fid_floor"] == pytest.approx(plain.facts["fid_floor"])
    assert np.isfinite(scaled.final["fid"])
    assert scaled.final["fid"] != plain.final["fid"]
    assert scaled.final["critic_slope_mean"] != pytest.approx(plain.final["critic_slope_mean"], rel=0.01)


def test_pictures_of_fakes_that_no_generator_made_are_in_the_range_of_images_too() -> None:
    settings = {
        "fakes": "noisy_real",
        "conditional": False,
        "generator_norm": "none",
        "generator_steps": 2,
        "evaluations": 1,
    }
    (outcome,) = run_cohort(configs(1, dataset_options={"scale": 100.0}, **settings), CPU)
    # noise of 1 is a hundredth of these images' range, and theirs have 17 grey levels
    ink = DIGITS.reference(500, 0)[0]
    assert np.asarray(outcome.samples, float).mean() / 127.5 - 1 == pytest.approx(float(ink.mean()), abs=0.05)
