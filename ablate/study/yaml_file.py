"""A YAML file with positions: plain values, the line and column of each, and the list of what is wrong in it.

Scalars are those of YAML 1.2's core schema: 1e-4 is a number, `0:10`, on, off, yes and no are text. Tags are refused,
aliases are limited, a key given twice is a mistake.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.parser import Parser
from yaml.reader import Reader, ReaderError
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

from ablate.errors import StudyErrors, UsageError

MOST_BYTES = 256 * 1024
MOST_VALUES = 200_000
"""After aliases are expanded: a few lines of nested aliases would otherwise fill the memory."""
MOST_DEPTH = 32

KeyPath = tuple[str | int, ...]
"""Where a value stands: keys and list positions from the top."""
Spot = KeyPath | str
"""A path in the file, or the flag of the command line that gave a value."""
Place = tuple[int, int]
"""Line and column, from 1."""

_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


@dataclass
class YamlFile:
    """The file's content as plain values; mistakes found later are added to it, and are shown together."""

    path: Path
    text: str
    value: Any = None
    keys: dict[KeyPath, Place] = field(default_factory=dict)
    """the place of each mapping's keys"""
    values: dict[KeyPath, Place] = field(default_factory=dict)
    _wrong: dict[str, tuple[int, int, int]] = field(default_factory=dict)

    def wrong(self, spot: Spot, message: str, key: bool = False, place: Place | None = None) -> None:
        """Note a mistake at a value, at its key, or at a flag; the same one is noted once."""
        if isinstance(spot, str):
            self._wrong.setdefault(f"{spot}: {message}", (1, 0, len(self._wrong)))
            return
        line, column = place or self.place(spot, key)
        path = f"{written(spot)}: " if spot else ""
        self._wrong.setdefault(f"{self.path}:{line}:{column}: {path}{message}", (0, line, column))

    def place(self, path: KeyPath, key: bool = False) -> Place:
        """Where the value (or its key) stands; for one that is not in the file, where what should hold it stands."""
        if path in self.values:
            return self.keys.get(path, self.values[path]) if key else self.values[path]
        return self.place(path[:-1], key=True) if path else (1, 1)

    @property
    def problems(self) -> list[str]:
        """All mistakes, in the order of the file, then those of flags."""
        return sorted(self._wrong, key=lambda text: self._wrong[text])

    def stop_if_wrong(self) -> None:
        """Raises StudyErrors with all mistakes, if there are any."""
        if self._wrong:
            raise StudyErrors(self.problems)


def written(path: KeyPath) -> str:
    """`arms.wgan.lr`, `claims[0].metric`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def read_yaml(path: Path) -> YamlFile:
    """Read a file. UsageError where it cannot be read, StudyErrors where it is not YAML."""
    if path.is_dir():
        raise UsageError(f"{path}: this is a folder, expected a study file (YAML)")
    try:
        if not path.is_file():
            raise UsageError(f"{path}: no such file, expected a study file (YAML)")
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from error
    if len(content) > MOST_BYTES:
        raise StudyErrors([f"{path}:1:1: the file is larger than {MOST_BYTES // 1024} KiB, expected a study file"])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = _place_of(content[: error.start].decode("utf-8", "replace"))
        raise StudyErrors(
            [f"{path}:{line}:{column}: byte 0x{content[error.start]:02x} is not UTF-8; save the file as UTF-8"]
        ) from error
    return parse_yaml(text, path)


def _place_of(before: str) -> Place:
    lines = before.split("\n")
    return len(lines), len(lines[-1]) + 1


def parse_yaml(text: str, path: Path) -> YamlFile:
    """Parse a text; `path` is what its mistakes are reported under. Wrong syntax raises StudyErrors at once."""
    parsed = YamlFile(path, text)
    try:
        root = _Composer(text, parsed).get_single_node()
        if root is not None:
            parsed.value = _ValueReader(parsed).value(root, (), ())
    except ReaderError as error:
        place = _place_of(text[: error.position])
        parsed.wrong((), f"character {chr(int(error.character))!r} is not allowed in YAML; remove it", place=place)
        parsed.stop_if_wrong()
    except yaml.MarkedYAMLError as error:
        place, message = _explained(error)
        parsed.wrong((), message, place=place)
        parsed.stop_if_wrong()
    return parsed


class _Composer(Reader, Scanner, Parser, Composer, BaseResolver):
    """Events to nodes; notes tags, and stops at what is nested too deep."""

    def __init__(self, text: str, parsed: YamlFile):
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        BaseResolver.__init__(self)
        self.parsed, self.depth = parsed, 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()
        tag = getattr(event, "tag", None)
        if tag is not None:
            name = tag.replace("tag:yaml.org,2002:", "!!")
            self.parsed.wrong(
                (),
                f"tag {name} is not allowed: a study file holds plain values; remove it",
                place=_at(event.start_mark),
            )
        if self.depth >= MOST_DEPTH:
            raise yaml.MarkedYAMLError(problem=f"nested deeper than {MOST_DEPTH} levels", problem_mark=event.start_mark)
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


class _ValueReader:
    """Nodes to plain values and their places."""

    def __init__(self, parsed: YamlFile):
        self.parsed, self.count = parsed, 0

    def value(self, node: Any, path: KeyPath, inside: tuple[Any, ...]) -> Any:
        self.count += 1
        if self.count > MOST_VALUES or len(inside) > MOST_DEPTH:
            message = f"aliases (*name) expand to more than {MOST_VALUES} values, or to themselves"
            raise yaml.MarkedYAMLError(problem=message, problem_mark=node.start_mark)
        self.parsed.values[path] = _at(node.start_mark)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, i), (*inside, node)) for i, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return self.mapping(node, path, inside)
        return self.scalar(node, path)

    def mapping(self, node: yaml.MappingNode, path: KeyPath, inside: tuple[Any, ...]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, item in node.value:
            place = _at(key.start_mark)
            if not isinstance(key, yaml.ScalarNode):
                self.parsed.wrong(path, "a key is a list or a mapping, expected a name", place=place)
            elif key.value in values:
                first = self.parsed.keys[*path, key.value]
                where = (*path, key.value)
                self.parsed.wrong(
                    where, f"key {key.value!r} is given twice, first in line {first[0]}; remove one", place=place
                )
            else:
                self.parsed.keys[*path, key.value] = place
                values[key.value] = self.value(item, (*path, key.value), (*inside, node))
        return values

    def scalar(self, node: yaml.ScalarNode, path: KeyPath) -> Any:
        text = node.value
        if node.style is not None:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _INT.fullmatch(text):
            if len(text) > 1000:
                self.parsed.wrong(path, f"a number of {len(text)} digits is too long")
                return 0
            return int(text, 0) if text[:2] in ("0x", "0o") else int(text)
        if _FLOAT.fullmatch(text):
            return float(text)
        if _SPECIAL.fullmatch(text):
            return float(text.replace(".", ""))
        return text


def _at(mark: Any) -> Place:
    return mark.line + 1, mark.column + 1


def _explained(error: yaml.MarkedYAMLError) -> tuple[Place, str]:
    """PyYAML's syntax errors in words for people."""
    problem, context = error.problem or "not YAML", error.context or ""
    mark = error.problem_mark or error.context_mark
    assert mark is not None
    end = f"{mark.line + 1}:{mark.column + 1}"
    if "'\\t'" in problem:
        return _at(mark), "a tab, expected spaces: YAML does not indent with tabs"
    if problem.startswith(("expected ',' or", "did not find expected ',' or")):
        opener = "]" if "sequence" in context else "}"
        return _at(error.context_mark), f"this bracket is not closed, expected ',' or '{opener}' before {end}"
    if "quoted scalar" in context:
        return _at(error.context_mark), f"this quoted text is not right: {problem} at {end}"
    if problem == "mapping values are not allowed here":
        return _at(mark), "unexpected ':', expected other indentation, or quotes around a text that holds ': '"
    if problem.startswith("could not find expected ':'"):
        return _at(error.context_mark or mark), "expected ':' after this key"
    if problem.startswith("expected <block end>"):
        return _at(mark), "this does not fit the indentation of the lines above, or a bracket before it is wrong"
    if problem == "but found another document":
        return _at(mark), "a second document begins here, expected one: remove the line ---"
    return _at(mark), problem
