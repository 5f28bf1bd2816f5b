"""A page as a browser would read it: whether tags nest, which elements and ids there are, and what rows of tables hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "img", "br", "hr", "link", "input"}
Attributes = dict[str, str | None]


@dataclass
class Row:
    """A row of a table; text within figures is left out."""

    id: str
    cells: dict[str, str] = field(default_factory=dict)
    """class of the cell → its text, with single spaces; "" where it has no class"""
    spans: dict[str, int] = field(default_factory=dict)
    """class of the cell → how many rows it stands for, where it says so"""


class Tags(HTMLParser):
    """Checks that tags nest, and collects elements, ids and the rows that have an id."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, Attributes]] = []
        self.ids: list[str | None] = []
        self.rows: list[Row] = []
        self._row: Row | None = None
        self._cell: str | None = None
        """the row with an id, and the class of the cell, that are being read"""

    @classmethod
    def of(cls, text: str) -> Tags:
        """The parsed page; AssertionError where tags do not nest or are left open."""
        parser = cls()
        parser.feed(text)
        assert not parser.open
        return parser

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attributes)
        if tag not in VOID:
            self.open.append(tag)
        given = dict(attributes)
        if tag == "tr" and given.get("id"):
            self._row = Row(str(given["id"]))
            self.rows.append(self._row)
        elif tag == "td" and self._row is not None:
            self._cell = given.get("class") or ""
            self._row.cells[self._cell] = ""
            self._row.spans[self._cell] = int(given.get("rowspan") or 1)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))
        self.ids += [value for name, value in attributes if name == "id"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        if tag in ("td", "tr"):
            self._cell = None
        if tag == "tr":
            self._row = None

    def handle_data(self, data: str) -> None:
        if self._row is not None and self._cell is not None and "svg" not in self.open and data.strip():
            before = self._row.cells[self._cell]
            self._row.cells[self._cell] = f"{before} {' '.join(data.split())}".strip()
