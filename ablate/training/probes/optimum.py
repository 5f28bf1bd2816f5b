"""Probes that hold a critic against the optimum: a known discriminator and distance, or an exact transport plan.

Most are measured where the fakes are a fixed distribution, in float64.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from ablate.datasets.base import Counterpart
from ablate.registry import register
from ablate.training.lipschitz import interpolate, slope
from ablate.training.probes.view import CriticView

NEAR_ONE = (0.8, 1.2)


def _truth(view: CriticView) -> Counterpart:
    assert view.cohort.dataset.counterpart is not None
    return view.cohort.dataset.counterpart


def _wide_scores(view: CriticView) -> tuple[Tensor, Tensor]:
    real, fake = view.wide
    with torch.no_grad():
        return view.score(real), view.score(fake)


@register("probe", "js_estimate", needs=("counterpart", "log_loss"))
def js_estimate(view: CriticView) -> dict[str, Tensor]:
    """Jensen–Shannon divergence by the discriminator: log 2 less half its loss, a lower bound that the optimum attains."""
    real, fake = view.once(_wide_scores)
    return {"": math.log(2) - (F.softplus(-real).mean(1) + F.softplus(fake).mean(1)) / 2}


@register("probe", "optimum_error", better="less", scale="ratio", needs=("counterpart", "log_loss"))
def optimum_error(view: CriticView) -> dict[str, Tensor]:
    """Mean absolute error of the discriminator's probability against p_r/(p_r+p_g), over real samples and fakes."""
    points, scores = torch.cat(view.wide, dim=1), torch.cat(view.once(_wide_scores), dim=1)
    return {"": (scores.sigmoid() - _truth(view).discriminator(points)).abs().mean(1)}


@register("probe", "w1_estimate", needs=("counterpart",))
def w1_estimate(view: CriticView) -> dict[str, Tensor]:
    """The critic's value: mean score of real samples less that of fakes."""
    real, fake = view.once(_wide_scores)
    return {"": real.mean(1) - fake.mean(1)}


@register("probe", "w1_ratio", scale="ratio", needs=("counterpart",))
def w1_ratio(view: CriticView) -> dict[str, Tensor]:
    """The critic's value over the exact 1-Wasserstein distance; none where that is 0."""
    return {"": w1_estimate(view)[""] / (_truth(view).w1 or math.nan)}


@register("probe", "w1_share", better="greater", needs=("fixed_fakes", "points"))
def w1_share(view: CriticView) -> dict[str, Tensor]:
    """The critic's value over its largest slope, as a share of the exact earth mover's distance of the same samples.

    The slope is the largest between any two of the samples, real or fake. Divided by it the scores are a feasible
    solution of the transport's dual problem, so that the share is never above 1, and 1 for the optimal critic.
    """
    real, fake = view.batch.real.double(), view.fake.double()
    points = torch.cat([real, fake], dim=1)
    with torch.no_grad():
        scores = view.score(points)
    of_real, of_fake = scores.chunk(2, dim=1)
    distance = (view.partners - fake).norm(dim=2).mean(1)
    largest = steepest(points, scores)
    value = of_real.mean(1) - of_fake.mean(1)
    return {"": torch.where(largest > 0, value / largest, 0.0) / distance}


def steepest(points: Tensor, scores: Tensor) -> Tensor:
    """The largest ratio of |difference of scores| to distance of two points: [member], of [member, n, d] and [member, n]."""
    steepest_of_members = []
    for x, y in zip(points, scores, strict=True):
        distance = torch.cdist(x, x, compute_mode="donot_use_mm_for_euclid_dist")
        steepest_of_members.append(torch.where(distance > 0, (y[:, None] - y).abs() / distance, 0.0).amax())
    return torch.stack(steepest_of_members)


@register("probe", "transport_cosine", better="greater", needs=("fixed_fakes", "points"))
def transport_cosine(view: CriticView) -> dict[str, Tensor]:
    """Mean cosine of the score's gradient at fakes with the way to their partners in the exact transport plan."""
    fake = view.fake.double()
    way = view.partners - fake
    with torch.no_grad():
        gradient = torch.func.grad(lambda x: view.score(x).sum())(fake)
    size = gradient.norm(dim=2) * way.norm(dim=2)
    return {"": torch.where(size > 0, (gradient * way).sum(2) / size, 0.0).mean(1)}


def _near_one(slopes: Tensor) -> Tensor:
    low, high = NEAR_ONE
    return ((slopes >= low) & (slopes <= high)).double().mean(1)


@register("probe", "unit_slope_share", objective=True)
def unit_slope_share(view: CriticView) -> dict[str, Tensor]:
    """Share of interpolates at which the score's gradient norm lies within 0.8 to 1.2."""
    return {"": _near_one(view.slopes)}


def _plan_slopes(view: CriticView) -> Tensor:
    """The score's gradient norm at one point of the line between each pair of partners: [member, batch]."""
    between = interpolate(view.partners, view.fake.double(), view.batch.epsilon.double())
    with torch.no_grad():
        return slope(view.score, between)


@register("probe", "plan_slope_mean", scale="ratio", needs=("fixed_fakes", "points"))
def plan_slope_mean(view: CriticView) -> dict[str, Tensor]:
    """Mean gradient norm of the score on the lines between the partners of the exact transport plan."""
    return {"": view.once(_plan_slopes).mean(1)}


@register("probe", "plan_unit_slope_share", needs=("fixed_fakes", "points"))
def plan_unit_slope_share(view: CriticView) -> dict[str, Tensor]:
    """Share of points between the partners of the exact transport plan with a gradient norm of 0.8 to 1.2."""
    return {"": _near_one(view.once(_plan_slopes))}
