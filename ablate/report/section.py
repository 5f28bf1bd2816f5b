"""All that the page shows of one study: tables, figures, samples and provenance."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ablate.claims.study_rows import StudyRows
from ablate.claims.verdict import Verdict
from ablate.registry.measures import measure, shown_in
from ablate.report import summaries
from ablate.report.board import tally
from ablate.report.figures import critic, surfaces
from ablate.report.figures import sample_sheets as samples
from ablate.report.figures import style as figures
from ablate.report.figures.bands import bands
from ablate.report.figures.ladder import LadderPart, ladder_part
from ablate.report.figures.response import response_curves
from ablate.report.figures.trajectories import trajectories
from ablate.report.search import SearchPart, search_part
from ablate.study import recipes

if TYPE_CHECKING:
    from ablate.study.study import Study

MOST_STRIPS, MOST_CURVES = 40, 10
"""Arms that a figure shows"""


@dataclass(frozen=True)
class StudySection:
    """All that the template shows of one study."""

    name: str
    question: str
    notes: str
    command: str
    budget: str
    claims: int
    tally: dict[str, int]
    differing: list[str]
    arms: list[tuple[str, list[str]]]
    shared: list[tuple[str, str]]
    tables: list[summaries.ResultTable]
    columns: list[tuple[str, str]]
    ladder: LadderPart | None
    responses: list[figures.Drawing]
    trajectories: list[figures.Drawing]
    strips: list[figures.Drawing]
    learning: list[figures.Drawing]
    training: list[figures.Drawing]
    critic: list[figures.Drawing]
    sheets: list[samples.Sheet]
    surfaces: list[figures.Drawing]
    figures_note: str
    missing: list[str]
    expected: int
    present: int
    flags: list[str]
    stale: tuple[str, ...]
    provenance: list[tuple[str, str]]
    text: str
    search: SearchPart | None = None


def section_of(rows: StudyRows, verdicts: Sequence[Verdict]) -> StudySection:
    """Drawn from the study's rows and what was decided by them."""
    study = rows.study
    palette = figures.colours(study.arms)
    differing, arms, shared = summaries.settings_tables(rows)
    named = [arm for claim in study.claims for arm in claim.arms]
    drawn = [*dict.fromkeys(named), *(arm for arm in study.arms if arm not in named)][:MOST_CURVES]
    drawn = [arm for arm in study.arms if arm in drawn]
    tables = summaries.result_tables(rows)
    flags = "".join(f" --set {shlex.quote(each)}" for each in study.overrides)
    flags += f" --seeds {study.seeds_flag}" if study.seeds_flag else ""
    return StudySection(
        name=study.name,
        question=study.question,
        notes=study.notes or "",
        command=f"ablate run {study.name if study.name in recipes.names() else f'studies/{study.name}.yaml'}{flags}",
        budget=summaries.budget(rows),
        claims=len(study.claims),
        tally=tally(verdicts),
        differing=differing,
        arms=arms,
        shared=shared,
        tables=tables,
        columns=summaries.meanings(tables),
        ladder=ladder_part(rows),
        responses=response_curves(rows),
        trajectories=trajectories(rows, palette),
        strips=_strips(rows, palette),
        learning=_learning(rows, palette, drawn),
        training=_training(rows, palette, drawn),
        critic=critic.drawings(rows, palette),
        sheets=samples.sheets(rows, palette),
        surfaces=surfaces.drawings(rows, palette),
        figures_note=_figures_note(study),
        missing=summaries.missing_lines(rows),
        expected=len(rows.expected),
        present=len(rows.expected) - len(rows.missing()),
        flags=summaries.flag_lines(rows),
        stale=rows.unused_rows,
        provenance=summaries.provenance(rows),
        text=study.text,
        search=search_part(rows, palette),
    )


def _figures_note(study: Study) -> str:
    if len(study.arms) > MOST_CURVES:
        return (
            f"Of {len(study.arms)} arms, the curves show {MOST_CURVES}, those that claims name first, "
            f"and the dots the first {MOST_STRIPS}; the table above holds all results."
        )
    return ""


def _quality() -> tuple[str, ...]:
    """What is drawn run by run and over training."""
    return tuple(of.name for of in shown_in("curves"))


def _strips(rows: StudyRows, palette: dict[str, str]) -> list[figures.Drawing]:
    measured = [name for name in _quality() if name in rows.table.columns and rows.table[name].notna().any()]
    pairs = [(name, dataset) for name in measured for dataset in rows.study.datasets]
    if not measured:  # no generator was trained: what the claims are about
        claimed = [claim for claim in rows.study.claims if claim.metric in rows.table.columns]
        pairs = list(dict.fromkeys((claim.metric, dataset) for claim in claimed for dataset in claim.datasets))
    return [drawing for name, dataset in pairs if (drawing := _strip(rows, name, dataset, palette))]


def _strip(rows: StudyRows, name: str, dataset: str, palette: dict[str, str]) -> figures.Drawing | None:
    facts = measure(name)
    values, lost, floors = {}, {}, []
    for arm in rows.study.arms[:MOST_STRIPS]:
        group = rows.rows(dataset, arm)
        found = group.loc[group["status"] == "done", name].to_numpy(dtype=float)
        values[arm] = found[np.isfinite(found)]
        lost[arm] = int((group["status"] == "diverged").sum())
        if not len(values[arm]) and not lost[arm]:  # not measured in this arm, or no runs yet
            del values[arm], lost[arm]
        floors += group[f"{name}_floor"].dropna().tolist() if f"{name}_floor" in group.columns else []
    floor = float(np.median(floors)) if floors else None
    key = f"{rows.study.name}/{dataset}/strip/{name}"
    return figures.strip(values, lost, name, facts.better, facts.scale, key, dataset, floor=floor, palette=palette)


def _learning(rows: StudyRows, palette: dict[str, str], arms: list[str]) -> list[figures.Drawing]:
    points = rows.curves_of(_quality())
    note = "; a cross: from here half the runs or more have diverged"
    found = []
    for name in _quality():
        all_bands = bands(rows, points, name, diverged_worst=True)
        for dataset in rows.study.datasets:
            chosen = {arm: all_bands[dataset, arm] for arm in arms if (dataset, arm) in all_bands}
            ended = any(np.isposinf(band.median).any() for band in chosen.values())
            key = f"{rows.study.name}/{dataset}/{name}"
            found.append(
                figures.curves(chosen, name, measure(name).scale, key, dataset, palette, note if ended else "")
            )
    return [drawing for drawing in found if drawing]


def _training(rows: StudyRows, palette: dict[str, str], arms: list[str]) -> list[figures.Drawing]:
    series = shown_in("training")
    points = rows.curves_of(tuple(of.name for of in series))
    found = []
    by_metric = {of.name: bands(rows, points, of.name, diverged_worst=False) for of in series}
    for dataset in rows.study.datasets:
        for of in series:
            all_bands = by_metric[of.name]
            chosen = {arm: all_bands[dataset, arm] for arm in arms if (dataset, arm) in all_bands}
            key = f"{rows.study.name}/{dataset}/{of.name}"
            found.append(figures.curves(chosen, of.summary, of.scale, key, dataset, palette))
    return [drawing for drawing in found if drawing]
