"""What measures need of a run: the one place that says what each need means; study files, evaluation and pages ask it.

A need is a function of a `Subject`, registered with the words that a message uses. Before a run, what can be told of its
dataset and settings is asked; while it trains, what was found of the data themselves too.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ablate.registry.facts import DatasetFacts, LossFacts, NeedFacts
from ablate.registry.registry import facts_about, find, register

Need = Callable[["Subject"], bool]


@dataclass(frozen=True)
class Subject:
    """A run as its needs see it. What is not known yet is None, and is taken to be as the dataset's facts say."""

    dataset: DatasetFacts
    settings: Mapping[str, Any] = field(default_factory=dict)
    """of the run, by name; those that are not given are at their defaults"""
    features: bool | None = None
    """there are features of these data"""
    classifies: bool | None = None
    """there is a classifier of all their classes"""
    modes: bool | None = None
    """they are a mixture with known modes"""

    @property
    def image(self) -> bool:
        """Whether samples are images."""
        return len(self.dataset.shape) == 3


def meets(need: str, subject: Subject) -> bool:
    """Whether the run meets a need; "a or b" is met by either."""
    return any(_check(part)(subject) for part in need.split(" or "))


def unmet(needs: Iterable[str], subject: Subject) -> str | None:
    """The first need that the run does not meet; None where it meets all."""
    return next((need for need in needs if not meets(need, subject)), None)


def need_words(need: str) -> str:
    """What is needed, in words; those of both parts of "a or b"."""
    return " or ".join(facts_about(NeedFacts, part).words for part in need.split(" or "))


def _check(need: str) -> Need:
    known = find("need", need)
    assert known is not None, need  # refused at registration
    check: Need = known.load()
    return check


@register("need", "features", words="points, or images with a classifier")
def features(subject: Subject) -> bool:
    """Features that distances are computed on."""
    return subject.features is not False


@register("need", "points", words="points in two dimensions")
def points(subject: Subject) -> bool:
    """Two-dimensional data."""
    return subject.dataset.shape == (2,)


@register("need", "points_2k", words="points in two dimensions, 2,000 evaluation samples or more")
def points_2k(subject: Subject) -> bool:
    """As many two-dimensional samples; a wrong setting is reported where it is given, and has enough."""
    samples = subject.settings.get("evaluation_samples")
    return points(subject) and not (isinstance(samples, int) and samples < 2000)


@register("need", "images", words="images")
def images(subject: Subject) -> bool:
    """Images, with a classifier or without."""
    return subject.image


@register("need", "modes", words="a mixture with known modes")
def modes(subject: Subject) -> bool:
    """Points around centres that are known."""
    return points(subject) and subject.dataset.classes != 0 if subject.modes is None else subject.modes


@register("need", "classes", words="images with classes")
def classes(subject: Subject) -> bool:
    """Images of classes that a classifier tells apart, one class an image."""
    labelled = subject.image and subject.dataset.classes != 0 and not subject.dataset.stacked
    return labelled if subject.classifies is None else subject.classifies and not subject.dataset.stacked


@register("need", "labels", words="images with classes, and conditional arms")
def labels(subject: Subject) -> bool:
    """Labels were asked for, and there is a classifier to judge."""
    judged = subject.image and subject.dataset.classes != 0 if subject.classifies is None else subject.classifies
    return bool(subject.settings.get("conditional", False)) and judged


@register("need", "stacked", words="stacked_mnist with its 26,000 samples")
def stacked(subject: Subject) -> bool:
    """The three digits of stacked MNIST, and the number of samples of which the literature counts them."""
    counted = subject.dataset.evaluation_samples
    return subject.dataset.stacked and subject.settings.get("evaluation_samples", counted) in (None, counted)


@register("need", "stacked_1k", words="stacked_mnist with 1,000 samples or more")
def stacked_1k(subject: Subject) -> bool:
    """As many of stacked MNIST's samples."""
    return _stacked_samples(subject) >= 1000


@register("need", "stacked_5k", words="stacked_mnist with 5,000 samples or more")
def stacked_5k(subject: Subject) -> bool:
    """As many of stacked MNIST's samples."""
    return _stacked_samples(subject) >= 5000


@register("need", "stacked_10k", words="stacked_mnist with 10,000 samples or more")
def stacked_10k(subject: Subject) -> bool:
    """As many of stacked MNIST's samples."""
    return _stacked_samples(subject) >= 10_000


def _stacked_samples(subject: Subject) -> int:
    """Samples of an evaluation, where images are stacked; 0 where they are not."""
    samples = subject.settings.get("evaluation_samples") or subject.dataset.evaluation_samples
    return samples if subject.dataset.stacked and isinstance(samples, int) else 0


@register("need", "generator", words="arms with fakes: generator")
def generator(subject: Subject) -> bool:
    """A generator is trained."""
    return not fixed_fakes(subject)


@register("need", "generator_average", words="arms with generator_ema")
def generator_average(subject: Subject) -> bool:
    """A moving average of the generator's weights is kept."""
    return bool(subject.settings.get("generator_ema", 0)) and generator(subject)


@register("need", "evaluated_6", words="6 evaluations or more")
def evaluated_6(subject: Subject) -> bool:
    """Three evaluations or more in the second half."""
    return _evaluations(subject) >= 6


@register("need", "evaluated_9", words="9 evaluations or more")
def evaluated_9(subject: Subject) -> bool:
    """Three evaluations or more in the last third."""
    return _evaluations(subject) >= 9


def _evaluations(subject: Subject) -> int:
    """How many evaluations the run has; a wrong setting is reported where it is given, and has enough."""
    settings = subject.settings
    asked, steps = settings.get("evaluations", 10), settings.get("generator_steps")
    if steps is None and isinstance(critic_steps := settings.get("critic_steps"), int):
        n_critic, n_generator = settings.get("n_critic", 5), settings.get("n_generator", 1)
        known = isinstance(n_critic, int) and n_critic > 0 and isinstance(n_generator, int)
        steps = critic_steps // n_critic * n_generator if known else None
    end = [steps] if isinstance(steps, int) else []
    if isinstance(asked, dict):
        asked = asked.get("count")
    if isinstance(asked, int):
        return min([asked, *end])
    return len({*map(str, asked), *map(str, end)}) if isinstance(asked, list | tuple) else sys.maxsize


@register("need", "fixed_fakes", words="arms whose critic is trained against other fakes than a generator's")
def fixed_fakes(subject: Subject) -> bool:
    """No generator is trained."""
    return subject.settings.get("fakes", "generator") != "generator"


@register("need", "counterpart", words="arms with fakes: counterpart")
def counterpart(subject: Subject) -> bool:
    """The critic is trained against a distribution of which the optimum is known."""
    return subject.settings.get("fakes", "generator") == "counterpart"


@register("need", "log_loss", words="arms with a discriminator's loss, minimax or non_saturating")
def log_loss(subject: Subject) -> bool:
    """The critic's loss is a discriminator's."""
    name = subject.settings.get("loss", "wasserstein")
    known = find("loss", name) if isinstance(name, str) else None
    if known is None:
        return True  # an unknown loss is reported where it is chosen
    return isinstance(known.facts, LossFacts) and known.facts.log_loss
