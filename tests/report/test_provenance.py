"""The page names the command that makes a study's tables anew, as a shell takes it."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest

from ablate.report.provenance import command_of
from tests.support.simulated_study import SimulatedStudy


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ["studies/tiny.yaml"]),
        ({"name": "wgan_gp_toy"}, ["wgan_gp_toy"]),  # a recipe is named, not a file
        ({"overrides": ("lr=1e-3", "width=8")}, ["studies/tiny.yaml", "--set", "lr=1e-3", "--set", "width=8"]),
        ({"overrides": ("path=my images; rm -r x",)}, ["studies/tiny.yaml", "--set", "path=my images; rm -r x"]),
        ({"seeds_flag": "0:5"}, ["studies/tiny.yaml", "--seeds", "0:5"]),
    ],
)
def test_the_command_has_the_words_that_were_typed(changes: dict[str, object], words: list[str]) -> None:
    study = replace(SimulatedStudy((), [], name="tiny"), **changes)
    assert shlex.split(command_of(study)) == ["ablate", "run", *words]  # type: ignore[arg-type]
