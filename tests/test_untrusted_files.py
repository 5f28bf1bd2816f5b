"""Studies, tables, checkpoints and weights are data: nothing in them runs, and what they hold is text on the page."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
import yaml

from ablate.errors import AblateError, StudyErrors
from ablate.execution.display import Quiet
from ablate.execution.options import CHECKPOINTS, GENERATORS, Options
from ablate.networks.generator_file import load_generator
from ablate.report.site import build_report
from ablate.results import checksums, tables
from ablate.results.frames import FRAMES, render_frames
from ablate.results.tables import Results
from ablate.search.batches import run_study
from ablate.study.load import load_study
from ablate.training import checkpoint
from ablate.training.checkpoint_files import run_ids_in

MARKUP = "<script>alert(1)</script>"
IMAGE = '"><img src=x onerror=alert(1)>'
STUDY = {
    "study": "hostile",
    "question": f"Is {MARKUP} run?",
    "notes": f"{IMAGE} {{{{ 7 * 191 }}}}",
    "seeds": 5,
    "datasets": ["ring8"],
    "base": {
        "lipschitz": "none", "width": 4, "batch_size": 4, "n_critic": 1, "generator_steps": 2, "evaluations": 1,
        "evaluation_samples": 100,
    },
    "arms": {"NA": {"lr": 1e-3}, "None": {"lr": 1e-4}},
    "claims": [
        {
            "id": "hostile", "source": [f"me {IMAGE}"], "says": f"a is {MARKUP}", "test": "compare", "metric": "fid",
            "arm": "NA", "against": "None", "direction": "less",
        }
    ],
}  # fmt: skip


class Harmful:
    """Unpickled, it makes a file."""

    def __init__(self, mark: Path):
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.touch, (self.mark,)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    path = folder / "hostile.yaml"
    path.write_text(yaml.safe_dump(STUDY))
    run_study(load_study(path), Options(folder / "out", workers=1, keep_checkpoints=True), Quiet())
    return folder / "out"


@pytest.fixture
def out(trained: Path, tmp_path: Path) -> Path:
    """A copy, without the hashes, so that tables are used as they are."""
    shutil.copytree(trained, tmp_path / "out")
    (tmp_path / "out" / checksums.NAME).unlink()
    return tmp_path / "out"


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    return tmp_path / "code was run"


def test_the_harmful_pickle_would_do_harm(mark: Path) -> None:
    pickle.loads(pickle.dumps(Harmful(mark)))
    assert mark.exists(), "else the tests below could not fail"


@pytest.mark.parametrize(
    "text",
    ["!!python/object/apply:os.mkdir ['{mark}']", "!!python/object/new:os.mkdir ['{mark}']", "!!python/name:os.mkdir"],
)
def test_a_tag_in_a_study_file_is_a_mistake_with_its_line(text: str, tmp_path: Path, mark: Path) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(f"study: s\nquestion: {text.format(mark=mark)}\nseeds: 1\n")
    with pytest.raises(StudyErrors, match=r"s\.yaml:2:11: tag !!python.* is not allowed"):
        load_study(path)
    assert not mark.exists()


@pytest.mark.parametrize("spot", ["arms", "datasets"])
def test_a_name_that_is_markup_is_a_mistake(spot: str, tmp_path: Path) -> None:
    path = tmp_path / "s.yaml"
    named = {MARKUP: {"lr": 1e-3}} if spot == "arms" else {MARKUP: {"dataset": "ring8"}}
    path.write_text(yaml.safe_dump({**STUDY, spot: named}))
    with pytest.raises(StudyErrors, match="expected a name of letters, digits"):
        load_study(path)


def harmful_table(path: Path, mark: Path) -> None:
    """A table whose column is of a type that old versions of Arrow unpickled."""
    kind = {
        b"ARROW:extension:name": b"arrow.py_extension_type",
        b"ARROW:extension:metadata": pickle.dumps(Harmful(mark)),
    }
    table = pq.read_table(path)
    fields = [f.with_metadata(kind) if f.name == "value" else f for f in table.schema]
    pq.write_table(pa.table(table.columns, schema=pa.schema(fields)), path)


def harmful_array(path: Path, mark: Path, name: str = "x") -> None:
    content = dict(np.load(path)) | {name: np.array([Harmful(mark)], dtype=object)}
    with open(path, "wb") as file:
        np.savez(file, allow_pickle=True, **content)


@pytest.mark.parametrize("name", [tables.RUNS, tables.CURVES, tables.PROBES, tables.ENVIRONMENT])
def test_a_pickle_in_a_tables_place_is_refused(name: str, out: Path, mark: Path) -> None:
    (out / name).write_bytes(pickle.dumps(Harmful(mark)))
    with pytest.raises(AblateError, match=name):
        Results.read(out)
    assert not mark.exists()


@pytest.mark.parametrize("name", [tables.CURVES, tables.PROBES])
def test_a_pickle_in_a_tables_types_is_not_read(name: str, out: Path, mark: Path) -> None:
    harmful_table(out / name, mark)
    Results.read(out)
    assert not mark.exists()


def test_arrays_of_objects_are_refused(out: Path, mark: Path) -> None:
    results = Results.read(out)
    run_id = results.runs["run_id"][0]
    harmful_array(out / tables.SAMPLES / f"{run_id}.npz", mark)
    with pytest.raises(AblateError, match="not readable samples"):
        results.sample(run_id)
    frames = out / FRAMES / f"{run_id}.npz"
    whole = frames.read_bytes()
    for name in ("steps", "x"):
        frames.write_bytes(whole)
        harmful_array(frames, mark, name)
        with pytest.raises(AblateError, match="not readable pictures"):
            render_frames(frames, None)
    assert not mark.exists()


@pytest.mark.parametrize(
    "write", [lambda path, what: path.write_bytes(pickle.dumps(what)), lambda path, what: torch.save(what, path)]
)
def test_pickled_checkpoints_and_generators_are_refused(write: Callable[..., None], out: Path, mark: Path) -> None:
    saved = next((out / CHECKPOINTS).glob("*.safetensors"))
    write(saved, Harmful(mark))
    with pytest.raises(AblateError, match="not a readable checkpoint"):
        checkpoint.load(saved)
    assert not run_ids_in(out / CHECKPOINTS)
    generator = next((out / GENERATORS).glob("*.safetensors"))
    write(generator, Harmful(mark))
    with pytest.raises(AblateError, match="not a readable safetensors file"):
        load_generator(generator)
    assert not mark.exists()


def test_names_that_csv_readers_take_for_a_gap_are_names(out: Path) -> None:
    assert Results.read(out).runs["arm"].tolist() == ["NA"] * 5 + ["None"] * 5


# ── the page ────────────────────────────────────────────────────────────────────────────────────────────────────────


class Elements(HTMLParser):
    """The names of all elements and attributes of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names, self.attributes, self.text = set[str](), set[str](), ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def test_what_files_hold_is_text_on_the_page(out: Path, tmp_path: Path) -> None:
    results = Results.read(out)
    for name in ("error", "flags", "device", "torch", "features", "fid_protocol"):
        results.runs[name] = f"{name} {MARKUP}{IMAGE}"
    results.runs.loc[0, "status"] = "failed"
    results.runs.loc[1, ["run_id", "arm", "dataset"]] = [f"id {IMAGE}", f"arm {MARKUP}", f"set {MARKUP}"]
    results.environment |= {"command": f"ablate {MARKUP}", "device": IMAGE, "cpu": MARKUP, "versions": {MARKUP: IMAGE}}
    results.curves["metric"] = results.curves["metric"].replace("critic_loss", MARKUP)
    results.probes["layer"] = f"layer {MARKUP}"
    results.write([])
    (out / tables.ENVIRONMENT).write_text(json.dumps(results.environment))
    page = Elements(build_report([(load_study(out / tables.STUDY), Results.read(out))], tmp_path / "page").read_text())
    assert "script" not in page.names
    assert "onerror" not in page.attributes
    for shown in (f"Is {MARKUP} run?", f"a is {MARKUP}", f"me {IMAGE}", f"arm {MARKUP}", f"error {MARKUP}"):
        assert shown in page.text, "what the files hold stands there"
    assert "{{ 7 * 191 }}" in page.text, "and no template takes it up"
