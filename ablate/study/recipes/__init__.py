"""The systems that the documents describe, each a study file of its own: `ablate run NAME` trains it.

A recipe's `base` is the system; its arms are what the document leaves open. Its notes say which slips of the document it
keeps and which it mends.
"""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent


def names() -> list[str]:
    """The recipes' names, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def path_of(name: str) -> Path:
    """The study file of a recipe."""
    return FOLDER / f"{name}.yaml"
