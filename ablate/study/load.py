"""A study file read whole: its sections, what the command line changes of them, and everything that is wrong in either."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ablate.study.arms_section import read_arms, read_ladder
from ablate.study.claims import read_claims
from ablate.study.datasets_section import read_datasets, stand_in
from ablate.study.flags import read_flags, read_runs_of_arms
from ablate.study.layers import Layers, check_layers
from ablate.study.looks import check_looks
from ablate.study.search_section import check_search, read_search
from ablate.study.sections import check_top, read_base, read_header, read_recipe
from ablate.study.study import Study
from ablate.study.yaml_file import Spot, read_yaml


def load_study(
    path: str | Path, overrides: Sequence[str] = (), seeds: str | None = None, until: Sequence[int] = ()
) -> Study:
    """Read a study file. `overrides` are settings ("lr=1e-3") that win over the file's, `seeds` replaces its seeds.

    `until`: looks until the study is decided, where its file has a number of seeds; the file's own looks win.

    Raises StudyErrors with all mistakes of the file and the flags; UsageError where there is no such file.
    """
    source = read_yaml(Path(path))
    if not check_top(source):
        source.stop_if_wrong()
    name, question, notes = read_header(source)
    chosen, looks = read_runs_of_arms(source, seeds, until)
    datasets = read_datasets(source)
    flags, datasets = read_flags(source, overrides, datasets)
    search = read_search(source)
    layers = Layers(read_base(source), datasets, read_arms(source, tuple(datasets)), flags, read_recipe(source), search)
    better = check_search(
        source, layers, chosen[:1] if looks else chosen, ("seeds",) if seeds is None else f"--seeds {seeds}"
    )
    if search:
        layers = replace(layers, search=replace(search, better=better))
    claims = read_claims(source, layers)
    if looks:
        spot: Spot = ("seeds",) if isinstance(source.value["seeds"], dict) else "--until decided"
        check_looks(source, spot, search is not None, any(claim.test and not claim.waits for claim in claims))
    ladder = read_ladder(source, layers.arms)
    any_known = any(dataset.known for dataset in datasets.values())
    check_layers(source, layers if any_known else replace(layers, datasets=stand_in()), min(chosen, default=0))
    source.stop_if_wrong()
    files = {name: (source.path.parent / name).read_bytes() for claim in claims for name in claim.files}
    factors = {
        arm: {factor: given.value for factor, given in parts.levels.items()} for arm, parts in layers.arms.items()
    }
    return Study(
        name, question, notes, chosen, tuple(datasets), tuple(layers.arms), claims, factors,
        source.path, source.text, tuple(overrides), seeds, layers, ladder=ladder, looks=looks, files=files,
        looks_flag=bool(looks and until) and not isinstance(source.value["seeds"], dict),
    )  # fmt: skip
