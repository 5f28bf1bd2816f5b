"""Probes: measurements of the critic itself, on one fixed batch of real, fake and interpolated samples for each run.

A probe is a function of a `CriticView`; it gives {layer: [member]}, with the layer "" where there is only one value. It
is registered with what it needs of the run (ablate.registry.needs).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TypeVar

import torch
from torch import Tensor

from ablate import registry
from ablate.metrics.evaluation import facts_of_data
from ablate.metrics.transport import plan
from ablate.networks.pair import packed
from ablate.registry import register
from ablate.registry.facts import ProbeFacts
from ablate.registry.needs import Subject, unmet
from ablate.training.cohort import Cohort
from ablate.training.fakes import Fakes
from ablate.training.lipschitz import interpolate, slope
from ablate.training.step import Batch
from ablate.training.streams import RealBatches

PROBE_BATCH = 512
WIDE_BATCH = 8192
"""Samples of each kind for averages, whose error must lie well below the 2 % that claims ask for"""
NEAR_BOUND = 0.95

T = TypeVar("T")


class CriticView:
    """The critics of a cohort at one point of the training; what they judge are packs where they are trained on packs."""

    def __init__(self, cohort: Cohort):
        config = cohort.configs[0]
        self.cohort, self.critic = cohort, cohort.critic
        self._shared: dict[Callable[..., object], object] = {}
        judged = PROBE_BATCH // config.pack
        size = judged * config.pack
        stream = RealBatches(cohort.dataset, cohort.seeds, "probe real", size, cohort.dtype, cohort.device)
        real, labels = stream.take(0, 1)
        latent = cohort.noise("probe latent", (size, config.latent_size), "normal").take(0, 1)
        epsilon = cohort.noise("probe epsilon", (judged,), "uniform").take(0, 1)
        perturbation = None
        if cohort.steps.constraint.perturbs:
            shape = (size, *cohort.dataset.shape)
            perturbation = packed(cohort.noise("probe perturbation", shape, "uniform").take(0, 1)[0], config.pack)
        asked = labels[0] if cohort.conditional else None
        self.batch = Batch(packed(real[0], config.pack), asked, latent[0], epsilon[0], perturbation=perturbation)
        if config.fakes != "generator":
            names = "probe fake", "probe fake noise"
            fakes = Fakes(config, cohort.dataset, cohort.seeds, *names, PROBE_BATCH, cohort.dtype, cohort.device)
            self.fake = fakes.take(0, 1)[0]
            return
        with torch.no_grad():
            fake = cohort.steps.fakes(cohort.generator, self.batch.latent, self.batch.labels)
        self.fake = packed(fake, config.pack)

    def once(self, work: Callable[[CriticView], T]) -> T:
        """What `work` gives of this view; several probes that need it share one call."""
        if work not in self._shared:
            self._shared[work] = work(self)
        return self._shared[work]  # type: ignore[return-value]

    @cached_property
    def slopes(self) -> Tensor:
        """The score's gradient norm at interpolates of real and fake: [member, batch]."""

        def score(x: Tensor) -> Tensor:
            return self.cohort.pair.critic(self.critic, x, self.batch.labels)

        with torch.no_grad():
            return slope(score, interpolate(self.batch.real, self.fake, self.batch.epsilon))

    @cached_property
    def partners(self) -> Tensor:
        """The real sample that the exact transport plan gives each fake, in float64: [member, batch, *sample]."""
        real = self.batch.real.double()
        pairs = zip(self.fake.double().cpu(), real.cpu(), strict=True)
        order = [plan(fake.flatten(1), own.flatten(1)) for fake, own in pairs]
        return torch.stack([own[given.to(own.device)] for own, given in zip(real, order, strict=True)])

    @cached_property
    def wide(self) -> tuple[Tensor, Tensor]:
        """Many real samples and many fakes, where no generator makes them: [member, WIDE_BATCH, *sample] in float64."""
        cohort, dtype, seeds = self.cohort, torch.float64, self.cohort.seeds
        real = RealBatches(cohort.dataset, seeds, "wide probe real", WIDE_BATCH, dtype, cohort.device)
        fake = Fakes(
            cohort.configs[0], cohort.dataset, seeds, "wide probe fake", "wide probe fake noise", WIDE_BATCH, dtype,
            cohort.device,
        )  # fmt: skip
        return real.take(0, 1)[0][0], fake.take(0, 1)[0]

    def score(self, x: Tensor) -> Tensor:
        """The score of points [member, batch, *sample] in float64, whatever the training's precision: [member, batch].

        Scores of a clipped critic may differ by less than single precision resolves.
        """
        scores: Tensor = self.cohort.pair.critic(self.critic.double(), x.double(), self.batch.labels)
        return scores

    @cached_property
    def weights(self) -> dict[str, Tensor]:
        """The weight matrices and kernels, without biases and norms: layer → [member, …]."""
        return self._weights_of(self.critic)

    @cached_property
    def weight_gradients(self) -> dict[str, Tensor]:
        """Norm of the gradient of the critic's loss with respect to each layer's weights: layer → [member]."""
        with torch.no_grad():
            gradient, _ = torch.func.grad(self.cohort.steps.critic_loss, has_aux=True)(
                self.critic, self.fake, self.batch
            )
        return {layer: g.flatten(1).norm(dim=1) for layer, g in self._weights_of(gradient).items()}

    def _weights_of(self, flat: Tensor) -> dict[str, Tensor]:
        views = self.cohort.pair.critic.views(flat).items()
        weights = [(n, v) for n, v in views if n.endswith(".weight") and v.dim() > 2 and "embedding" not in n]
        return {f"{i:02d} {n.removesuffix('.weight')}": v for i, (n, v) in enumerate(weights, start=1)}


def measure(cohort: Cohort, end: bool = True) -> dict[str, dict[str, list[float]]]:
    """All probes of a cohort now: probe → layer → a value for each member; those with the fact `at_end` only at the end."""
    view, subject = CriticView(cohort), _subject(cohort)
    return {
        name: {layer: values.double().cpu().tolist() for layer, values in entry.load()(view).items()}
        for name, entry in registry.entries("probe").items()
        if isinstance(facts := entry.facts, ProbeFacts)
        and unmet(facts.needs, subject) is None
        and (end or not facts.at_end)
    }


def _subject(cohort: Cohort) -> Subject:
    """The cohort as the needs of probes see it."""
    settings = cohort.configs[0].by_name()
    return Subject(facts_of_data(cohort.dataset), settings, modes=cohort.dataset.modes is not None)


@register("probe", "critic_slope_mean", scale="ratio", shown=("table",), order=53, objective=True)
def critic_slope_mean(view: CriticView) -> dict[str, Tensor]:
    """Mean gradient norm of the score at interpolates."""
    return {"": view.slopes.mean(1)}


@register("probe", "critic_slope_p95", scale="ratio")
def critic_slope_p95(view: CriticView) -> dict[str, Tensor]:
    """95th percentile of the gradient norm of the score at interpolates."""
    return {"": view.slopes.double().quantile(0.95, dim=1)}


@register("probe", "share_at_bound", shown=("table",), order=54)
def share_at_bound(view: CriticView) -> dict[str, Tensor]:
    """Share of the critic's weights with an absolute value of at least 0.95 of the largest."""
    flat = torch.cat([v.flatten(1) for v in view.weights.values()], dim=1).abs()
    return {"": (flat >= NEAR_BOUND * flat.amax(1, keepdim=True)).double().mean(1)}


@register("probe", "weight_gradient_norm", scale="ratio")
def weight_gradient_norm(view: CriticView) -> dict[str, Tensor]:
    """Norm of the loss's gradient with respect to the weights, layer by layer from the input on."""
    return view.weight_gradients


@register("probe", "layer_slope", shown=("table",), order=55)
def layer_slope(view: CriticView) -> dict[str, Tensor]:
    """Least-squares slope of log10 of the weight gradient norm over the layer's number; 0 is neither exploding nor vanishing."""
    return {"": slope_over_layers(torch.stack(list(view.weight_gradients.values())).double().log10())}


def slope_over_layers(values: Tensor) -> Tensor:
    """Least-squares slope [member] of float64 values [layer, member] over the layer's number."""
    position = torch.arange(len(values), dtype=torch.float64, device=values.device)[:, None]
    centred = position - position.mean()
    return (centred * values).sum(0) / centred.square().sum()
