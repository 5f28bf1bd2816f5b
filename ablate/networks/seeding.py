"""Where a run's random numbers come from: its seed, what they are for, and which block of them."""

from __future__ import annotations

import hashlib

import torch


def generator_for(seed: int, purpose: str, block: int, device: torch.device) -> torch.Generator:
    """The generator of one block of one purpose of one run."""
    digest = hashlib.sha256(f"{seed}/{purpose}/{block}".encode()).digest()
    return torch.Generator(device=device).manual_seed(int.from_bytes(digest[:7], "big"))
