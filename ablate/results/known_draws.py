"""What an adaptive search has drawn so far, read back from the study's tables, which alone record it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ablate.study.search_space import Draw, Search

if TYPE_CHECKING:
    import pandas as pd

    from ablate.study.study import Study


def with_draws(study: Study, runs: pd.DataFrame) -> Study:
    """The study with the draws that have rows; a search that is not adaptive knows its draws by itself."""
    search = study.search
    if search is None or not search.adaptive or "draw" not in runs.columns:
        return study
    draws: dict[tuple[str, str], dict[int, Draw]] = {}
    known = {(dataset, arm) for dataset in study.datasets for arm in study.arms}
    for row in runs[runs["draw"].notna()].to_dict("records"):
        key = (row["dataset"], row["arm"])
        number = int(row["draw"])
        draw = _draw_of(search, row) if key in known and 0 <= number < search.draws else None
        if draw is not None and int(row["seed"]) == study.seeds[0] + number:
            draws.setdefault(key, {})[number] = draw
    study = replace(study, whole=with_draws(study.whole, runs)) if study.whole else study
    return with_proposals(study, draws)


def with_proposals(study: Study, draws: dict[tuple[str, str], dict[int, Draw]]) -> Study:
    """The study, and the whole that it is a part of, with more draws; (dataset, arm) → number → draw."""
    known = {key: {**study.proposed.get(key, {}), **draws.get(key, {})} for key in {**study.proposed, **draws}}
    return replace(study, proposed=known, whole=with_proposals(study.whole, draws) if study.whole else None)


def _draw_of(search: Search, row: dict[Any, Any]) -> Draw | None:
    """The drawn values of a row; None where they are not of this search space.

    A parameter that the run's components do not use is empty in the row: it is left out, as it has no effect.
    """
    draw: Draw = {}
    for parameter in search.parameters:
        value = _as_setting(row.get(f"set_{parameter.name}"), parameter.examples[0])
        if value is not None:
            if not parameter.holds(value):
                return None
            draw[parameter.name] = int(value) if parameter.whole else value
    return draw


def _as_setting(value: Any, like: Any) -> Any:
    """A cell as the setting's type: tables hold true and false, and numbers, as pandas reads them."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(like, bool):
        return {"True": True, "False": False}.get(str(value))
    if isinstance(like, int) and isinstance(value, float) and value == int(value):
        return int(value)
    return float(value) if isinstance(like, float) and isinstance(value, int) else value
