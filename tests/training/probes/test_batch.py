"""Whether a score depends on the rest of the batch, held against finite differences."""

from __future__ import annotations

import pytest
import torch

from ablate.config.run_config import RunConfig
from ablate.datasets import dataset_of
from ablate.training.cohort import Cohort
from ablate.training.probes.batch import SAMPLES, cross_sample_slope
from ablate.training.probes.view import CriticView, measure


def view_of(norm: str, architecture: str = "mlp", dataset: str = "digits") -> CriticView:
    """The critics of two members after three steps, in float64."""
    shared = {"width": 8, "batch_size": 8, "generator_steps": 3, "precision": "fp64", "n_critic": 1}
    shared |= {"lipschitz": "gradient_penalty", "lambda_gp": 10.0, "lr": 1e-2, "critic_norm": norm}
    configs = [RunConfig(dataset=dataset, architecture=architecture, seed=seed, **shared) for seed in (3, 4)]
    cohort = Cohort(configs, dataset_of(configs[0]), torch.device("cpu"))
    cohort.advance(3)
    return CriticView(cohort)


@pytest.mark.parametrize(("architecture", "norm"), [
    ("mlp", "none"), ("mlp", "layer"), ("conv", "none"), ("conv", "layer"), ("conv", "instance"),
])  # fmt: skip
def test_a_critic_that_scores_samples_one_by_one_has_no_cross_slope_at_all(architecture: str, norm: str) -> None:
    assert cross_sample_slope(view_of(norm, architecture))[""].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("architecture", ["mlp", "conv"])
def test_with_batch_norm_it_is_the_largest_finite_difference_between_samples(architecture: str) -> None:
    view = view_of("batch", architecture)
    probe = cross_sample_slope(view)[""]
    real, step = view.batch.real[:, :SAMPLES], 1e-6
    largest = torch.zeros(2, dtype=torch.float64)
    with torch.no_grad():
        for j in range(SAMPLES):
            for place in range(real[0, 0].numel()):
                moved = [real.clone() for _ in range(2)]
                for x, sign in zip(moved, (1, -1), strict=True):
                    x[:, j].flatten(1)[:, place] += sign * step
                up, down = (view.cohort.pair.critic(view.critic, x, None) for x in moved)
                slopes = ((up - down) / (2 * step)).abs()
                slopes[:, j] = 0  # its own score may change
                largest = torch.maximum(largest, slopes.amax(1))
    assert (probe > 1e-3).all()
    torch.testing.assert_close(probe, largest, rtol=1e-4, atol=1e-8)


def test_it_is_measured_with_the_other_probes_one_value_a_run() -> None:
    probe = measure(view_of("batch", dataset="ring8").cohort)["cross_sample_slope"]
    assert list(probe) == [""]
    assert len(probe[""]) == 2
