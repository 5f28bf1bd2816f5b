"""In which numbers a device multiplies: float32, or a faster and coarser format for matrix products and convolutions.

TF32 is how a GPU multiplies float32, and an option of a run; bfloat16 is a setting of the training (`precision: bf16`).
Weights, optimizer states, losses and norms are float32 in any case; what is evaluated is always computed in float32.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from ablate.training.options import Arithmetic


def choose(wanted: Arithmetic, device: str) -> Arithmetic:
    """auto is TF32 on a GPU and float32 on a CPU, which has no TF32."""
    if wanted == "auto":
        return "tf32" if device == "cuda" else "fp32"
    return "fp32" if wanted == "tf32" and device == "cpu" else wanted


def multiplies_bfloat16(device: torch.device) -> bool:
    """Whether that is faster than float32 there: on a CPU its cores must have instructions for it."""
    if device.type == "cpu":
        known = torch.cpu.get_capabilities()
        return bool(known.get("avx512_bf16") or known.get("amx_tile") or known.get("bf16"))
    return torch.cuda.is_bf16_supported(including_emulation=False)


@contextmanager
def products_in(arithmetic: Arithmetic) -> Iterator[None]:
    """Let CUDA's products and convolutions use TF32, or not, within the block."""
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    before = matmul.allow_tf32, cudnn.allow_tf32
    matmul.allow_tf32 = cudnn.allow_tf32 = arithmetic == "tf32"
    try:
        yield
    finally:
        matmul.allow_tf32, cudnn.allow_tf32 = before


def in_bfloat16(step: Callable[..., Any], device: torch.device) -> Callable[..., Any]:
    """The step with its products and convolutions in bfloat16.

    PyTorch's cache of cast weights knows nothing of nested gradients, so there is none.
    """

    def call(*arguments: Any) -> Any:
        with torch.autocast(device.type, torch.bfloat16, cache_enabled=False):
            return step(*arguments)

    return call
