"""How a cohort is trained, as a person may ask for it; what it gives does not depend on these, but for rounding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ablate.config.option import option

Compile = Literal["auto", "on", "off"]
Arithmetic = Literal["auto", "fp32", "tf32"]


@dataclass(frozen=True, kw_only=True)
class TrainingOptions:
    """A new option is read from `control` where the training needs it; driver and worker pass all of them on."""

    checkpoint_seconds: float = option(30.0, "time between checkpoints", least=0)
    compile: Compile = option("auto", "compile the steps; auto: where it saves more than it costs")
    arithmetic: Arithmetic = option(
        "auto", "of float32's products and convolutions; auto: tf32 on a GPU, fp32 on a CPU", "--precision"
    )
    keep_checkpoints: bool = option(False, "keep a checkpoint of the end of each cohort, in <out>/checkpoints")
