"""What no single setting can tell: each check yields (setting, message) for what is wrong with settings together."""

from __future__ import annotations

from collections.abc import Iterator

from ablate import registry
from ablate.config.fields import MOST_EVALUATIONS, Settings, default_of
from ablate.registry import ArchitectureFacts, DatasetFacts, facts_about
from ablate.registry.components import COMPONENT_KINDS, owned_settings, sample_shape, wrong_options

Problems = Iterator[tuple[str, str]]
EXCLUSIVE = ("generator_steps", "critic_steps")


def _check_missing(c: Settings) -> Problems:
    for kind in COMPONENT_KINDS:
        for name in owned_settings(kind, getattr(c, kind)):
            if c.own.get(name) is None:
                yield kind, f"{kind} {getattr(c, kind)} needs {name}, which is not given"


def _check_budget(c: Settings) -> Problems:
    given = [name for name in EXCLUSIVE if getattr(c, name) is not None]
    if len(given) != 1:
        which = "both are given" if given else "neither is given"
        yield given[-1] if given else "", f"the budget is either generator_steps or critic_steps ({which})"
    elif c.total_generator_steps < 1:
        yield "critic_steps", f"critic_steps {c.critic_steps} is less than n_critic {c.n_critic}: no generator step"
    elif c.n_generator > c.total_generator_steps:
        yield (
            "n_generator",
            f"n_generator {c.n_generator} is more than the run's generator steps, {c.total_generator_steps}",
        )


def _check_fakes(c: Settings) -> Problems:
    if c.fakes == "generator":
        if c.hold_generator_at is not None and any(getattr(c, name) is not None for name in EXCLUSIVE):
            end = c.total_generator_steps
            if c.hold_generator_at >= end:
                yield (
                    "hold_generator_at",
                    f"hold_generator_at {c.hold_generator_at} is not before the end of the run, {end}",
                )
        return
    if c.fakes == "counterpart" and not facts_about(DatasetFacts, c.dataset).counterpart:
        having = [name for name in registry.entries("dataset") if facts_about(DatasetFacts, name).counterpart]
        yield "fakes", f"dataset {c.dataset} has no counterpart, expected one that has: {', '.join(having)}"
    flags = ("conditional", "reuse_latent", "generator_first", "simultaneous")
    unused = {"hold_generator_at": None, "n_generator": 1, "generator_ema": 0.0, **dict.fromkeys(flags, False)}
    for name, default in unused.items():
        if getattr(c, name) != default:
            yield name, f"{name} has no effect with fakes {c.fakes}: no generator is trained"


def _check_evaluations(c: Settings) -> Problems:
    if isinstance(c.evaluations, int):
        if not 1 <= c.evaluations <= MOST_EVALUATIONS:
            yield "evaluations", f"evaluations is {c.evaluations}, expected at least 1 and at most {MOST_EVALUATIONS}"
    elif isinstance(c.evaluations, tuple) and c.evaluations and any(getattr(c, name) is not None for name in EXCLUSIVE):
        last, end = max(c.evaluations), c.total_generator_steps
        if last > end:
            yield "evaluations", f"evaluation at generator step {last} lies behind the end of the run, {end}"


def _check_dataset_options(c: Settings) -> Problems:
    for name, message in wrong_options(c.dataset, c.dataset_options):
        yield f"dataset_options.{name}", message


def _check_shapes(c: Settings) -> Problems:
    dataset, pair = facts_about(DatasetFacts, c.dataset), facts_about(ArchitectureFacts, c.architecture)
    shape = sample_shape(c.dataset, c.dataset_options)
    multiple, sides = pair.image_multiple, pair.image_sides
    known = not any(wrong_options(c.dataset, c.dataset_options))  # else reported, and the shape may depend on them
    if multiple and known and (len(shape) != 3 or any(side % multiple for side in shape[1:])):
        yield (
            "architecture",
            f"architecture {c.architecture} needs images with sides divisible by {multiple}, "
            f"{c.dataset} has shape {shape}",
        )
    if sides and known and (len(shape) != 3 or shape[1] != shape[2] or shape[1] not in sides):
        wanted = " or ".join(f"{side} × {side}" for side in sides)
        yield "architecture", f"architecture {c.architecture} needs images of {wanted}, {c.dataset} has shape {shape}"
    if c.own.get("points_output", "linear") != "linear" and known and len(shape) != 1:
        yield "points_output", f"points_output has no effect with {c.dataset}: images end in tanh in any case"
    if c.conditional and not dataset.classes:
        yield "conditional", f"conditional needs labels, {c.dataset} has none"


def _check_layers(c: Settings) -> Problems:
    pair = facts_about(ArchitectureFacts, c.architecture)
    for choice, known in (("norm", pair.norms), ("activation", pair.activations)):
        for setting in (f"critic_{choice}", f"generator_{choice}"):
            value = getattr(c, setting)
            if value not in known:
                wanted = ", ".join(known)
                yield setting, f"architecture {c.architecture} has no {setting} {value}, expected one of: {wanted}"
    for network in ("critic", "generator"):
        leak, activation = f"{network}_leak", getattr(c, f"{network}_activation")
        if activation != "leaky_relu" and getattr(c, leak) != default_of(leak):
            yield leak, f"{leak} has no effect with {network}_activation {activation}"


def _check_start(c: Settings) -> Problems:
    if c.start == "normal" and c.init_std is None:
        yield "start", "start normal needs init_std, which is not given"
    if c.start != "normal" and c.init_std is not None:
        yield "init_std", f"init_std has no effect with start {c.start}, expected start: normal"


def _check_constraints(c: Settings) -> Problems:
    if c.spectral_norm and c.lipschitz == "clip":
        yield "spectral_norm", "spectral_norm undoes lipschitz clip: a weight's scale has no effect; choose one of them"


def _check_order(c: Settings) -> Problems:
    if c.n_generator > 1 and c.reuse_latent:
        yield (
            "reuse_latent",
            f"reuse_latent does not go with n_generator {c.n_generator}: each generator step has noise of its own",
        )
    if c.n_generator > 1 and c.simultaneous:
        yield (
            "simultaneous",
            f"simultaneous needs n_generator: 1, one step of each network; n_generator is {c.n_generator}",
        )
    if not c.simultaneous:
        return
    if c.n_critic != 1:
        yield "simultaneous", f"simultaneous needs n_critic: 1, one step of each network; n_critic is {c.n_critic}"
    if c.generator_first:
        yield "generator_first", "generator_first has no effect with simultaneous: neither network goes first"
    if c.reuse_latent:
        yield "reuse_latent", "reuse_latent has no effect with simultaneous: both steps share their noise in any case"


def _check_pack(c: Settings) -> Problems:
    if c.pack == 1:
        return
    if c.batch_size % c.pack:
        yield "pack", f"pack {c.pack} does not divide batch_size {c.batch_size}: a batch is judged in whole packs"
    if c.conditional:
        yield "pack", f"pack {c.pack} does not go with conditional: the samples of a pack have labels of their own"
    if c.fakes != "generator":
        yield "pack", f"pack has no effect that is measured with fakes {c.fakes}, expected fakes: generator"


CHECKS = (
    _check_dataset_options, _check_missing, _check_budget, _check_fakes, _check_evaluations, _check_shapes,
    _check_layers, _check_start, _check_constraints, _check_order, _check_pack,
)  # fmt: skip
