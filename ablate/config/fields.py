"""The settings of one training, as typed fields with their bounds; what components own is open, and stands beside them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from typing_extensions import TypedDict  # pydantic's own: it takes typing's from Python 3.12 on

from ablate import registry
from ablate.registry.components import COMPONENT_KINDS, component_settings, settings_of_kind
from ablate.registry.facts import Norm
from ablate.registry.registry import reserve_settings

MOST_STEPS = 10**9
MOST_EVALUATIONS = 100_000
EARLIEST = 0.01
"""Of the run, where the first of evaluations with spacing: log lies"""


def _name_of(kind: str) -> BeforeValidator:
    def check(value: Any) -> Any:
        if isinstance(value, str) and value not in registry.entries(kind):
            raise ValueError(registry.unknown(kind, value, registry.entries(kind)))
        return value

    return BeforeValidator(check)


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


class Spaced(TypedDict):
    """A number of evaluations, and how they are spaced: log, each as many times the one before, from 1 % of the run on."""

    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)  # type: ignore[misc]

    count: Annotated[int, Field(ge=1, le=MOST_EVALUATIONS)]
    spacing: Literal["log"]


Steps = Annotated[tuple[Annotated[int, Field(ge=0)], ...], BeforeValidator(_as_tuple)]
Activation = Literal["leaky_relu", "relu", "tanh", "softplus", "elu"]
Rate = Annotated[float, Field(gt=0, le=10)]
Positive = Annotated[float, Field(gt=0)]


class Settings(BaseModel):
    """All settings of one training, not checked together (ablate.config.run_config does).

    What the chosen components own, such as lambda_gp, is in `own`: a setting that they do not use is not there.
    """

    model_config = ConfigDict(frozen=True, extra="allow", strict=True, allow_inf_nan=False)

    dataset: Annotated[str, _name_of("dataset")] = Field(description="the real distribution")
    dataset_options: dict[str, Any] = Field(default={}, description="its geometry, where it has one")
    seed: int = Field(default=0, ge=0, lt=2**31, description="all of the run's random streams derive from it")

    architecture: Annotated[str, _name_of("architecture")] = Field("mlp", description="the pair of networks")
    width: int = Field(64, ge=1, le=8192, description="hidden units (mlp), or channels of the widest image (conv)")
    latent_size: int = Field(2, ge=1, le=4096, description="dimension of the generator's normal noise")
    critic_leak: float = Field(0.2, ge=0, le=1, description="the critic's LeakyReLU slope; 0 is ReLU")
    generator_leak: float = Field(0.0, ge=0, le=1, description="the generator's LeakyReLU slope; 0 is ReLU")
    critic_activation: Activation = Field(
        "leaky_relu", description="of the critic's hidden units, as PyTorch's modules"
    )
    generator_activation: Activation = Field("leaky_relu", description="of the generator's hidden units")
    critic_norm: Norm = Field("none", description="normalization in the critic")
    generator_norm: Norm = Field("none", description="normalization in the generator")
    init_std: Positive | None = Field(
        None, description="start weights are N(0, init_std) and biases 0, as DCGAN's 0.02; default: PyTorch's own start"
    )
    start: Literal["pytorch", "he", "glorot", "orthogonal", "normal"] = Field(
        "pytorch",
        description="distribution of the start weights of linear layers and convolutions: PyTorch's own; He et al. 2015, "
        "N(0, √(2 / fan-in)); Glorot & Bengio 2010, uniform, as Keras; Saxe et al. 2014, orthogonal; N(0, init_std). "
        "Biases are 0 but for PyTorch's",
    )
    conditional: bool = Field(False, description="both networks are given the label")

    loss: Annotated[str, _name_of("loss")] = Field("wasserstein", description="the adversarial loss")
    lipschitz: Annotated[str, _name_of("lipschitz")] = Field("none", description="the critic's constraint")
    spectral_norm: bool = Field(
        False,
        description="the weights of the critic's linear layers and convolutions are divided by their largest singular "
        "values, estimated by the power method (Miyato et al. 2018); beside any penalty",
    )
    n_critic: int = Field(5, ge=1, le=1000, description="critic steps for each generator step")
    n_generator: int = Field(
        1,
        ge=1,
        le=1000,
        description="generator steps after each n_critic critic steps (or before them, with generator_first), each on noise of "
        "its own, with the labels and real samples of the critic step next to them; generator steps are counted one by "
        "one, so that an evaluation or the end may fall between them (Goodfellow et al. 2014, algorithm 1, has k critic "
        "steps for one)",
    )
    reuse_batch: bool = Field(False, description="one real batch for all n_critic critic steps")
    reuse_latent: bool = Field(False, description="the generator's step takes the noise of the last critic step")
    generator_first: bool = Field(False, description="the generator's step comes before the critic's steps")
    instance_noise: float = Field(
        0.0,
        ge=0,
        description="standard deviation of normal noise on the real and fake samples that the critic trains on, and on those "
        "that the generator's step shows it (Sønderby et al. 2017)",
    )
    simultaneous: bool = Field(
        False,
        description="both networks step at once, from the weights that both had before, on the same noise; for n_critic: 1",
    )
    pack: int = Field(
        1,
        ge=1,
        le=32,
        description="samples of one kind that the critic judges together, joined along their features or channels, so that "
        "it has batch_size / pack scores of a batch (PacGAN, Lin et al. 2018)",
    )
    fakes: Literal["generator", "noisy_real", "counterpart"] = Field(
        "generator",
        description="what the critic is trained against: generated samples, real ones + N(0, 1) noise, or the dataset's "
        "counterpart, another distribution",
    )
    hold_generator_at: int | None = Field(
        None, ge=0, le=MOST_STEPS, description="the generator step from which on only the critic is trained"
    )

    generator_ema: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="decay of a moving average of the generator's weights, from the first weights on, after each generator "
        "step (Yazıcı et al. 2019), which is measured and saved beside them; 0: none",
    )

    optimizer: Annotated[str, _name_of("optimizer")] = Field("adam", description="of both networks")
    lr: Rate = Field(1e-4, description="the generator's learning rate, and the critic's unless critic_lr is given")
    critic_lr: Rate | None = Field(None, description="the critic's learning rate")
    schedule: Literal["constant", "linear", "cosine"] = Field(
        "constant",
        description="of both learning rates over the run: down to 0 on a line, as WGAN-GP's code, or on half a cosine "
        "(Loshchilov & Hutter 2017)",
    )
    batch_size: int = Field(128, ge=2, le=65536, description="real samples, and fake samples, in a step")

    generator_steps: int | None = Field(None, ge=1, le=MOST_STEPS, description="budget in generator steps")
    critic_steps: int | None = Field(
        None, ge=1, le=MOST_STEPS, description="budget in critic steps, instead of generator_steps"
    )
    evaluations: int | Steps | Spaced = Field(
        10, description="how many evaluations, evenly spaced; or at which generator steps; or {count: 12, spacing: log}"
    )
    evaluation_samples: int = Field(10_000, ge=100, le=1_000_000, description="generated samples of an evaluation")
    precision: Literal["fp32", "fp64", "bf16"] = Field(
        "fp32", description="arithmetic of the training; bf16: products and convolutions alone, all else in float32"
    )

    @property
    def own(self) -> dict[str, Any]:
        """The settings that the chosen components own, by name."""
        return dict(self.__pydantic_extra__ or {})

    @property
    def total_generator_steps(self) -> int:
        """The budget in generator steps, however it was given."""
        if self.generator_steps is not None:
            return self.generator_steps
        assert self.critic_steps is not None
        return self.critic_steps // self.n_critic * self.n_generator

    def critic_steps_by(self, generator_steps: int) -> int:
        """Critic steps done when that many generator steps are: n_critic for each n_generator, begun or, if first, done."""
        rounds, rest = divmod(generator_steps, self.n_generator)
        return self.n_critic * (rounds + (rest > 0 and not self.generator_first))

    @property
    def evaluation_steps(self) -> tuple[int, ...]:
        """The generator steps after which the run is evaluated, ascending; the last is the end of the run."""
        total = self.total_generator_steps
        if isinstance(self.evaluations, tuple):
            return tuple(sorted({*self.evaluations, total}))
        if not isinstance(self.evaluations, int):
            return log_spaced(self.evaluations["count"], total)
        count = min(self.evaluations, total)
        return tuple(round(total * (i + 1) / count) for i in range(count))

    def by_name(self) -> dict[str, Any]:
        """Every setting that there is, in one order, with its value.

        One that the run's components do not use is None; a switch that only other components have is off.
        """
        given, own = self.model_dump(), component_settings()
        off = {name: False for name, setting in own.items() if setting.default is False}
        return {name: given.get(name, off.get(name)) for name in setting_names()}


def log_spaced(count: int, total: int) -> tuple[int, ...]:
    """Generator steps from about 1 % of `total` up to it, each as many times the one before; all of them if there are fewer.

    Where rounding would give a step twice, the earlier steps move.
    """
    count = min(count, total)
    steps = [total]
    for place in range(1, count):
        steps.append(min(round(total * EARLIEST ** (place / (count - 1))), steps[-1] - 1))
    return tuple(max(step, least) for least, step in enumerate(reversed(steps), start=1))


reserve_settings(Settings.model_fields)


def setting_names() -> list[str]:
    """Every setting that there is: the fields, and after the choice of a component those that its kind owns."""
    return list(_names())


def _names() -> Iterator[str]:
    owned = component_settings()
    for name in Settings.model_fields:
        yield name
        if name in COMPONENT_KINDS:
            own = settings_of_kind(name)
            yield from (setting for setting in owned if setting in own)


def default_of(name: str) -> Any:
    """A setting's default where no component says otherwise; None for what components own."""
    return Settings.model_fields[name].default if name in Settings.model_fields else None
