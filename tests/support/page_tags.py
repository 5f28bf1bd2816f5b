"""Reads a page as a browser would: whether tags nest, which elements and ids there are."""

from html.parser import HTMLParser

VOID = {"meta", "img", "br", "hr", "link", "input"}


class Tags(HTMLParser):
    """Checks that tags nest, and collects elements."""

    def __init__(self):
        super().__init__()
        self.open, self.elements, self.ids = [], [], []

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self.ids += [value for name, value in attributes if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        self.ids += [value for name, value in attributes if name == "id"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    @classmethod
    def of(cls, text):
        parser = cls()
        parser.feed(text)
        assert not parser.open
        return parser
