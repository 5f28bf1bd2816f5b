"""Compiled steps: whether they pay for a cohort, where their cache lies, and what happens where compiling fails."""

from __future__ import annotations

import logging
import math
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

from ablate.config.run_config import RunConfig
from ablate.files.data_folder import cache_folder
from ablate.networks.pair import Pair, packed
from ablate.training.step import Batch, GeneratorTurn, Steps

COMPILE_SECONDS = 40.0
"""What compiling the two steps of a structure costs at most, about: 11 to 41 s of a core without and with a penalty"""
EAGER_FLOPS = {"cpu": 2e10, "cuda": 1e12}
"""Floating point operations a second of an eager step of a small network, about: a core's, a GPU's"""
GAIN = 0.45
"""Share of the eager time that compiling saves, about: 0.37 to 0.5 of small networks"""
PASSES = 20
"""Products with each weight in one step, forward and backward, at most; of a penalty, whose gradient has one, about 9"""
CACHE_VARIABLE = "TORCHINDUCTOR_CACHE_DIR"


def use_cache() -> None:
    """Let all processes of this user share one cache of compiled steps, from one call to the next."""
    os.environ.setdefault(CACHE_VARIABLE, str(cache_folder() / "compiled"))


def most_flops(configs: Sequence[RunConfig], pair: Pair, sample: tuple[int, ...]) -> float:
    """At least what `step_flops` gives, without its counting, which takes longer than a short run.

    Each weight meets each sample at most at every position of an image.
    """
    positions = math.prod(sample[1:])
    meetings = (pair.critic.size + pair.generator.size) * positions * configs[0].batch_size * len(configs)
    return 2.0 * meetings * PASSES * (configs[0].n_critic + 1)


def step_flops(configs: Sequence[RunConfig], pair: Pair, sample: tuple[int, ...]) -> int:
    """Floating point operations of a generator step and its share of critic steps, of all members.

    Products and convolutions alone are counted, on tensors without data.
    """
    meta, first, members = torch.device("meta"), configs[0], len(configs)
    steps, size, units = Steps(configs, pair, torch.float32, meta), first.batch_size, pair.dropout_units

    def empty(*shape: int) -> Tensor:
        return torch.empty(*shape, device=meta)

    samples, latent = empty(members, size, *sample), empty(members, size, first.latent_size)
    labels = torch.empty(members, size, dtype=torch.int64, device=meta) if first.conditional else None
    dropout = empty(3, members, size // first.pack, units) if units else None
    critic, generator = empty(members, pair.critic.size), empty(members, pair.generator.size)
    real = packed(samples, first.pack)
    perturbation = real if steps.constraint.perturbs else None
    batch = Batch(real, labels, latent, empty(members, size // first.pack), dropout, perturbation=perturbation)
    with torch.no_grad():
        with Flops() as of_critic:
            steps.critic_step(critic, steps.optimizer.start(critic), generator, batch)
        with Flops() as of_generator:
            state = steps.optimizer.start(generator)
            own_dropout = None if dropout is None else dropout[0]
            pairs = real if steps.loss.pairs else None
            steps.generator_step(
                generator, state, critic, GeneratorTurn(latent, labels, own_dropout, pairs, own_dropout)
            )
    return of_critic.total * first.n_critic // first.n_generator + of_generator.total


class Flops(TorchDispatchMode):
    """Counts as PyTorch's FlopCounterMode, whose hooks fail on nested gradients."""

    def __init__(self) -> None:
        from torch.utils.flop_counter import flop_registry  # imports Triton, 0.4 s, which few cohorts need

        super().__init__()
        self.registry = flop_registry
        self.total = 0

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = function(*args, **(kwargs or {}))
        count = self.registry.get(function._overloadpacket)
        if count is not None:
            self.total += count(*args, **(kwargs or {}), out_val=out)
        return out


def pays(flops: float, device: torch.device) -> bool:
    """Whether compiling saves more time than it costs over that many operations.

    Decided by the work, not by a clock: the same study compiles the same steps on every machine of a kind.
    """
    return flops / EAGER_FLOPS[device.type] * GAIN > COMPILE_SECONDS


def compiled(step: Callable[..., Any], device: torch.device) -> Callable[..., Any]:
    """The step as one compiled graph; the step itself, after one line, where compiling fails at the first call.

    A cohort calls its steps with the same settings and shapes from first to last, so of the guards, which would be
    evaluated at every call, those of tensors are enough. That is true as long as no other cohort finds this one's graph:
    graphs are kept by code object, hence each step has one of its own. So none counts as another one's recompilation
    either, of which PyTorch allows few, and a cohort's graphs go when it goes. On a GPU the step is recorded as a CUDA
    graph, which leaves next to nothing for the CPU to do; what it gives is copied, for the next replay overwrites it.
    """
    use_cache()
    logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)  # says that there is no CUDA, on any CPU

    def own(*arguments: Any) -> Any:
        return step(*arguments)

    own.__code__ = own.__code__.replace()
    graphs = device.type == "cuda"
    options: dict[str, Any] = {"guard_filter_fn": torch.compiler.keep_tensor_guards_unsafe, "triton.cudagraphs": graphs}
    fast: Callable[..., Any] | None = torch.compile(own, fullgraph=True, dynamic=False, options=options)

    def call(*arguments: Any) -> Any:
        nonlocal fast
        if fast is None:
            return step(*arguments)
        try:
            if not graphs:
                return fast(*arguments)
            torch.compiler.cudagraph_mark_step_begin()
            return tree_map(torch.clone, fast(*arguments))
        except Exception as error:  # the compilers' errors have no class in common
            reason = " ".join(str(error).split())[:200]
            print(f"ablate: compiling failed, going on without ({type(error).__name__}: {reason})", file=sys.stderr)
            fast = None
            return step(*arguments)

    return call
