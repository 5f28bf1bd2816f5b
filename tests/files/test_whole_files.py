"""Every file that the package or a benchmark writes is written whole or not at all."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from ablate.errors import AblateError
from ablate.files import whole_files

ROOT = Path(__file__).parents[2]
WRITES = {
    "write_text", "write_bytes", "savefig", "to_csv", "to_parquet", "to_json", "to_pickle", "save", "savez",
    "savez_compressed", "savetxt", "save_file", "dump", "copy2", "copyfile", "copytree", "move", "rename", "touch",
    "SummaryWriter",
}  # fmt: skip
"""Functions and methods that write a file, or put one in its place"""
INTO_MEMORY = {"to_csv", "to_parquet", "to_json"}
"""give their text where they are given no file"""
EXCEPTIONS = {
    ("ablate/files/whole_files.py", "replace"): "this is the way: os.replace of a file that was flushed to the disk",
    (
        "ablate/training/checkpoint.py",
        "save_file",
    ): "written beside and renamed; the checkpoint before becomes a file too",
    ("ablate/training/checkpoint.py", "replace"): "the same",
    ("ablate/datasets/image_folder.py", "replace"): "of a whole file, to the name that its content gives it",
    ("ablate/results/event_files.py", "SummaryWriter"): "TensorBoard's; under an unfinished name until it is whole",
    ("ablate/results/event_files.py", "rename"): "from the unfinished name",
    ("ablate/execution/promote.py", "rename"): "of a whole folder to its place",
    ("ablate/results/tables.py", "to_csv"): "into memory",
    ("ablate/report/figures/sample_sheets.py", "save"): "into memory",
    ("ablate/report/figures/style.py", "savefig"): "into memory",
    ("ablate/networks/generator_file.py", "save"): "safetensors into memory",
    ("ablate/metrics/classifier.py", "save"): "safetensors into memory",
    ("ablate/execution/backends/ray_backend.py", "touch"): "an empty file, whose being there is all it says",
    ("ablate/training/run.py", "save"): "checkpoint.save, see there",
    ("benchmarks/dispatch.py", "write_text"): "into a temporary folder",
    ("benchmarks/memory.py", "open"): "a command's output, in a temporary folder",
    ("benchmarks/scaling.py", "write_text"): "/proc/self/clear_refs is no file on a disk",
}


def name_of(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def is_whole(call: ast.Call) -> bool:
    """Whether this is `replace(path, write)` of whole_files."""
    return name_of(call) == "replace" and not (
        isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") not in ("whole_files",)
    )


def writers(tree: ast.AST) -> set[ast.AST]:
    """Every node inside what is given to `whole_files.replace` as its writer, named functions of the file included."""
    inside: set[ast.AST] = set()
    functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call) and is_whole(node)):
        for writer in call.args[1:2]:
            named = {node.id for node in ast.walk(writer) if isinstance(node, ast.Name)}
            for part in (writer, *(functions[name] for name in named & functions.keys())):
                inside |= set(ast.walk(part))
    return inside


def opens_for_writing(call: ast.Call) -> bool:
    modes = [*call.args[1:2], *(word.value for word in call.keywords if word.arg == "mode")]
    if isinstance(call.func, ast.Attribute) and name_of(call) == "open":  # path.open("w")
        modes += call.args[:1]
    return any(isinstance(mode, ast.Constant) and set(str(mode.value)) & set("wax+") for mode in modes)


def is_os_replace(call: ast.Call) -> bool:
    """Of a file: os.replace(a, b), or path.replace(target) with one argument; text.replace takes two."""
    if not (isinstance(call.func, ast.Attribute) and call.func.attr == "replace"):
        return False
    module = getattr(call.func.value, "id", "")
    return module == "os" or (
        module not in ("whole_files", "dataclasses") and len(call.args) == 1 and not call.keywords
    )


def other_writes(source: str) -> Iterator[tuple[int, str]]:
    """(line, function) of each call that writes a file in another way."""
    tree = ast.parse(source)
    allowed = writers(tree)
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call) or call in allowed:
            continue
        name = name_of(call)
        if getattr(getattr(call.func, "value", None), "id", "") == "whole_files":
            continue
        if name == "open" and opens_for_writing(call):
            yield call.lineno, name
        elif name in WRITES and isinstance(call.func, ast.Attribute | ast.Name):
            if not (name in INTO_MEMORY and not call.args):
                yield call.lineno, name
        elif is_os_replace(call):
            yield call.lineno, name


def imported_from_whole_files(source: str) -> set[str]:
    """Functions of it that a file calls by their bare names."""
    return {
        alias.asname or alias.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and node.module == "ablate.files.whole_files"
        for alias in node.names
    }


def test_no_file_is_written_in_another_way() -> None:
    others, unused = [], set(EXCEPTIONS)
    for path in sorted([*(ROOT / "ablate").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]):
        source, place = path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix()
        for line, name in other_writes(source):
            if (place, name) in EXCEPTIONS:
                unused.discard((place, name))
            elif name not in imported_from_whole_files(source):
                others.append(f"{place}:{line}: {name}")
    assert others == []
    assert unused == set(), "exceptions that no file needs"


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("path.write_text(text)", "write_text"),
        ("open(path, 'w')", "open"),
        ("open(path, mode='ab')", "open"),
        ("path.open('w')", "open"),
        ("table.to_csv(path)", "to_csv"),
        ("figure.savefig(path)", "savefig"),
        ("np.save(path, x)", "save"),
        ("temporary.replace(path)", "replace"),
        ("os.replace(a, b)", "replace"),
    ],
)
def test_a_write_in_another_way_is_found(line: str, name: str) -> None:
    assert list(other_writes(line)) == [(1, name)]


@pytest.mark.parametrize(
    "line",
    [
        "replace(path, lambda file: file.write_text(text))",
        "whole_files.replace(path, lambda file: file.write_text(text))",
        "def write(file): file.write_bytes(b'')\nreplace(path, write)",
        "text = table.to_csv(index=False)",
        "open(path)",
        "open(path, 'rb')",
        "text.replace('a', 'b')",
        "whole_files.write_text(path, text)",
    ],
)
def test_what_is_written_whole_or_not_written_at_all_is_no_other_way(line: str) -> None:
    assert list(other_writes(line)) == []


@pytest.mark.parametrize(
    "write",
    [lambda path: whole_files.write_text(path, "new"), lambda path: whole_files.write_bytes(path, b"new")],
    ids=["text", "bytes"],
)
def test_a_file_is_replaced_and_its_folder_is_made(write, tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "file"
    write(path)
    assert path.read_text() == "new"
    whole_files.copy(path, tmp_path / "copy")
    assert (tmp_path / "copy").read_text() == "new"
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["copy", "file", "new folder"]


def test_a_folder_that_cannot_be_made_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(AblateError, match="could not be written"):
        whole_files.write_text(tmp_path / "file" / "below", "text")
