"""Imports run downward only, and what should start at once loads nothing heavy."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import ablate
from ablate.results.tables import Results
from tests.support.kills import STUDY
from tests.support.timing import processor_seconds

PACKAGE = Path(ablate.__file__).parent
FLOORS = (
    "errors", "registry", "files", "randomness", "config", "study", "datasets", "networks", "metrics", "training", "results",
    "execution", "claims", "search", "report", "api", "commands", "cli", "__main__",
)  # fmt: skip
"""The rooms of the house, lowest first: a file imports from its own room and from those below it"""
LOOSE = {"__init__", "__main__", "api", "cli", "errors"}
HEAVY = {"typer", "ray", "optuna", "matplotlib", "seaborn"}


def module_of(path: Path, package: Path = PACKAGE) -> str:
    parts = path.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> set[str]:
    """The module of every import in a file, those inside functions and under TYPE_CHECKING too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def imported_modules(package: Path = PACKAGE) -> dict[str, set[str]]:
    """Module → those of the package that it imports; of `from a.b import c`, a.b.c where that is a module, else a.b."""
    paths = {module_of(path, package): path for path in sorted(package.rglob("*.py"))}
    graph: dict[str, set[str]] = {}
    for module, path in paths.items():
        named = {name for name in imports(path) if name in paths} - {module}
        inner = {name.rsplit(".", 1)[0] for name in named}
        graph[module] = {name for name in named if not (name in inner and paths[name].name == "__init__.py")}
    return graph


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Groups of modules that import each other, directly or through others."""
    reach: dict[str, set[str]] = {}
    for start in graph:
        seen, left = set(), [start]
        while left:
            for target in graph[left.pop()] - seen:
                seen.add(target)
                left.append(target)
        reach[start] = seen
    groups = {tuple(sorted({m for m in reach[module] if module in reach[m]})) for module in graph}
    return sorted(list(group) for group in groups if group)


def room_of(module: str) -> str:
    return module.split(".")[1] if "." in module else "__init__"


GRAPH = imported_modules()


def test_nothing_is_loose_but_what_everyone_starts_from() -> None:
    assert {path.stem for path in PACKAGE.glob("*.py")} == LOOSE
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert rooms | LOOSE - {"__init__"} == set(FLOORS)


@pytest.mark.parametrize("module", GRAPH)
def test_a_file_imports_from_its_own_room_or_from_below(module: str) -> None:
    if module == "ablate":  # what the package offers is imported on first use, from anywhere
        return
    for target in GRAPH[module] - {"ablate"}:
        assert FLOORS.index(room_of(target)) <= FLOORS.index(room_of(module)), f"{module} imports {target} from above"


def test_no_files_import_each_other() -> None:
    assert circles({module: targets for module, targets in GRAPH.items() if module != "ablate"}) == []


def test_a_circle_is_found_through_type_checking_functions_and_packages(tmp_path: Path) -> None:
    package = tmp_path / "house"
    texts = {
        "__init__": "", "a": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from house.b import B",
        "b": "class B: ...\ndef late():\n    from house.c import C", "c": "from house import a\nclass C: ...",
        "alone": "import house.a",
    }  # fmt: skip
    package.mkdir()
    for name, text in texts.items():
        (package / f"{name}.py").write_text(text)
    assert circles(imported_modules(package)) == [["house.a", "house.b", "house.c"]]


@pytest.mark.parametrize("part", ["training", "networks", "metrics", "datasets"])
def test_the_numerical_parts_import_no_interface_and_no_plotting(part: str) -> None:
    for path in (PACKAGE / part).rglob("*.py"):
        assert not HEAVY & {module.split(".")[0] for module in imports(path)}, path


@pytest.mark.parametrize("part", ["report", "claims"])
def test_report_and_claims_never_import_torch(part: str) -> None:
    for path in (PACKAGE / part).rglob("*.py"):
        assert "torch" not in {module.split(".")[0] for module in imports(path)}, path


def loaded_by(*arguments: str) -> set[str]:
    """Modules that a command loads."""
    code = (
        "import sys\nfrom ablate import cli\n"
        f"sys.argv = ['ablate', *{list(arguments)!r}]\n"
        "try:\n    cli.main()\nexcept SystemExit:\n    pass\n"
        "print('\\n'.join(sorted(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    return {name.split(".")[0] for name in done.stderr.splitlines()}


@pytest.mark.parametrize("arguments", [("--help",), ("list", "losses"), ("list",)])
def test_what_should_start_at_once_loads_neither_torch_nor_pandas(arguments: tuple[str, ...]) -> None:
    loaded = loaded_by(*arguments)
    assert "ablate" in loaded
    assert not loaded & {"torch", "pandas", "matplotlib", "sklearn"}


def test_a_driver_with_workers_never_holds_pytorch(tmp_path: Path) -> None:
    study, out = tmp_path / "killed.yaml", tmp_path / "out"
    study.write_text(STUDY, encoding="utf-8")
    loaded = loaded_by("run", str(study), "--set", "generator_steps=12", "--workers", "2", "--out", str(out))
    assert len(Results.read(out).runs) == 9
    assert "pandas" in loaded
    assert not loaded & {"torch", "sklearn", "matplotlib"}


def test_help_starts_in_well_under_a_second() -> None:
    def help_text() -> None:
        subprocess.run([sys.executable, "-m", "ablate", "--help"], capture_output=True, check=True)

    assert min(processor_seconds(help_text) for _ in range(3)) < 0.8  # 0.2 s on an idle machine


def test_no_file_is_longer_than_300_lines() -> None:
    root = PACKAGE.parent
    files = [path for folder in ("ablate", "benchmarks", "tests") for path in (root / folder).rglob("*.py")]
    lengths = {str(path.relative_to(root)): len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert len(files) > 400
    assert {path: lines for path, lines in lengths.items() if lines > 300} == {}
