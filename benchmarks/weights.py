"""A member's weights out of a stacked network, put into a plain module with the same layers."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ablate.errors import AblateError
from ablate.networks import layers as stacked
from ablate.networks.flat import Network

PLAIN = {
    stacked.Linear: nn.Linear,
    stacked.Conv2d: nn.Conv2d,
    stacked.ConvTranspose2d: nn.ConvTranspose2d,
    stacked.Embedding: nn.Embedding,
    stacked.Norm: nn.modules.batchnorm._BatchNorm,
}
"""Which plain layer a stacked one is; layers of a kind correspond in order"""


def copy_member(network: Network, flat: Tensor, member: int, module: nn.Module) -> None:
    """Set the parameters of `module` to those of one member.

    A bias that the stacked network does not have, since a norm subtracts it again, is set to 0. AblateError where the
    layers differ.
    """
    views = network.views(flat)
    for kind, plain_kind in PLAIN.items():
        modules = [(name, layer) for name, layer in network.module.named_modules() if list(layer.parameters(False))]
        ours = [name for name, layer in modules if isinstance(layer, kind)]
        theirs = [layer for layer in module.modules() if isinstance(layer, plain_kind) and list(layer.parameters())]
        if len(ours) != len(theirs):
            raise AblateError(
                f"{type(module).__name__}: {len(theirs)} {plain_kind.__name__} in the plain module, "
                f"{len(ours)} in the stacked one"
            )
        for name, layer in zip(ours, theirs, strict=True):
            given = {n.removeprefix(f"{name}."): v[member] for n, v in views.items() if n.rpartition(".")[0] == name}
            _copy(given, layer, name)


def _copy(given: dict[str, Tensor], layer: nn.Module, name: str) -> None:
    parameters = dict(layer.named_parameters(recurse=False))
    if not given.keys() <= parameters.keys() or parameters.keys() - given.keys() - {"bias"}:
        raise AblateError(f"{name}: parameters {sorted(given)}, but {sorted(parameters)} in the plain {layer}")
    with torch.no_grad():
        for key, parameter in parameters.items():
            value = given.get(key)
            if value is None:
                parameter.zero_()
                continue
            value = value.T if isinstance(layer, nn.Linear) and key == "weight" else value
            if value.numel() != parameter.numel():
                raise AblateError(
                    f"{name}.{key}: {tuple(value.shape)}, but {tuple(parameter.shape)} in the plain {layer}"
                )
            parameter.copy_(value.reshape(parameter.shape))
