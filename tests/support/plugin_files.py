"""Plugin files as a user writes them, one for each kind of component; each is whole in itself."""

from __future__ import annotations

LOSS = '''
import torch.nn.functional as F
from ablate.registry import Setting, register
from ablate.training.losses import Loss

@register("loss", "margin_hinge", settings=(Setting("margin", default=1.0, above=0, doc="on either side"),))
class MarginHinge(Loss):
    """A hinge loss whose margin can be chosen."""

    def critic(self, real, fake):
        margin = self.own["margin"][:, None]
        return F.relu(margin - real).mean(1) + F.relu(margin + fake).mean(1)

    def generator(self, fake):
        return -fake.mean(1)
'''

PENALTY = '''
from ablate.registry import Setting, register
from ablate.training.lipschitz import Constraint, interpolate, slope

@register("lipschitz", "target_penalty", penalty=True, settings=(
    Setting("lambda_gp", above=0, doc="weight of the penalty"),
    Setting("target_slope", default=1.0, least=0, doc="the slope that is not penalized"),
))
class TargetPenalty(Constraint):
    """A gradient penalty whose target slope can be chosen."""

    def penalty(self, score, real, fake, epsilon):
        excess = slope(score, interpolate(real, fake, epsilon)) - self.own["target_slope"][:, None]
        return self.own["lambda_gp"] * excess.square().mean(1)
'''

OPTIMIZER = '''
from ablate.registry import Setting, register
from ablate.training.optimizers import Optimizer

@register("optimizer", "decayed", settings=(Setting("weight_decay", default=0.01, least=0, doc="pull to 0"),))
class Decayed(Optimizer):
    """Gradient descent with weight decay."""

    @staticmethod
    def start(weights):
        return {}

    @staticmethod
    def update(weights, gradient, state, rates):
        return weights - rates["lr"] * (gradient + rates["weight_decay"] * weights), state
'''

ARCHITECTURE = '''
from torch import nn
from ablate.networks.layers import Linear
from ablate.registry import Setting, register

@register("architecture", "one_layer", norms=("none",), settings=(Setting("stretch", "whole", 1, "factor", least=1),))
def one_layer(config, shapes):
    """One linear layer in either network."""
    return Generator(config, shapes), Critic(shapes)

class Generator(nn.Module):
    def __init__(self, config, shapes):
        super().__init__()
        self.layer, self.stretch = Linear(shapes.members, config.latent_size, *shapes.sample), config.own["stretch"]

    def forward(self, latent, labels):
        return self.stretch * self.layer(latent)

class Critic(nn.Module):
    def __init__(self, shapes):
        super().__init__()
        self.layer = Linear(shapes.members, *shapes.sample, 1)

    def forward(self, x, labels):
        return self.layer(x).squeeze(2)
'''

DATASET = '''
import torch
from ablate.datasets.base import Dataset, Modes, fingerprint_of
from ablate.registry import Setting, register

@register("dataset", "two_normals", shape=(2,), classes=2, settings=(Setting("gap", default=1.0, above=0, doc="of both"),))
def two_normals(gap):
    """Two normals side by side."""
    centers = torch.tensor([[-gap / 2, 0.0], [gap / 2, 0.0]], dtype=torch.float64)

    def sampler(n, numbers):
        labels = numbers.integers(2, n)
        return centers.to(numbers.device)[labels] + 0.05 * numbers.normal(n, 2), labels

    return Dataset("two_normals", (2,), 2, fingerprint_of("two_normals", repr(gap)), Modes(centers, 0.05), sampler)
'''

METRIC = '''
from ablate.registry import register

@register("need", "wide_networks", words="networks of at least 8 units")
def wide_networks(subject):
    """Not the smallest networks."""
    return subject.settings.get("width", 64) >= 8

@register("metric", "mean_error", better="less", needs=("points", "wide_networks"), shown=("table",), order=11)
def mean_error(evaluation):
    """Distance of the generated samples' mean to that of the real ones."""
    return float((evaluation.samples.mean(0) - evaluation.reference.points.mean(0)).norm())
'''

PROBE = '''
from ablate.registry import register

@register("probe", "mean_score")
def mean_score(view):
    """Mean score of real samples."""
    return {"": view.score(view.batch.real).mean(1)}
'''

ALL = {
    "loss": LOSS, "penalty": PENALTY, "optimizer": OPTIMIZER, "architecture": ARCHITECTURE, "dataset": DATASET,
    "metric": METRIC, "probe": PROBE,
}  # fmt: skip
