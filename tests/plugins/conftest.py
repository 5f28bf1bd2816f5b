"""Each test here begins and ends without plugins."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from ablate import registry


@pytest.fixture(autouse=True)
def _without_plugins(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(registry.registry, "_plugins", {})
    monkeypatch.setattr(registry.registry, "sources", {})
    before = dict(sys.modules)
    yield
    for name in sys.modules.keys() - before.keys():
        if name.startswith("plugin_"):
            del sys.modules[name]
