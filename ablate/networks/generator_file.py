"""A trained generator as a file of its own: weights and standing statistics, with a record of the run that made them.

The file is safetensors. Its tensors are the parameters by their names in the network, without the member dimension, and
`standing.<batch norm>.mean` and `.variance`; its metadata holds the record as JSON.

>>> generator = ablate.load_generator("runs/mine/generators/0123456789abcdef.best.safetensors")
>>> images = generator.sample(64, labels=7)          # [64, channels, height, width] in [-1, 1]
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from ablate.config.run_config import RunConfig
from ablate.datasets.base import fingerprint_of_tensors
from ablate.errors import AblateError, UsageError
from ablate.files import whole_files
from ablate.networks.flat import Network
from ablate.networks.pair import build
from ablate.networks.standing import Statistics, batch_norms, standing
from ablate.randomness.numbers import Numbers

KIND, VERSION = "ablate generator", 1
NEEDED = {"config", "shape", "classes"}
CHUNK = 256
"""Samples that are generated at once"""
PARALLEL = 1e-4
"""Below this sine of their angle two latents are interpolated on a straight line"""

Labels = int | Sequence[int] | Tensor | None


class Generator:
    """One run's generator, ready to use; `load_generator` gives it."""

    def __init__(self, config: RunConfig, record: dict[str, Any], network: Network, flat: Tensor, stats: Statistics):
        self.config = config
        self.record = record
        """run_id, which (best, last or ema), generator_step, fid there, dataset_fingerprint, commit, …"""
        self.shape: tuple[int, ...] = tuple(record["shape"])
        """a sample's shape"""
        self.n_classes: int = record["classes"] if config.conditional else 0
        """labels that can be asked for; 0 if the generator is unconditional"""
        self._network, self._flat, self._statistics = network, flat, stats

    @property
    def dtype(self) -> torch.dtype:
        """Of weights, latents and samples: the training's precision."""
        return self._flat.dtype

    def __call__(self, latent: Tensor, labels: Tensor | None = None) -> Tensor:
        """Samples [n, *shape] in the training's precision, of latents [n, latent_size] and labels [n]."""
        latent = latent.to(self._flat.dtype)
        parts = []
        with torch.no_grad(), standing(self._network, self._statistics):
            for start in range(0, len(latent), CHUNK):
                asked = labels[None, start : start + CHUNK] if labels is not None else None
                parts.append(self._network(self._flat, latent[None, start : start + CHUNK], asked)[0])
        return torch.cat(parts)

    def sample(self, n: int, seed: int = 0, labels: Labels = None) -> Tensor:
        """n samples [n, *shape]: images in [-1, 1], or points.

        `labels` is one for all, one for each, or None: then they go round the classes. The same seed gives the same
        latents. UsageError for a label that there is not, or any label where the generator is unconditional.
        """
        if n < 1:
            raise UsageError(f"{n} samples were asked for, expected at least 1")
        return self(self._latent(n, seed), self._labels(labels, n))

    def interpolate(self, steps: int, rows: int = 1, seed: int = 0, labels: Labels = None) -> Tensor:
        """Samples [rows, steps, *shape] on the way from one latent to another, ends included, for each row anew.

        The way keeps to the sphere, for normal latents are rare near the middle of a chord (White 2016, arXiv:1609.04468).
        `labels` is one for all rows, one for each row, or None: then they go round the classes, row by row.
        """
        if steps < 2 or rows < 1:
            raise UsageError(f"{rows} rows of {steps} steps were asked for, expected at least 1 row of 2 steps")
        ends = self._latent(2 * rows, seed).unflatten(0, (rows, 2))
        share = torch.linspace(0, 1, steps, dtype=ends.dtype)
        latent = spherical(ends[:, 0, None], ends[:, 1, None], share[None, :, None])
        asked = self._labels(labels, rows)
        asked = asked.repeat_interleave(steps) if asked is not None else None
        return self(latent.flatten(0, 1), asked).unflatten(0, (rows, steps))

    def _latent(self, n: int, seed: int) -> Tensor:
        numbers = Numbers.of_one(seed, "sample latent")
        return numbers.normal(n, self.config.latent_size, dtype=self._flat.dtype)

    def _labels(self, labels: Labels, n: int) -> Tensor | None:
        if not self.n_classes:
            if labels is not None:
                raise UsageError("a label was asked for, but this generator is unconditional: it was trained without")
            return None
        if labels is None:
            return torch.arange(n) % self.n_classes
        asked = _whole_numbers(labels)
        asked = asked.expand(n) if asked.dim() == 0 else asked
        if asked.shape != (n,):
            raise UsageError(f"{asked.numel()} labels were given for {n}; give one for all, or one for each")
        wrong = asked[(asked < 0) | (asked >= self.n_classes)]
        if len(wrong):
            raise UsageError(
                f"label {int(wrong[0])} is out of range: this generator has labels 0 to {self.n_classes - 1}"
            )
        return asked


def _whole_numbers(labels: int | Sequence[int] | Tensor) -> Tensor:
    try:
        numbers = torch.as_tensor(labels)
    except (TypeError, ValueError, RuntimeError):  # text, a ragged list, a number beyond 64 bits
        numbers = torch.tensor(math.nan)
    if numbers.is_floating_point() or numbers.is_complex() or numbers.dtype == torch.bool:
        raise UsageError(f"labels are {labels!r}, expected whole numbers")
    return numbers.to(torch.int64)


def spherical(start: Tensor, end: Tensor, share: Tensor) -> Tensor:
    """The point at `share` (0 … 1) of the great circle's arc from start to end, [..., latent]; lengths interpolate along."""
    cosine = torch.nn.functional.cosine_similarity(start, end, dim=-1).clamp(-1, 1)[..., None]
    angle = cosine.acos()
    sine = angle.sin()
    first, second = ((1 - share) * angle).sin() / sine, (share * angle).sin() / sine
    return torch.where(sine > PARALLEL, first * start + second * end, (1 - share) * start + share * end)


def save_generator(
    path: Path, network: Network, flat: Tensor, statistics: Statistics, member: int, record: dict[str, Any]
) -> None:
    """Write one member's generator out of `flat` [member, parameter], whole or not at all.

    `record` holds config (as JSON), shape, classes and whatever else is known of the run.
    """
    tensors = {name: value[member] for name, value in network.views(flat).items()}
    members = len(flat)
    for layer, parts in statistics.items():
        for what, value in zip(("mean", "variance"), parts, strict=True):
            tensors[f"standing.{layer}.{what}"] = value.unflatten(0, (members, -1))[member]
    plain = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    whole = {"kind": KIND, "version": VERSION, **record, "fingerprint": fingerprint_of_tensors(plain)}
    data = save(plain, metadata={"record": json.dumps(whole, sort_keys=True)})
    whole_files.write_bytes(path, data)


def load_generator(path: Path | str) -> Generator:
    """The generator in a file that a run left; UsageError where there is none, AblateError where it is damaged.

    Nothing is unpickled. A generator whose architecture came from a plugin needs that plugin loaded first.
    """
    path = Path(path)
    if not path.is_file():
        raise UsageError(f"{path}: no such file; runs leave their generators in runs/<study>/generators")
    tensors, record = _read(path)
    try:
        config = RunConfig.model_validate(record["config"])
    except ValidationError as error:
        first = error.errors()[0]
        what = f"{'.'.join(map(str, first['loc']))}: {first['msg']}".strip(": ")
        raise UsageError(
            f"{path}: its settings are not known here ({what}); if they come from a plugin, load it, with --plugin or "
            f"ablate.registry.load_plugin"
        ) from error
    network = build(config, tuple(record["shape"]), record["classes"], 1).generator
    expected = {name: tuple(shape[1:]) for name, shape in zip(network.names, network.shapes, strict=True)}
    norms = batch_norms(network)
    for name, layer in norms.items():
        expected |= dict.fromkeys((f"standing.{name}.mean", f"standing.{name}.variance"), (layer.features,))
    if {name: tuple(value.shape) for name, value in tensors.items()} != expected:
        raise AblateError(
            f"{path}: its weights do not fit the networks of this version of ablate; it was made by commit "
            f"{record.get('commit') or 'unknown'}"
        )
    flat = torch.cat([tensors[name].flatten() for name in network.names])[None]
    statistics = {n: (tensors[f"standing.{n}.mean"], tensors[f"standing.{n}.variance"]) for n in norms}
    return Generator(config, record, network, flat, statistics)


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    try:
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {}).get("record", "{}")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        record = json.loads(text)
    except (OSError, SafetensorError, ValueError) as error:
        raise AblateError(
            f"{path}: not a readable safetensors file ({error}); restore it, or train its run anew"
        ) from error
    if not isinstance(record, dict) or record.get("kind") != KIND or not record.keys() >= NEEDED:
        raise UsageError(f"{path}: not a generator saved by ablate")
    if record.get("version") != VERSION:
        raise UsageError(f"{path}: saved in format {record.get('version')}, this version of ablate reads {VERSION}")
    if record.get("fingerprint") != fingerprint_of_tensors(tensors):
        raise AblateError(
            f"{path}: its weights are damaged: their fingerprint is not the recorded one; train its run anew"
        )
    return tensors, record


def finite(value: float) -> float | None:
    """A number as JSON can hold it."""
    return value if math.isfinite(value) else None
