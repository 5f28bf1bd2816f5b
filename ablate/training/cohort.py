"""A cohort: runs of one structure that train together, as one tensor program with a leading member dimension."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

import torch
from torch import Tensor

from ablate.config.run_config import RunConfig
from ablate.datasets.base import Dataset
from ablate.networks.flat import Network
from ablate.networks.pair import build
from ablate.training.arithmetic import in_bfloat16
from ablate.training.batches import Batches
from ablate.training.compiled import compiled, most_flops, pays, step_flops
from ablate.training.options import Arithmetic, Compile
from ablate.training.step import GeneratorTurn, Steps
from ablate.training.streams import Kind, Noise

SEGMENT_NUMBERS = 2**24
SEGMENT_STEPS = 64
"""A segment of training consumes at most this many numbers, and has at most this many generator steps"""

DTYPES = {"fp32": torch.float32, "fp64": torch.float64, "bf16": torch.float32}
"""Of weights, optimizer states, losses and norms, by precision"""


class Cohort:
    """Weights, optimizer states and streams of runs that share a structure; `advance` trains them."""

    def __init__(
        self,
        configs: Sequence[RunConfig],
        dataset: Dataset,
        device: torch.device,
        compile: Compile = "off",
        arithmetic: Arithmetic = "fp32",
    ):
        assert len({c.structure for c in configs}) == 1
        first = configs[0]
        self.configs, self.dataset, self.device = configs, dataset, device
        self.dtype, self.arithmetic = DTYPES[first.precision], arithmetic
        self.conditional = first.conditional
        self.seeds = [c.seed for c in configs]
        self.pair = build(first, dataset.shape, dataset.n_classes, len(configs))
        self.steps = Steps(configs, self.pair, self.dtype, device, dataset.scale)

        def start(network: Network, role: str) -> Tensor:
            return network.initial(self.seeds, role, first.init_std, first.start).to(device, self.dtype)

        self.critic, self.generator = start(self.pair.critic, "critic"), start(self.pair.generator, "generator")
        self.average = self.generator.clone() if first.generator_ema else None
        """of the generator's weights, where one is kept, [member, parameter]"""
        self.critic_state = self.steps.optimizer.start(self.critic)
        self.generator_state = self.steps.optimizer.start(self.generator)
        self.generator_step = self.advances = 0
        self._active = list(range(len(configs)))
        self._others: Cohort | None = None
        """trains the active members where some have left"""
        self._left: tuple[Tensor, dict[str, Tensor]] | None = None
        """members that have left, and their tensors, which compiled steps train on"""
        self._generators: dict[int, Network] = {}
        """networks for other numbers of members, by that number"""
        self.data_seconds = 0.0
        """spent on data and noise in the last `advance`; on a GPU, on asking for them"""
        self.compiled = compile == "on" or (compile == "auto" and self._compiling_pays())
        self._step_critic = self._prepared(self.steps.critic_step)
        self._step_generator = self._prepared(self.steps.generator_step)
        self.batches = Batches(first, dataset, self.seeds, self.pair.dropout_units, self.dtype, device)
        self.segment = max(1, min(SEGMENT_STEPS, SEGMENT_NUMBERS // (len(configs) * self.batches.numbers)))

    def _compiling_pays(self) -> bool:
        steps, of = self.configs[0].total_generator_steps, (self.configs, self.pair, self.dataset.shape)
        return pays(most_flops(*of) * steps, self.device) and pays(step_flops(*of) * steps, self.device)

    def _prepared(self, step: Callable[..., Any]) -> Callable[..., Any]:
        if self.configs[0].precision == "bf16":
            step = in_bfloat16(step, self.device)
        return compiled(step, self.device) if self.compiled else step

    def noise(self, purpose: str, shape: tuple[int, ...], kind: Kind, members: Sequence[int] | None = None) -> Noise:
        """The members' stream of N(0, 1) ("normal") or U(0, 1) ("uniform") batches for one purpose, or that of some."""
        seeds = self.seeds if members is None else [self.seeds[m] for m in members]
        return Noise(seeds, purpose, shape, kind, self.dtype, self.device)

    def generators_of(self, members: int) -> Network:
        """The network of the generators of so many members."""
        if members == len(self.configs):
            return self.pair.generator
        if members not in self._generators:
            pair = build(self.configs[0], self.dataset.shape, self.dataset.n_classes, members)
            self._generators[members] = pair.generator
        return self._generators[members]

    @property
    def critic_step(self) -> int:
        """Critic steps done."""
        return self.configs[0].critic_steps_by(self.generator_step)

    def leave(self, members: Collection[int]) -> None:
        """Train these members no further: their weights stay, and the others go on, stacked without them.

        Compiled steps go on with all while most are left: compiling them anew would cost more than it saves.
        """
        self._active = [m for m in range(len(self.configs)) if m not in members]
        left = torch.tensor(sorted(members), device=self.device)
        self._left = left, {k: v[left].clone() for k, v in self.tensors().items() if v.dim()}
        if not self._active or (self.compiled and len(self._active) > len(self.configs) / 2):
            return
        active = [self.configs[m] for m in self._active]
        self._others = Cohort(active, self.dataset, self.device, arithmetic=self.arithmetic)
        tensors = {k: v[self._active] if v.dim() else v for k, v in self.tensors().items()}
        self._others.restore(tensors, self.generator_step)

    def _advance_others(self, others: Cohort, count: int) -> tuple[Tensor, Tensor]:
        """As `advance`, with 0 for the members that have left."""
        index = torch.tensor(self._active, device=self.device)
        stats = others.advance(count)
        tensors, own = others.tensors(), self.tensors()
        whole = {k: v.index_copy(0, index, tensors[k]) if v.dim() else tensors[k] for k, v in own.items()}
        self.restore(whole, others.generator_step)
        self.advances += 1
        self.data_seconds = others.data_seconds
        members = len(self.configs)
        critic, generator = (s.new_zeros(*s.shape[:2], members).index_copy(2, index.cpu(), s) for s in stats)
        return critic, generator

    def advance(self, count: int) -> tuple[Tensor, Tensor]:
        """Train `count` generator steps; nothing is copied from the device until the end.

        Gives the critic steps' [critic step, 3, member] (loss, gap, gradient norm), as many as Settings.critic_steps_by
        says, and the generator steps' [count, 2, member] (loss, gradient norm; 0 where the critic's fakes are not
        generated), on the CPU.
        """
        if self._others is not None:
            return self._advance_others(self._others, count)
        first = self.configs[0]
        began = time.monotonic()
        batches, turns = self.batches.take(self.generator_step, count)
        self.data_seconds = time.monotonic() - began
        critic_stats, generator_stats = [], []
        with torch.no_grad():
            for step, turn in enumerate(turns):
                if first.generator_first:
                    generator_stats.append(self._generator_step(turn, self.critic))
                critic_before = self.critic
                for batch in batches[step]:
                    self.critic, self.critic_state, stats = self._step_critic(
                        self.critic, self.critic_state, self.generator, batch
                    )
                    critic_stats.append(stats)
                if not first.generator_first:
                    critic = critic_before if first.simultaneous else self.critic
                    generator_stats.append(self._generator_step(turn, critic))
                self.generator_step += 1
        self.advances += 1
        if self._left is not None:
            left, when_left = self._left
            tensors = self.tensors()
            frozen = {k: tensors[k].index_copy(0, left, v) for k, v in when_left.items()}
            self.restore(tensors | frozen, self.generator_step)
        of_critic = torch.stack(critic_stats) if critic_stats else self.critic.new_zeros(0, 3, len(self.configs))
        return of_critic.cpu(), torch.stack(generator_stats).cpu()

    def _generator_step(self, turn: GeneratorTurn, critic: Tensor) -> Tensor:
        first = self.configs[0]
        if first.fakes != "generator":
            return self.critic.new_zeros(2, len(self.configs))
        generator, state, stats = self._step_generator(self.generator, self.generator_state, critic, turn)
        if first.hold_generator_at is None or self.generator_step < first.hold_generator_at:
            self.generator, self.generator_state = generator, state
            if self.average is not None:
                self.average = torch.lerp(self.average, generator, 1 - first.generator_ema)
        return stats

    def tensors(self) -> dict[str, Tensor]:
        """All that training needs to go on exactly, next to the step number."""
        states = {f"critic_state.{k}": v for k, v in self.critic_state.items()}
        states |= {f"generator_state.{k}": v for k, v in self.generator_state.items()}
        if self.average is not None:
            states["generator_average"] = self.average
        return {"critic": self.critic, "generator": self.generator, **states}

    def restore(self, tensors: dict[str, Tensor], generator_step: int) -> None:
        """Go on from what `tensors` gave at `generator_step`; ValueError where they are of other networks."""
        on_device = {k: tensors[k].to(self.device) for k in self.tensors()}
        if unlike := [k for k, v in self.tensors().items() if v.shape != on_device[k].shape]:
            raise ValueError(f"tensors of other shapes: {', '.join(unlike)}")
        self.critic, self.generator = on_device["critic"], on_device["generator"]
        self.critic_state = {k: on_device[f"critic_state.{k}"] for k in self.critic_state}
        self.generator_state = {k: on_device[f"generator_state.{k}"] for k in self.generator_state}
        self.average = on_device.get("generator_average")
        self.generator_step = generator_step
