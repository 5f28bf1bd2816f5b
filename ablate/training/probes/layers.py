"""Probes of a critic's layers: how gradients grow or shrink on their way through them, and how its weights are spread."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ablate.registry import register
from ablate.training.probes.view import CriticView, slope_over_layers

BINS = 40
"""Of the weights' histogram, from − largest to + largest"""


def output_gradients(view: CriticView) -> dict[str, Tensor]:
    """Norm of the gradient of the critic's loss, without penalty, with respect to each layer's output: layer → [member].

    Of the fakes that the critic is trained against, a generator's too.
    In float64: through twelve clipped layers it falls below what single precision can hold.
    """
    cohort, weights = view.cohort, view.critic.detach().double().requires_grad_()
    outputs: dict[str, list[Tensor]] = {layer: [] for layer in view.weights}
    hooks = []
    for layer, of_layer in outputs.items():
        module: nn.Module = cohort.pair.critic.module.get_submodule(layer.split(" ", 1)[1])
        hooks.append(
            module.register_forward_hook(lambda module, inputs, output, of_layer=of_layer: of_layer.append(output))
        )
    try:
        with torch.enable_grad():
            real, fake = (
                cohort.pair.critic(weights, x.double(), view.batch.labels) for x in (view.batch.real, view.fake)
            )
            loss = cohort.steps.loss.critic(real, fake).sum()
            flat = [output for of_layer in outputs.values() for output in of_layer]
            gradients = iter(torch.autograd.grad(loss, flat))
    finally:
        for hook in hooks:
            hook.remove()
    members = len(cohort.configs)
    return {
        layer: torch.stack([_square(next(gradients), members) for _ in of_layer]).sum(0).sqrt()
        for layer, of_layer in outputs.items()
    }


def _square(gradient: Tensor, members: int) -> Tensor:
    """Sum of squares of each member: of vectors [member, batch, unit], or images [batch, member·channel, h, w]."""
    own = gradient if gradient.dim() < 4 else gradient.unflatten(1, (members, -1)).transpose(0, 1)
    return own.flatten(1).square().sum(1)


@register("probe", "output_gradient_norm", scale="ratio")
def output_gradient_norm(view: CriticView) -> dict[str, Tensor]:
    """Norm of the gradient of the critic's loss with respect to each layer's output, from the input on."""
    return view.once(output_gradients)


@register("probe", "output_slope")
def output_slope(view: CriticView) -> dict[str, Tensor]:
    """Slope of log10 of the output gradient norm over the layer's number: below 0 it explodes on its way back to the input."""
    norms = torch.stack(list(view.once(output_gradients).values()))
    logs = norms.clamp(min=torch.finfo(torch.float64).tiny).log10()  # where all units are dead, no gradient comes back
    return {"": slope_over_layers(logs)}


@register("probe", "output_slope_size", better="less")
def output_slope_size(view: CriticView) -> dict[str, Tensor]:
    """Absolute value of output_slope: decades by which the gradient grows or shrinks at each layer."""
    return {"": output_slope(view)[""].abs()}


@register("probe", "weight_histogram", at_end=True)
def weight_histogram(view: CriticView) -> dict[str, Tensor]:
    """Shares of the critic's weights, divided by the largest absolute value, in 40 equal bins from −1 to 1, by their middles."""
    flat = torch.cat([v.flatten(1) for v in view.weights.values()], dim=1).double()
    relative = flat / flat.abs().amax(1, keepdim=True)
    place = ((relative + 1) * (BINS / 2)).long().clamp(0, BINS - 1)
    counts = torch.zeros(len(flat), BINS, dtype=torch.float64, device=flat.device)
    counts.scatter_add_(1, place, torch.ones_like(relative))
    shares = counts / flat.shape[1]
    return {f"{(i + 0.5) * 2 / BINS - 1:+.3f}": shares[:, i] for i in range(BINS)}
