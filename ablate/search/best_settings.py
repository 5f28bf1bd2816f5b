"""The best draws of a search as a study of its own, with fresh seeds: only what holds there may be called best."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ablate.claims.draws import Drawn, best_of, drawn
from ablate.claims.study_rows import StudyRows
from ablate.config.run_config import RunConfig
from ablate.errors import UsageError
from ablate.files import whole_files
from ablate.results.tables import Results
from ablate.study.flags import read_seeds_flag
from ablate.study.settings import setting_names
from ablate.study.study import Study
from ablate.study.yaml_file import YamlFile


@dataclass(frozen=True)
class BestStudy:
    """A study file that trains the best draw of each arm on one dataset."""

    name: str
    dataset: str
    best: dict[str, Drawn]
    text: str

    def write(self, path: Path) -> None:
        """Write the file; one that is there and says something else is left alone, with a UsageError."""
        if path.exists() and path.read_text(encoding="utf-8") != self.text:
            raise UsageError(f"{path}: a file is there already; move it away, or name another with --out")
        whole_files.write_text(path, self.text)


def best_studies(study: Study, results: Results, arms: Sequence[str], seeds: str) -> list[BestStudy]:
    """A study for each dataset, for draws differ between datasets. UsageError where there is nothing to choose from.

    arms: names of arms, or none for all; seeds: as for --seeds, none of them one that the search has used.
    """
    if study.search is None:
        raise UsageError(f"{study.path}: the study has no search, and so no best draws")
    unknown = [arm for arm in arms if arm not in study.arms]
    if unknown:
        raise UsageError(f"--arm {unknown[0]}: no such arm, expected one of: {', '.join(study.arms)}")
    first = study.seeds[0]
    _check_fresh(seeds, range(first, first + study.search.draws))
    rows = StudyRows.of(study, results)
    return [_best_study(rows, dataset, arms or study.arms, seeds) for dataset in study.datasets]


def _check_fresh(text: str, used: range) -> None:
    source = YamlFile(Path("--seeds"), "")
    seeds = read_seeds_flag(source, text)
    source.stop_if_wrong()
    spent = [seed for seed in seeds if seed in used]
    if spent:
        free = f"{used.stop}:{used.stop + len(seeds)}"
        raise UsageError(
            f"--seeds {text}: the search drew with seeds {used.start} to {used.stop - 1}; take others, such as {free}"
        )


def _best_study(rows: StudyRows, dataset: str, arms: Sequence[str], seeds: str) -> BestStudy:
    study, search = rows.study, rows.study.search
    assert search is not None
    best: dict[str, Drawn] = {}
    notes = [f"The best of {search.draws} draws of {study.name} ({search.sampler}, seed {search.seed})."]
    for arm in arms:
        draws = drawn(rows, dataset, arm)
        chosen = best_of(draws, search)
        if chosen is None:
            raise UsageError(
                f"{rows.results.folder}: no draw of {arm} on {dataset} has a {search.objective}; "
                f"`ablate run {study.path}` trains what is missing"
            )
        best[arm] = chosen
        of = "" if len(draws) == search.draws else f", of {len(draws)} draws that have one"
        notes.append(f"{arm}: draw {chosen.number}, {search.objective} {chosen.value:.4g}{of}.")
    configs = {run.run_id: run.config for run in rows.runs}
    chosen_configs = {arm: configs[chosen.run_id] for arm, chosen in best.items()}
    several = len((study.whole or study).datasets) > 1
    name = _study_name(f"{study.name}_best_{dataset}" if several else f"{study.name}_best")
    text = _text(name, dataset, chosen_configs, seeds, " ".join(notes), study, search.objective)
    return BestStudy(name, dataset, best, text)


def _study_name(text: str) -> str:
    return re.sub(r"[^a-z0-9_]", "_", text.lower())[:64]


def _text(
    name: str, dataset: str, configs: dict[str, RunConfig], seeds: str, notes: str, study: Study, objective: str
) -> str:
    settings = {arm: _settings(config) for arm, config in configs.items()}
    first = next(iter(settings.values()))
    shared = {key: value for key, value in first.items() if all(s.get(key) == value for s in settings.values())}
    config = next(iter(configs.values()))
    content = {
        "study": name,
        "question": f"How good are the settings that {study.name} found best on {dataset}, with fresh seeds?",
        "notes": f"{notes} A best of many draws, by {objective}, owes something to luck: these runs show what holds.",
        "seeds": [int(seed) for seed in seeds.split(",")] if "," in seeds else seeds,
        "datasets": {dataset: {"dataset": config.dataset, **config.dataset_options}},
        "base": shared,
        "arms": {
            re.sub(r"[^A-Za-z0-9_.+-]", "_", arm): {k: v for k, v in own.items() if k not in shared}
            for arm, own in settings.items()
        },
    }
    return yaml.safe_dump(content, sort_keys=False, width=118, allow_unicode=True)


def _settings(config: RunConfig) -> dict[str, Any]:
    """The settings that an arm must be given, as YAML can hold them."""
    chosen = {name: config.chosen[name] for name in setting_names() if name in config.chosen}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in chosen.items()}
