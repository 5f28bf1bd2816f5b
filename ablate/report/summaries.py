"""A study in a few lines: what distinguishes its arms, what its verdicts hold for, what is missing and what is doubtful."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ablate.claims.study_rows import StudyRows
from ablate.report.provenance import distinct
from ablate.report.result_tables import MOST_ARMS
from ablate.results import numbers

if TYPE_CHECKING:
    from ablate.study.study import Run, Study

NOT_OF_ARMS = ("seed", "dataset", "dataset_options")
"""Settings of a run that do not tell arms apart"""


@dataclass(frozen=True)
class ArmsTable:
    """The settings of all arms; one that differs by dataset is written "a / b", in the order of the datasets."""

    differing: list[str]
    """settings that not all arms share"""
    arms: list[tuple[str, list[str]]]
    """(arm, its values of those)"""
    shared: list[tuple[str, str]]
    """(setting, value)"""


def arms_table(rows: StudyRows) -> ArmsTable:
    """What distinguishes the arms, and what they share. What a search draws is left out."""
    settings: dict[str, dict[str, dict[str, None]]] = {arm: {} for arm in rows.study.arms}
    drawn = rows.study.search.names if rows.study.search else ()
    for run in _first_runs(rows):
        for name, value in run.config.by_name().items():
            if name not in (*NOT_OF_ARMS, *drawn):
                settings[run.arm].setdefault(name, {})[setting_text(value)] = None
    texts = {arm: {name: " / ".join(values) for name, values in own.items()} for arm, own in settings.items()}
    names = list(dict.fromkeys(name for own in texts.values() for name in own))
    differ = [name for name in names if len({own.get(name, numbers.NONE) for own in texts.values()}) > 1]
    arms = [(arm, [own.get(name, numbers.NONE) for name in differ]) for arm, own in texts.items()]
    first = next(iter(texts.values()), {})
    shared = [(name, first[name]) for name in names if name not in differ and first.get(name) != numbers.NONE]
    return ArmsTable(differ, arms[:MOST_ARMS], shared)


def _first_runs(rows: StudyRows) -> Iterator[Run]:
    """The first run of each arm on each dataset."""
    seen = set()
    for run in rows.runs:
        if (run.dataset, run.arm) not in seen:
            seen.add((run.dataset, run.arm))
            yield run


def setting_text(value: Any) -> str:
    """A setting's value as tables of the page show it; – for one that the run's components do not use."""
    if value is None:
        return numbers.NONE
    if isinstance(value, float):
        return f"{value:g}"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def budget(rows: StudyRows) -> str:
    """The size and length of training that the study's verdicts hold for."""
    trained = any(run.config.fakes == "generator" for run in rows.runs)
    configs = [run.config for run in _first_runs(rows)]
    network_steps = [
        c.total_generator_steps if trained else c.critic_steps_by(c.total_generator_steps) for c in configs
    ]
    steps = _joined(f"{count:,}" for count in network_steps)
    architecture = _joined(config.architecture for config in configs)
    width = _joined(str(config.width) for config in configs)
    network, search = "generator" if trained else "critic", rows.study.search
    if search is None:
        return f"{steps} {network} steps, {architecture} of width {width}, {_seeds_text(rows.study)} seeds"
    width = next((parameter.text for parameter in search.parameters if parameter.name == "width"), width)
    return f"{steps} {network} steps, {architecture} of width {width}, {search.draws} draws for each arm and dataset"


def _seeds_text(study: Study) -> str:
    """How many seeds an arm has on a dataset; of a study that goes by looks, the fewest and the most."""
    counts = sorted(set(study.asked.values())) or [len(study.seeds)]
    return " to ".join(map(str, dict.fromkeys((counts[0], counts[-1]))))


def _joined(texts: Iterator[str]) -> str:
    """The different texts, in their order."""
    return " / ".join(dict.fromkeys(texts))


def missing_lines(rows: StudyRows) -> list[str]:
    """What is not there, in words: one line an arm and dataset."""
    lines = []
    failed = rows.table[rows.table["status"] == "failed"]
    for (dataset, arm), group in rows.missing().groupby(["dataset", "arm"], sort=False):
        errors = failed[(failed["dataset"] == dataset) & (failed["arm"] == arm)]
        line = f"{arm} on {dataset}: {len(group)} of {rows.expected_count(str(dataset), str(arm))} runs"
        pruned = int((rows.rows(str(dataset), str(arm))["status"] == "pruned").sum())
        line += f", {pruned} of them pruned" if pruned else ""
        if len(errors):
            messages = distinct(errors, "error")
            line += f", {len(errors)} of them failed" + (f" ({messages[0]})" if messages else "")
        lines.append(line)
    return lines


def flag_lines(rows: StudyRows) -> list[str]:
    """Doubtful settings and events that runs carry as flags, with the arms that have them."""
    if "flags" not in rows.table.columns:
        return []
    counts: dict[str, dict[str, int]] = {}
    for arm, text in zip(rows.table["arm"], rows.table["flags"].fillna(""), strict=True):
        for flag in filter(None, str(text).split("; ")):
            arms = counts.setdefault(flag, {})
            arms[arm] = arms.get(arm, 0) + 1
    return [f"{flag}: {', '.join(f'{arm} ({n} runs)' for arm, n in arms.items())}" for flag, arms in counts.items()]
