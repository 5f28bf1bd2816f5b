"""A claim as data: every field that says something, and a hash by which it is known again when a study file changes.

What equals its default is left out, so that a field that a later version adds leaves the hashes of older claims as they are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, Field, fields
from typing import Any

from ablate.study.claims.claim import Claim

Text = Mapping[str, Any]
"""Field → value, as JSON holds it"""


def claim_text(claim: Claim) -> dict[str, Any]:
    """The fields of a claim that say something, those of its kind among them."""
    common = [
        (field.name, getattr(claim, field.name), _default(field)) for field in fields(claim) if field.name != "own"
    ]
    said = {
        name: value for name, value, default in common if value not in (default, "", ()) and (value or value is False)
    }
    own = {field.name: getattr(claim.own, field.name) for field in fields(claim.own)}
    said |= {field.name: own[field.name] for field in fields(claim.own) if own[field.name] != _default(field)}
    return dict(json.loads(json.dumps(said, sort_keys=True)))


def _default(field: Field[Any]) -> Any:
    return field.default_factory() if field.default_factory is not MISSING else field.default


def text_hash(text: Text) -> str:
    """SHA-256 of a claim's text, hexadecimal."""
    return hashlib.sha256(json.dumps(text, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def texts_by_hash(claims: Iterable[Claim]) -> dict[str, dict[str, Any]]:
    """Hash → text, in the order of the claims."""
    return {text_hash(text): text for text in map(claim_text, claims)}


def with_former(new: Mapping[str, Text], former: Mapping[str, Text]) -> Iterator[tuple[str, Text, str]]:
    """(hash, text, hash of the text that it replaces) of new claims; the last is empty where none of the same id is gone.

    former: claims that are gone. Each is replaced once, by the claim of its id that shares the most fields with it.
    """
    left = dict(former)
    for own_hash, text in new.items():
        same_id = [known for known in left if left[known].get("id") == text.get("id")]
        replaced = max(same_id, key=lambda known: _shared(left[known], text), default="")
        left.pop(replaced, None)
        yield own_hash, text, replaced


def _shared(a: Text, b: Text) -> int:
    return sum(a[name] == b.get(name) for name in a)
