"""One training run, complete, frozen and validated: its settings, its identity and its structure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError, model_validator

from ablate import registry
from ablate.config.checks import CHECKS
from ablate.config.fields import Settings, default_of
from ablate.registry import DatasetFacts, LipschitzFacts, facts_about
from ablate.registry.components import (
    COMPONENT_KINDS,
    component_settings,
    owned_settings,
    settings_of_kind,
    telling_options,
    users_of,
)

RESULTS_VERSION = 2
"""Raised by hand when a change of the code changes what a run with the same settings gives; part of every run_id."""

PER_MEMBER = ("seed", "lr", "critic_lr")
"""Fields that may differ between the members of a cohort, as may numbers that components own; all others are its structure."""


class SettingErrors(ValueError):
    """What is wrong with settings that are right one by one: (setting, sentence) each; "" stands for no one setting."""

    def __init__(self, problems: list[tuple[str, str]]):
        super().__init__("; ".join(message for _, message in problems))
        self.problems = problems


class RunConfig(Settings):
    """All settings of one training, complete with the defaults of the chosen components, and right together."""

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, settings: Any) -> Any:
        if not isinstance(settings, dict):
            return settings
        if problems := list(_wrong_extras(settings)):
            raise SettingErrors(problems)
        return fill(settings)

    @model_validator(mode="after")
    def _check(self) -> RunConfig:
        unused = [(n, f"{n} has no effect here: {users_of(n)}") for n in sorted(inapplicable(self.model_dump()))]
        problems = unused + [problem for check in CHECKS for problem in check(self)]
        if problems:
            raise SettingErrors(problems)
        return self

    @property
    def run_id(self) -> str:
        """Hash of everything that can change the result: 16 hexadecimal digits."""
        return self.identity(RESULTS_VERSION)

    def identity(self, version: int) -> str:
        """The run_id that these settings have, or had, where code gives results of that version.

        A setting at its default is left out, so that a setting which is added later leaves old identities as they are.
        A default is therefore never changed without raising RESULTS_VERSION.
        """
        return _digest({"version": version, **self.chosen})

    @property
    def chosen(self) -> dict[str, Any]:
        """The settings without those at the default of their field, or of the component that owns them: what run_id is of."""
        implied = {name: default_of(name) for name in Settings.model_fields}
        for kind in COMPONENT_KINDS:
            own = owned_settings(kind, getattr(self, kind))
            implied |= {name: setting.default for name, setting in own.items() if not setting.always_in_id}
        if self.init_std is not None:
            implied["start"] = "normal"  # init_std says so alone, as it did before there was another start
        return {k: v for k, v in self.model_dump().items() if k not in implied or v != implied[k]}

    @property
    def structure(self) -> str:
        """Hash of what decides shapes and code path; runs that agree in it can train as one cohort."""
        free = {name for name, setting in component_settings().items() if setting.per_member}
        return _digest({k: v for k, v in self.model_dump().items() if k not in free and k not in PER_MEMBER})

    @property
    def flags(self) -> tuple[str, ...]:
        """What is allowed but doubtful in these settings; written into the run's row."""
        doubts = []
        if self.critic_norm == "batch" and facts_about(LipschitzFacts, self.lipschitz).penalty:
            doubts.append(
                "batch norm in the critic under a penalty: a sample's gradient then depends on the whole batch"
            )
        if self.own.get("clip_before"):
            doubts.append("clipping before the step: the critic that the generator learns from is not within the bound")
        if self.lipschitz == "clip" and (self.own.get("beta1") or self.own.get("momentum")):
            doubts.append("momentum with weight clipping: the WGAN paper advises against it")
        if self.loss == "wasserstein" and self.lipschitz == "none" and not self.spectral_norm:
            doubts.append("Wasserstein loss without a Lipschitz constraint: the critic's loss has no bound")
        counted = facts_about(DatasetFacts, self.dataset).evaluation_samples
        if counted not in (None, self.evaluation_samples):
            doubts.append(
                f"{self.dataset}'s own metrics are defined on {counted} samples, and left out with another number"
            )
        return tuple(doubts)


def problems_of(error: ValidationError) -> Iterator[tuple[str, str]]:
    """(setting, sentence) for each mistake that RunConfig reports."""
    for problem in error.errors(include_url=False):
        cause = problem.get("ctx", {}).get("error")
        if isinstance(cause, SettingErrors):
            yield from cause.problems
        else:
            setting = ".".join(map(str, problem["loc"][:1]))
            yield setting, f"{setting}: {problem['msg']}"


def _digest(settings: dict[str, Any]) -> str:
    text = json.dumps(settings, sort_keys=True, separators=(",", ":"), default=list)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _wrong_extras(settings: dict[str, Any]) -> list[tuple[str, str]]:
    """Of what is no field: names that no component owns, and values that their settings cannot have."""
    known = component_settings()
    problems = []
    for name, value in settings.items():
        if name in Settings.model_fields:
            continue
        if name not in known:
            problems.append((name, registry.unknown("setting", name, [*Settings.model_fields, *known])))
        elif value is not None and (expected := known[name].wrong(value)):
            problems.append((name, f"{name} is {value!r}, expected {expected}"))
    return problems


def inapplicable(settings: dict[str, Any]) -> set[str]:
    """Those of the given settings that belong to components other than the chosen ones, and would change something.

    A setting that chosen and other components own, of one kind or of several, is not among them.
    """
    used: set[str] = set()
    others: set[str] = set()
    for kind in COMPONENT_KINDS:
        chosen = settings.get(kind, default_of(kind))
        if not isinstance(chosen, str) or registry.find(kind, chosen) is None:
            continue  # reported as an unknown name; what belongs to it cannot be known
        used |= owned_settings(kind, chosen).keys()
        others |= settings_of_kind(kind)
    return {name for name in others - used if not _idle(name, settings.get(name))}


def _idle(name: str, value: Any) -> bool:
    """Whether a component's setting says no more than if it were not given."""
    setting = component_settings()[name]
    return value is None or (value == setting.default and not setting.always_in_id)


def fill(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings with the defaults of the chosen components, dataset options included; idle ones of others are left out."""
    known = component_settings()
    own: dict[str, Any] = {}
    for kind in COMPONENT_KINDS:
        own |= owned_settings(kind, settings.get(kind, default_of(kind)))
    filled = {}
    for name, value in settings.items():
        if name in known and (value is None or (name not in own and _idle(name, value))):
            continue
        filled[name] = known[name].read(value) if name in known else value
    for name, setting in own.items():
        if setting.default is not None:
            filled.setdefault(name, setting.default)
    if settings.get("init_std") is not None:
        filled.setdefault("start", "normal")
    dataset, options = settings.get("dataset"), settings.get("dataset_options", {})
    if isinstance(dataset, str) and registry.find("dataset", dataset):
        if isinstance(options, dict):
            filled["dataset_options"] = telling_options(dataset, options)
        if counted := facts_about(DatasetFacts, dataset).evaluation_samples:
            filled.setdefault("evaluation_samples", counted)
    return filled
