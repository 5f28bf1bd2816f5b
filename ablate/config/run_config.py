"""One training run, complete, frozen and validated: its settings, its identity and its structure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ablate import registry
from ablate.config.checks import CHECKS
from ablate.registry.components import COMPONENT_KINDS, owned_settings, users_of

RESULTS_VERSION = 1
"""Raised by hand when a change of the code changes what a run with the same settings gives; part of every run_id."""

PER_MEMBER = ("seed", "lr", "critic_lr", "beta1", "beta2", "momentum", "lambda_gp", "clip_value")
"""Settings that may differ between the members of a cohort; all others are its structure."""

MOST_STEPS = 10**9


def _name_of(kind: str) -> BeforeValidator:
    def check(value: Any) -> Any:
        if isinstance(value, str) and value not in registry.entries(kind):
            raise ValueError(registry.unknown(kind, value, registry.entries(kind)))
        return value

    return BeforeValidator(check)


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


Steps = Annotated[tuple[Annotated[int, Field(ge=0)], ...], BeforeValidator(_as_tuple)]
Norm = Literal["none", "batch", "instance", "layer"]
Rate = Annotated[float, Field(gt=0, le=10)]
Decay = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]


class SettingErrors(ValueError):
    """What is wrong with settings that are right one by one: (setting, sentence) each; "" stands for no one setting."""

    def __init__(self, problems: list[tuple[str, str]]):
        super().__init__("; ".join(message for _, message in problems))
        self.problems = problems


class RunConfig(BaseModel):
    """All settings of one training. A setting that its components do not use is None."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    dataset: Annotated[str, _name_of("dataset")] = Field(description="the real distribution")
    dataset_options: dict[str, Any] = Field(default={}, description="its geometry, where it has one")
    seed: int = Field(default=0, ge=0, lt=2**31, description="all of the run's random streams derive from it")

    architecture: Annotated[str, _name_of("architecture")] = Field("mlp", description="the pair of networks")
    width: int = Field(64, ge=1, le=8192, description="hidden units (mlp), or channels of the widest image (conv)")
    depth: int | None = Field(None, ge=1, le=64, description="hidden layers")
    latent_size: int = Field(2, ge=1, le=4096, description="dimension of the generator's normal noise")
    critic_leak: float = Field(0.2, ge=0, le=1, description="the critic's LeakyReLU slope; 0 is ReLU")
    generator_leak: float = Field(0.0, ge=0, le=1, description="the generator's LeakyReLU slope; 0 is ReLU")
    critic_norm: Norm = Field("none", description="normalization in the critic")
    generator_norm: Norm = Field("none", description="normalization in the generator")
    bias: bool | None = Field(None, description="convolutions have a bias, also before a norm")
    critic_dropout: float | None = Field(
        None, ge=0, lt=1, description="share of the critic's channels dropped at random"
    )
    init_std: Positive | None = Field(
        None, description="start weights are N(0, init_std) and biases 0, as DCGAN's 0.02; default: PyTorch's own start"
    )
    conditional: bool = Field(False, description="both networks are given the label")

    loss: Annotated[str, _name_of("loss")] = Field("wasserstein", description="the adversarial loss")
    lipschitz: Annotated[str, _name_of("lipschitz")] = Field("none", description="the critic's constraint")
    lambda_gp: Positive | None = Field(None, description="weight of the penalty")
    clip_value: Positive | None = Field(None, description="bound on the absolute value of the critic's weights")
    clip_before: bool = Field(
        False, description="clip before the critic's step, not after it: the bound then fails in use"
    )
    n_critic: int = Field(5, ge=1, le=1000, description="critic steps for each generator step")
    reuse_batch: bool = Field(False, description="one real batch for all critic steps of a generator step")
    reuse_latent: bool = Field(False, description="the generator's step takes the noise of the last critic step")
    generator_first: bool = Field(False, description="the generator's step comes before the critic's steps")
    fakes: Literal["generator", "noisy_real", "counterpart"] = Field(
        "generator",
        description="what the critic is trained against: generated samples, real ones + N(0, 1) noise, or the dataset's "
        "counterpart, another distribution",
    )
    hold_generator_at: int | None = Field(
        None, ge=0, le=MOST_STEPS, description="the generator step from which on only the critic is trained"
    )

    optimizer: Annotated[str, _name_of("optimizer")] = Field("adam", description="of both networks")
    lr: Rate = Field(1e-4, description="the generator's learning rate, and the critic's unless critic_lr is given")
    critic_lr: Rate | None = Field(None, description="the critic's learning rate")
    beta1: Decay | None = Field(None, description="Adam's decay of the first moment")
    beta2: Decay | None = Field(None, description="Adam's decay of the second moment")
    momentum: Decay | None = Field(None, description="of SGD or RMSprop")
    batch_size: int = Field(128, ge=2, le=65536, description="real samples, and fake samples, in a step")

    generator_steps: int | None = Field(None, ge=1, le=MOST_STEPS, description="budget in generator steps")
    critic_steps: int | None = Field(
        None, ge=1, le=MOST_STEPS, description="budget in critic steps, instead of generator_steps"
    )
    evaluations: int | Steps = Field(10, description="how many evaluations, evenly spaced, or at which generator steps")
    evaluation_samples: int = Field(10_000, ge=100, le=1_000_000, description="generated samples of an evaluation")
    precision: Literal["fp32", "fp64"] = Field("fp32", description="arithmetic of the training")

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, settings: Any) -> Any:
        return fill(settings) if isinstance(settings, dict) else settings

    @model_validator(mode="after")
    def _check(self) -> RunConfig:
        problems = [problem for check in (_check_unused, *CHECKS) for problem in check(self)]
        if problems:
            raise SettingErrors(problems)
        return self

    @property
    def run_id(self) -> str:
        """Hash of everything that can change the result: 16 hexadecimal digits.

        A setting at its default is left out, so that a setting which is added later leaves old identities as they are.
        A default is therefore never changed without raising RESULTS_VERSION.
        """
        chosen = {k: v for k, v in self.model_dump().items() if v != type(self).model_fields[k].default}
        return _digest({"version": RESULTS_VERSION, **chosen})

    @property
    def structure(self) -> str:
        """Hash of what decides shapes and code path; runs that agree in it can train as one cohort."""
        return _digest({k: v for k, v in self.model_dump().items() if k not in PER_MEMBER})

    @property
    def total_generator_steps(self) -> int:
        """The budget in generator steps, however it was given."""
        if self.generator_steps is not None:
            return self.generator_steps
        assert self.critic_steps is not None
        return self.critic_steps // self.n_critic

    @property
    def evaluation_steps(self) -> tuple[int, ...]:
        """The generator steps after which the run is evaluated, ascending; the last is the end of the run."""
        total = self.total_generator_steps
        if isinstance(self.evaluations, tuple):
            return tuple(sorted({*self.evaluations, total}))
        count = min(self.evaluations, total)
        return tuple(round(total * (i + 1) / count) for i in range(count))

    @property
    def flags(self) -> tuple[str, ...]:
        """What is allowed but doubtful in these settings; written into the run's row."""
        found = []
        penalty = "lambda_gp" in owned_settings("lipschitz", self.lipschitz)
        if self.critic_norm == "batch" and penalty:
            found.append(
                "batch norm in the critic under a penalty: a sample's gradient then depends on the whole batch"
            )
        if self.clip_before:
            found.append("clipping before the step: the critic that the generator learns from is not within the bound")
        if self.lipschitz == "clip" and (self.beta1 or self.momentum):
            found.append("momentum with weight clipping: the WGAN paper advises against it")
        if self.loss == "wasserstein" and self.lipschitz == "none":
            found.append("Wasserstein loss without a Lipschitz constraint: the critic's loss has no bound")
        counted = registry.entry("dataset", self.dataset).facts.get("evaluation_samples", self.evaluation_samples)
        if counted != self.evaluation_samples:
            found.append(
                f"{self.dataset}'s own metrics are defined on {counted} samples, and left out with another number"
            )
        return tuple(found)


def _digest(settings: dict[str, Any]) -> str:
    text = json.dumps(settings, sort_keys=True, separators=(",", ":"), default=list)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def inapplicable(settings: dict[str, Any]) -> set[str]:
    """Those of the given settings that belong to components other than the chosen ones."""
    extra: set[str] = set()
    for kind in COMPONENT_KINDS:
        chosen = settings.get(kind, RunConfig.model_fields[kind].default)
        if not isinstance(chosen, str) or registry.find(kind, chosen) is None:
            continue  # reported as an unknown name; what belongs to it cannot be known
        used = owned_settings(kind, chosen)
        owned = {s for name in registry.entries(kind) for s in owned_settings(kind, name)}
        extra |= {s for s in owned - used.keys() if settings.get(s, _default(s)) not in (None, _default(s))}
    return extra


def _default(setting: str) -> Any:
    return RunConfig.model_fields[setting].default


def fill(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings with the defaults of the chosen components, dataset options included."""
    filled = dict(settings)
    for kind in COMPONENT_KINDS:
        for name, default in owned_settings(kind, filled.get(kind, RunConfig.model_fields[kind].default)).items():
            if filled.get(name) is None and default is not None:
                filled[name] = default
    known = registry.find("dataset", str(filled.get("dataset")))
    options = filled.get("dataset_options", {})
    if known and isinstance(options, dict):
        defaults = known.facts.get("options", {})
        filled["dataset_options"] = {**defaults, **{k: _like(v, defaults.get(k)) for k, v in options.items()}}
    if known and "evaluation_samples" in known.facts:
        filled.setdefault("evaluation_samples", known.facts["evaluation_samples"])
    return filled


def _like(value: Any, default: Any) -> Any:
    """A whole number as a float where a float is expected, so that 1 and 1.0 are the same run."""
    return float(value) if type(value) is int and type(default) is float and abs(value) < 2**53 else value


def _check_unused(c: RunConfig) -> Iterator[tuple[str, str]]:
    for name in sorted(inapplicable({k: v for k, v in c if v is not None})):
        yield name, f"{name} has no effect here: {users_of(name)}"
