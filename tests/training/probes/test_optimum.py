"""Probes of the optimum: with a critic that is known by formula they give what quadrature and linear programs give."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from scipy.optimize import linprog
from torch import Tensor

from ablate.config.run_config import RunConfig
from ablate.datasets import load_dataset
from ablate.metrics.transport import plan
from ablate.training.cohort import Cohort
from ablate.training.probes import optimum as probes
from ablate.training.probes.view import CriticView, measure

CPU = torch.device("cpu")
Score = Callable[[Tensor], Tensor]
LINE_2: Score = lambda x: -x[..., 0]  # noqa: E731


class Known(CriticView):
    """A view of a critic that is given by a formula."""

    def __init__(self, cohort: Cohort, score: Score):
        super().__init__(cohort)
        self.known = score

    def score(self, x: Tensor) -> Tensor:
        return self.known(x)


def cohort(
    dataset: str, fakes: str = "counterpart", loss: str = "wasserstein", members: int = 2, **options: float
) -> Cohort:
    runs = [
        RunConfig.model_validate(
            {"dataset": dataset, "dataset_options": options, "fakes": fakes, "loss": loss, "width": 8, "depth": 2,
             "generator_steps": 1, "seed": seed}
        )
        for seed in range(members)
    ]  # fmt: skip
    return Cohort(runs, load_dataset(dataset, dict(runs[0].dataset_options)), CPU)


def view(score: Score, dataset: str = "parallel_lines", **options: float) -> Known:
    return Known(cohort(dataset, **options), score)


def close(probe: dict[str, Tensor], value: float, tolerance: float = 1e-9) -> None:
    assert probe[""].tolist() == pytest.approx([value] * 2, abs=tolerance)


# ── against a known counterpart ─────────────────────────────────────────────────────────────────────────────────────


def test_the_optimal_discriminator_of_normals_attains_their_divergence_and_has_no_error() -> None:
    p, q = stats.norm(), stats.norm(1, 2)
    middle = lambda x: (p.pdf(x) + q.pdf(x)) / 2  # noqa: E731
    parts = [
        integrate.quad(lambda x, law=law: law.pdf(x) * np.log(law.pdf(x) / middle(x)), -15, 15)[0] for law in (p, q)
    ]
    logit = lambda x: torch.from_numpy(p.logpdf(x[..., 0]) - q.logpdf(x[..., 0]))  # noqa: E731
    optimal = view(logit, "normals", distance=1, spread=2)
    close(probes.js_estimate(optimal), sum(parts) / 2, 0.01)  # 8192 samples: a standard error of about 0.003
    close(probes.optimum_error(optimal), 0)


def test_an_undecided_discriminator_sees_no_divergence_and_errs_by_a_half_on_lines_that_are_apart() -> None:
    undecided = view(lambda x: 0 * x[..., 0], distance=1)
    close(probes.js_estimate(undecided), 0)
    close(probes.optimum_error(undecided), 0.5)


def test_a_sure_discriminator_of_lines_finds_log_2_and_a_wrong_one_less_than_nothing() -> None:
    sure = lambda x: 200 * (0.5 - x[..., 0])  # noqa: E731
    close(probes.js_estimate(view(sure, distance=1)), math.log(2))
    assert (probes.js_estimate(view(lambda x: -sure(x), distance=1))[""] < 0).all()


def test_the_value_of_the_optimal_critic_of_lines_is_their_distance() -> None:
    for distance in (0.25, 4.0):
        close(probes.w1_estimate(view(LINE_2, distance=distance)), distance)
        close(probes.w1_ratio(view(LINE_2, distance=distance)), 1)
    close(probes.w1_ratio(view(lambda x: 3 * LINE_2(x), distance=2)), 3)


def test_there_is_no_ratio_to_a_distance_of_0() -> None:
    assert probes.w1_ratio(view(LINE_2, distance=0))[""].isnan().all()


# ── against the exact transport plan ────────────────────────────────────────────────────────────────────────────────


def dual_of(points: np.ndarray) -> tuple[np.ndarray, float]:
    """The dual problem's best scores for n real and then n fake points, and its value, by a linear program."""
    n = len(points) // 2
    weights = np.repeat([1 / n, -1 / n], n)
    apart = np.linalg.norm(points[:, None] - points, axis=2)
    rows, limits = [], []
    for i in range(2 * n):
        for j in range(2 * n):
            if i != j:
                row = np.zeros(2 * n)
                row[i], row[j] = 1, -1
                rows.append(row)
                limits.append(apart[i, j])
    solution = linprog(-weights, np.array(rows), np.array(limits), bounds=[(-50, 50)] * (2 * n))
    return solution.x, -solution.fun


def test_the_best_scores_of_the_dual_attain_the_whole_distance_and_no_others_more() -> None:
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.normal(size=(9, 2)), rng.normal(size=(9, 2)) * 2 + 1])
    best, value = dual_of(points)
    real, fake = torch.from_numpy(points[:9]), torch.from_numpy(points[9:])
    matched = real[plan(fake, real)]
    distance = float((matched - fake).norm(dim=1).mean())
    assert value == pytest.approx(distance, rel=1e-7)
    scores = torch.from_numpy(np.stack([best, *rng.normal(size=(20, 18))]))
    slopes = probes.steepest(torch.from_numpy(points).expand(21, -1, -1), scores)
    shares = (scores[:, :9].mean(1) - scores[:, 9:].mean(1)) / (slopes * distance)
    assert float(shares[0]) == pytest.approx(1, rel=1e-6)
    assert (shares[1:] < 1).all()


def test_the_largest_slope_is_that_of_the_steepest_pair_and_equal_points_are_no_pair() -> None:
    points = torch.tensor([[[0.0, 0], [3, 4], [0, 1], [0, 1]]], dtype=torch.float64)
    scores = torch.tensor([[0.0, 10, 1.5, 1.5]], dtype=torch.float64)
    assert probes.steepest(points, scores).tolist() == pytest.approx([8.5 / 18**0.5])


def test_a_share_of_the_distance_does_not_depend_on_scale_or_level_and_is_0_for_a_constant() -> None:
    bent: Score = lambda x: -x[..., 0] + 0.3 * (5 * x[..., 1]).sin()  # noqa: E731
    share = probes.w1_share(view(bent, distance=1))[""]
    assert ((share > 0) & (share < 1)).all()
    assert torch.allclose(probes.w1_share(view(lambda x: 1e-6 * bent(x) + 1e-3, distance=1))[""], share, rtol=1e-4)
    assert probes.w1_share(view(lambda x: 0 * x[..., 0] + 2, distance=1))[""].tolist() == [0, 0]


def test_far_apart_the_linear_critic_attains_nearly_all_of_the_distance_of_samples() -> None:
    share = probes.w1_share(view(LINE_2, distance=4))[""]
    assert ((share > 0.999) & (share <= 1)).all()


@pytest.mark.parametrize(("score", "cosine"), [(LINE_2, 1), (lambda x: x[..., 0], -1), (lambda x: x[..., 1], 0)])
def test_the_cosine_is_1_where_the_critic_points_at_the_partner(score: Score, cosine: float) -> None:
    # the partner of (5, y) is (0, y′) with y′ near y
    close(probes.transport_cosine(view(score, distance=5)), cosine, 0.01)


def test_a_critic_without_a_slope_points_nowhere() -> None:
    close(probes.transport_cosine(view(lambda x: 0 * x[..., 0], distance=5)), 0)


def test_partners_are_a_rearrangement_of_the_real_samples_of_least_cost() -> None:
    pair = view(LINE_2, distance=1)
    real, fake = pair.batch.real.double(), pair.fake.double()
    for own, given, other in zip(real, pair.partners, fake, strict=True):
        assert torch.equal(given[:, 1].sort().values, own[:, 1].sort().values)
        assert torch.equal(given[other[:, 1].argsort(), 1], own[:, 1].sort().values)  # on lines: in order


def test_slopes_between_partners_are_those_of_the_critic_there() -> None:
    for steepness, share in ((1.0, 1.0), (1.19, 1.0), (2.0, 0.0)):
        steep = view(lambda x, s=steepness: s * LINE_2(x), distance=1)
        close(probes.plan_slope_mean(steep), steepness)
        close(probes.plan_unit_slope_share(steep), share)
    half: Score = lambda x: -(x[..., 0] - 0.5).relu()  # noqa: E731
    close(probes.plan_unit_slope_share(view(half, distance=1)), 0.5, 0.1)  # ε is uniform: about half lie beyond ½


# ── which cohort has which probe ────────────────────────────────────────────────────────────────────────────────────


def test_probes_are_measured_where_their_needs_are_met() -> None:
    generator = set(measure(cohort("ring8", "generator")))
    noisy = set(measure(cohort("ring8", "noisy_real"))) - generator
    known = set(measure(cohort("normals"))) - generator
    judge = set(measure(cohort("normals", loss="minimax"))) - generator
    assert generator == {
        "cross_sample_slope",
        "critic_slope_mean",
        "critic_slope_p95",
        "share_at_bound",
        "weight_gradient_norm",
        "layer_slope",
        "output_gradient_norm",
        "output_slope",
        "output_slope_size",
        "unit_slope_share",
        "weight_histogram",
    }
    assert noisy == {"w1_share", "transport_cosine", "plan_slope_mean", "plan_unit_slope_share"}
    assert known - noisy == {"w1_estimate", "w1_ratio"}
    assert judge - known == {"js_estimate", "optimum_error"}


def test_work_that_probes_share_is_done_once_for_each_view() -> None:
    calls = []
    score: Score = lambda x: calls.append(len(x)) or LINE_2(x)  # type: ignore[func-returns-value]  # noqa: E731
    pair = view(score, distance=1)
    probes.w1_estimate(pair)
    probes.w1_ratio(pair)
    assert len(calls) == 2  # real and fake
    probes.w1_estimate(view(score, distance=1))
    assert len(calls) == 4


def test_the_share_of_unit_slopes_is_that_of_the_interpolates() -> None:
    pair = cohort("ring8", "noisy_real")
    slopes = CriticView(pair).slopes.numpy()
    expected = np.mean((slopes >= 0.8) & (slopes <= 1.2), axis=1)
    assert measure(pair)["unit_slope_share"][""] == pytest.approx(list(expected))
