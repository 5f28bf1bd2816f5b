"""Imports run downward only, and what should start at once loads nothing heavy."""

from __future__ import annotations

import ast
import subprocess
import sys
import time
from pathlib import Path

import pytest

import ablate
from ablate.results.tables import Results
from tests.support.kills import STUDY

PACKAGE = Path(ablate.__file__).parent
LAYERS = [
    {"cli", "commands", "__main__", "__init__"},
    {"listing", "display"},
    {"execution", "report"},
    {"claims", "training"},
    {"metrics", "networks", "generator"},
    {"datasets"},
    {"study", "study_checks", "study_claims", "study_settings", "study_flags", "study_search", "known_draws"}
    | {"optuna_space", "yamlfile", "tables", "whole_files", "checksums", "pictures"},
    {"config", "config_checks", "components", "search_space"}
    | {"registry", "recipes", "errors", "seeding", "data_folder"},
]
LEVEL = {name: i for i, names in enumerate(LAYERS) for name in names}
HEAVY = {"typer", "ray", "optuna", "matplotlib", "seaborn"}


def imports(path: Path) -> list[tuple[str, bool]]:
    """(module, whether only for types) of every import in a file, those inside functions too."""
    found: list[tuple[str, bool]] = []

    def visit(node: ast.AST, typing_only: bool) -> None:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            typing_only = True
        if isinstance(node, ast.Import):
            found.extend((alias.name, typing_only) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"ablate.{a.name}" for a in node.names] if node.module == "ablate" else [node.module]
            found.extend((name, typing_only) for name in names)
        for child in ast.iter_child_nodes(node):
            visit(child, typing_only)

    visit(ast.parse(path.read_text(encoding="utf-8")), False)
    return found


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=[str(p.relative_to(PACKAGE)) for p in FILES])
def test_a_file_imports_from_its_own_layer_or_from_below(path: Path) -> None:
    for module, typing_only in imports(path):
        if module.startswith("ablate.") and not typing_only:
            target = module.split(".")[1]
            assert LEVEL[target] >= LEVEL[part_of(path)], f"{path.name} imports {module}, which lies above it"


@pytest.mark.parametrize("part", ["training", "networks", "metrics", "datasets"])
def test_the_numerical_parts_import_no_interface_and_no_plotting(part: str) -> None:
    for path in (PACKAGE / part).rglob("*.py"):
        assert not HEAVY & {module.split(".")[0] for module, _ in imports(path)}, path


@pytest.mark.parametrize("part", ["report", "claims"])
def test_report_and_claims_never_import_torch(part: str) -> None:
    for path in (PACKAGE / part).rglob("*.py"):
        assert "torch" not in {module.split(".")[0] for module, _ in imports(path)}, path


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
    def seconds() -> float:
        began = time.monotonic()
        subprocess.run([sys.executable, "-m", "ablate", "--help"], capture_output=True, check=True)
        return time.monotonic() - began

    assert min(seconds() for _ in range(3)) < 0.8  # 0.2 s on an idle machine; tests share theirs
