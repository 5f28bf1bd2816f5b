"""YAML files are read as YAML 1.2 core values with the place of each."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from ablate.errors import StudyErrors
from ablate.study.yaml_file import YamlFile, parse_yaml, read_yaml, written


def parsed(text: str) -> YamlFile:
    return parse_yaml(text, Path("x.yaml"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4), ("1e5", 1e5), (".5", 0.5), ("1.", 1.0), ("-3", -3), ("+3", 3), ("010", 10), ("0x1f", 31),
        ("0o17", 15), (".inf", math.inf), ("-.inf", -math.inf), ("null", None), ("~", None), ("true", True),
        ("False", False), ("yes", "yes"), ("no", "no"), ("on", "on"), ("off", "off"), ("0:10", "0:10"),
        ("10_000", "10_000"), ("2024-01-01", "2024-01-01"), ("'1'", "1"), ('"true"', "true"), ("''", ""), ("1 2", "1 2"),
        ("nan", "nan"), ("inf", "inf"), ("=", "="),
    ],
)  # fmt: skip
def test_scalars_are_those_of_the_core_schema(text: str, value: Any) -> None:
    found = parsed(f"a: {text}").value["a"]
    assert found == value
    assert type(found) is type(value)


def test_nan_is_a_number() -> None:
    assert math.isnan(parsed("a: .nan").value["a"])


def test_every_key_and_value_has_its_place() -> None:
    file = parsed("a:\n  b: [1, {c: 2}]\n")
    assert file.value == {"a": {"b": [1, {"c": 2}]}}
    assert file.place(("a", "b")) == (2, 6)
    assert file.place(("a", "b"), key=True) == (2, 3)
    assert file.place(("a", "b", 1, "c")) == (2, 14)
    assert file.place(("a", "b", 1, "c"), key=True) == (2, 11)


def test_what_is_not_in_the_file_has_the_place_of_what_should_hold_it() -> None:
    file = parsed("\na:\n  b: 1\n")
    assert file.place(("a", "x", "y")) == (2, 1)
    assert file.place(("x",)) == (2, 1)


def test_an_alias_stands_for_the_value_and_has_its_place() -> None:
    file = parsed("a: &x {b: 1}\nc: *x\n")
    assert file.value == {"a": {"b": 1}, "c": {"b": 1}}
    assert file.place(("c", "b")) == (1, 11)


def test_mistakes_are_sorted_by_place_and_shown_once_with_flags_last() -> None:
    file = parsed("a: 1\nb: 2\n")
    file.wrong("--set x=1", "third")
    for _ in range(2):
        file.wrong(("b",), "second")
    file.wrong(("a",), "first", key=True)
    assert file.problems == ["x.yaml:1:1: a: first", "x.yaml:2:4: b: second", "--set x=1: third"]
    with pytest.raises(StudyErrors) as caught:
        file.stop_if_wrong()
    assert caught.value.problems == file.problems


def test_duplicate_keys_and_tags_are_noted_and_reading_goes_on() -> None:
    file = parsed("a: 1\na: 2\nb: !!python/object:os.system {}\nc: 3\n")
    assert file.value == {"a": 1, "b": {}, "c": 3}
    assert [problem[:10] for problem in file.problems] == ["x.yaml:2:1", "x.yaml:3:4"]


def test_a_path_is_written_with_dots_and_brackets() -> None:
    assert written(("claims", 0, "against", 1)) == "claims[0].against[1]"


def test_byte_order_mark_and_windows_line_ends_are_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: caf\xc3\xa9\r\n")
    file = read_yaml(path)
    assert file.value == {"a": 1, "b": "café"}
    assert file.place(("b",)) == (2, 4)


def test_columns_count_characters_not_bytes() -> None:
    assert parsed("é: {ü: 1}").place(("é", "ü")) == (1, 8)
