"""The part of a study that `--only factor=level` chooses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from ablate import registry
from ablate.errors import UsageError
from ablate.study.arms_section import level_text
from ablate.study.study import Study


def select(study: Study, only: Sequence[str]) -> Study:
    """The part of a study that `factor=level` texts leave: same factor, either level; different factors, both.

    Factors are dataset, arm (with a grid: its full name, or the name before the levels) and the grid's. Claims stay
    whose arms are all left, about those of their datasets that are left.
    """
    wanted: dict[str, list[str]] = {}
    factors = ("dataset", "arm", *dict.fromkeys(factor for levels in study.factors.values() for factor in levels))
    for text in only:
        factor, equals, level = text.partition("=")
        if not equals:
            raise UsageError(f"--only {text}: expected factor=level, such as --only dataset={study.datasets[0]}")
        if factor not in factors:
            raise UsageError(f"--only {text}: {registry.unknown('factor', factor, factors)}")
        wanted.setdefault(factor, []).append(level)
    datasets = _chosen(study.datasets, wanted.pop("dataset", None), "dataset", lambda label: {label})
    arms = study.arms
    for factor, levels in wanted.items():
        fitting = _chosen(study.arms, levels, factor, partial(_levels, study, factor))
        arms = tuple(arm for arm in arms if arm in set(fitting))
    if not arms:
        raise UsageError(f"{' '.join('--only ' + text for text in only)}: no arm has all of these")
    claims = tuple(
        replace(claim, datasets=tuple(label for label in claim.datasets if label in datasets))
        for claim in study.claims
        if set(claim.arms) <= set(arms) and set(claim.datasets) & set(datasets)
    )
    return replace(
        study,
        datasets=datasets,
        arms=arms,
        claims=claims,
        factors={arm: study.factors[arm] for arm in arms},
        whole=study.whole or study,
    )


def _chosen(
    items: tuple[str, ...], levels: list[str] | None, factor: str, levels_of: Callable[[str], set[str]]
) -> tuple[str, ...]:
    if levels is None:
        return items
    known = dict.fromkeys(level for item in items for level in sorted(levels_of(item)))
    for level in levels:
        if level not in known:
            raise UsageError(f"--only {factor}={level}: {registry.unknown(factor, level, known)}")
    return tuple(item for item in items if levels_of(item) & set(levels))


def _levels(study: Study, factor: str, arm: str) -> set[str]:
    """What a person may write for the arm's level of a factor."""
    if factor == "arm":
        parts = study.layers.arms.get(arm)
        return {arm, parts.own_name} - {""} if parts else {arm}
    return {level_text(study.factors[arm][factor])} if factor in study.factors.get(arm, {}) else set()
