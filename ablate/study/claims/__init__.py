"""A study's claims: which metric of which arms is tested, and how; what is wrong with them is noted in the file."""

from __future__ import annotations

from typing import Any

from ablate import registry
from ablate.study.claims.claim import Claim
from ablate.study.claims.kind import kind_named, read_waiting
from ablate.study.claims.reader import Reader, not_of
from ablate.study.layers import Layers
from ablate.study.settings import shown
from ablate.study.yaml_file import YamlFile

__all__ = ["Claim", "read_claims"]


def read_claims(source: YamlFile, layers: Layers) -> tuple[Claim, ...]:
    """All claims, one for each arm that is tested and each arm that it is compared against."""
    value = source.value.get("claims")
    if value is None:
        return ()
    if not isinstance(value, list):
        source.wrong(("claims",), f"claims is {shown(value)}, expected a list of claims")
        return ()
    claims: dict[str, Claim] = {}
    for i, given in enumerate(value):
        spot = ("claims", i)
        if not isinstance(given, dict):
            source.wrong(spot, f"a claim is {shown(given)}, expected a mapping (id, says, test, metric, arm, …)")
            continue
        for claim in _read(Reader(source, layers, spot, given)):
            if claim.key in claims:
                source.wrong(spot, f"claim {claim.key!r} is given twice; remove one")
            claims[claim.key] = claim
    return tuple(claims.values())


def _read(reader: Reader) -> list[Claim]:
    known = tuple(registry.entries("claim"))
    test: Any = reader.given.get("test", "compare")
    if "test" not in reader.given:
        if "waits" in reader.given:
            return read_waiting(reader)
        reader.source.wrong(reader.spot, f"the key 'test' is missing, expected one of: {', '.join(known)}")
    elif not isinstance(test, str) or test not in known:
        reader.source.wrong((*reader.spot, "test"), not_of("test", test, known))
        return []
    return kind_named(test).read(reader)
