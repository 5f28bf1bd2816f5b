"""Typed facts of components: what must be known of one without importing it, one frozen class for each kind.

Facts stand as literals in a component's `@register(...)`, so that they can be read from its source; `Setting(...)` and
other classes named in FACT_CLASSES may be called there with literals. A fact that its kind does not have, a misspelt one
and a wrong value are refused at registration.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from ablate.errors import UsageError
from ablate.registry.setting import Setting
from ablate.registry.words import unknown

Better = Literal["less", "greater", "none"]
Scale = Literal["ratio", "difference"]
PLACES = ("table", "curves", "training", "levels", "reference")
"""Where a measure can be shown: tables of results; dots and learning curves; curves of the training itself; responses to
a factor and ladders; the comparison with the reference when a run ends"""
Norm = Literal["none", "batch", "instance", "layer"]
NORMS: tuple[str, ...] = get_args(Norm)
ACTIVATIONS = ("leaky_relu", "relu", "tanh", "softplus", "elu")


def _refuse(problem: str) -> None:
    raise ValueError(problem)


def _one_of(fact: str, value: object, known: tuple[str, ...]) -> None:
    if value not in known:
        _refuse(unknown(fact, value, known))


@dataclass(frozen=True)
class Facts:
    """What components of every kind may say: the settings that they alone use."""

    settings: tuple[Setting, ...] = ()

    def __post_init__(self) -> None:
        names = [setting.name for setting in self.settings]
        if len(set(names)) < len(names):
            _refuse(f"a setting is given twice: {', '.join(names)}")


@dataclass(frozen=True)
class LossFacts(Facts):
    """log_loss: it is a discriminator's, whose optimum is known."""

    log_loss: bool = False


@dataclass(frozen=True)
class LipschitzFacts(Facts):
    """penalty: it adds a term of the critic's gradient to the critic's loss."""

    penalty: bool = False


@dataclass(frozen=True)
class OptimizerFacts(Facts):
    """Its settings are given to `update` among the rates."""


@dataclass(frozen=True)
class ArchitectureFacts(Facts):
    """What images it needs, where it needs images, and which norms and activations it has."""

    image_multiple: int | None = None
    """sides must be divisible by it"""
    image_sides: tuple[int, ...] = ()
    """sides must be one of these, and equal"""
    norms: tuple[str, ...] = NORMS
    activations: tuple[str, ...] = ("leaky_relu",)
    """of critic_activation and generator_activation; an architecture that says nothing does not read them"""

    def __post_init__(self) -> None:
        super().__post_init__()
        for norm in self.norms:
            _one_of("norm", norm, NORMS)
        for activation in self.activations:
            _one_of("activation", activation, ACTIVATIONS)


@dataclass(frozen=True)
class DatasetFacts(Facts):
    """Shape and classes; its own settings are the dataset's options, given beside its name."""

    shape: tuple[int | str, ...] = ()
    """(dimension,) or (channels, height, width); a text stands for the option of that name"""
    classes: int | str = 0
    """how many; a text where only the data say it; of points, labelled modes"""
    counterpart: bool = False
    """there is another distribution of which the optimal critic is known"""
    stacked: bool = False
    """its classes are those of its three channels together"""
    evaluation_samples: int | None = None
    """the number of samples on which its own metrics are defined"""

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.shape) not in (1, 3):
            _refuse(f"shape is {self.shape!r}, expected (dimension,) or (channels, height, width)")
        options = [setting.name for setting in self.settings]
        for side in self.shape:
            if isinstance(side, str):
                _one_of("option in shape", side, tuple(options))


@dataclass(frozen=True)
class NeedFacts(Facts):
    """words: what is needed, as a message says it after "it needs"."""

    words: str = ""


@dataclass(frozen=True)
class MeasureFacts(Facts):
    """What metrics, stability measures and probes say: which way is better, how they are compared, what they need."""

    better: Better = "none"
    scale: Scale = "difference"
    needs: tuple[str, ...] = ()
    """names of needs; "a or b" is met by either"""
    shown: tuple[str, ...] = ()
    """of PLACES; what a claim is about is shown besides"""
    order: int = 100
    """lower ones are shown first"""
    objective: bool = False
    """a penalty or loss drives at it by itself: a claim of it is a check of the training, and counts as no test"""

    def __post_init__(self) -> None:
        super().__post_init__()
        _one_of("better", self.better, ("less", "greater", "none"))
        _one_of("scale", self.scale, ("ratio", "difference"))
        for place in self.shown:
            _one_of("place in shown", place, PLACES)


@dataclass(frozen=True)
class MetricFacts(MeasureFacts):
    """at_end: it is costly, and taken only at the end of a run; averaged: of the averaged generator's samples."""

    at_end: bool = False
    averaged: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.at_end and self.averaged:
            _refuse("at_end is True, which cannot be: what is averaged is measured at every evaluation")


def _refuse_curves(shown: tuple[str, ...], why: str) -> None:
    for place in shown:
        if place in ("curves", "training"):
            _refuse(f"shown names {place!r}, which cannot be: {why}")


@dataclass(frozen=True)
class StabilityFacts(MeasureFacts):
    """Of a run's whole record. binary: it is 0 or 1, and averaged whole."""

    binary: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        _refuse_curves(self.shown, "a run has one value of it, and no curve")


@dataclass(frozen=True)
class ProbeFacts(MeasureFacts):
    """Of the critic itself. at_end: it is costly or large, and taken only at the end of a run."""

    at_end: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        _refuse_curves(self.shown, "probes are kept in a table of their own, and are not drawn as curves")


@dataclass(frozen=True)
class ClaimFacts(Facts):
    """A kind of test; what it reads, weighs and says is the class itself."""

    tested: bool = True
    """there is a p, which is corrected together with those of the study's other claims"""


FACTS: dict[str, type[Facts]] = {
    "dataset": DatasetFacts,
    "architecture": ArchitectureFacts,
    "loss": LossFacts,
    "lipschitz": LipschitzFacts,
    "optimizer": OptimizerFacts,
    "metric": MetricFacts,
    "stability": StabilityFacts,
    "probe": ProbeFacts,
    "need": NeedFacts,
    "claim": ClaimFacts,
}
"""Kind of component → its facts"""
FACT_CLASSES = {"Setting": Setting}
"""What may be called inside a registration, by its name"""


def facts_of(kind: str, given: dict[str, Any]) -> Facts:
    """The facts of a registration; UsageError for a fact that the kind does not have or that cannot have this value."""
    cls = FACTS[kind]
    known = tuple(field.name for field in fields(cls))
    for name in given:
        if name not in known:
            raise UsageError(unknown(f"fact of a {kind}", name, known))
    for name, value in given.items():
        if isinstance(value, str) and isinstance(getattr(cls, name), tuple):
            raise UsageError(f"{name} is the text {value!r}, expected a tuple: ({value!r},)")
        if isinstance(value, list):
            given = {**given, name: tuple(value)}
    hints = get_type_hints(cls)
    for name, value in given.items():
        if not _is_of(value, hints[name]):
            raise UsageError(f"{name} is {value!r}, expected {_type_words(hints[name])}")
    try:
        return cls(**given)
    except ValueError as error:
        raise UsageError(str(error)) from error


def _is_of(value: object, hint: Any) -> bool:
    """Whether a value is of an annotated type; of a Literal only that it is a text, for the class names the nearest one."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Literal:
        return isinstance(value, str)
    if origin is tuple:
        return isinstance(value, tuple) and all(_is_of(item, parts[0]) for item in value)
    if parts:  # a union
        return any(_is_of(value, part) for part in parts)
    return isinstance(value, hint) and not (isinstance(value, bool) and hint is not bool)


def _type_words(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return f"one of: {', '.join(get_args(hint))}"
    return str(hint) if get_args(hint) else hint.__name__
