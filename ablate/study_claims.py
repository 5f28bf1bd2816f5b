"""A study's claims: which metric of which arms is compared, and how; what is wrong with them is noted in the file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ablate import registry
from ablate.study_checks import good_name, read_text
from ablate.study_settings import Given, Layers, merge, shown
from ablate.yamlfile import KeyPath, YamlFile

METRIC_KINDS = ("metric", "stability", "probe")
FROM_RUNS = ("diverged", "steps_to_target", "seconds_to_target")
"""What can be claimed of runs without being a registered metric."""
STATISTICS = ("value", "spread")
DIRECTIONS = {"less": "<", "greater": ">"}
DECISIONS = ("pooled", "any_dataset")
NEEDS = {
    "features": "points, or images with a classifier",
    "points": "points in two dimensions",
    "modes": "a mixture with known modes",
    "classes": "images with classes",
    "labels": "images with classes, and conditional arms",
    "stacked": "stacked_mnist with its 26,000 samples",
}
"""What a metric's fact `needs` may hold, in words."""


@dataclass(frozen=True)
class Claim:
    """One arm against one other: the arm's metric is claimed to be less, or greater, than the other's."""

    id: str
    source: tuple[str, ...]
    says: str
    test: str
    metric: str
    statistic: str
    arm: str
    against: str
    direction: str
    margin: float
    datasets: tuple[str, ...]
    decide: str
    everywhere: bool = True
    """no datasets were named: the claim is about all of the study's"""

    @property
    def key(self) -> str:
        """Unique within a study: `gp-quality: fid of wgan_gp < wgan_c0.1`."""
        what = f"spread of {self.metric}" if self.statistic == "spread" else self.metric
        margin = f" by {self.margin:g}" if self.margin else ""
        where = "" if self.everywhere else f" on {', '.join(self.datasets)}"
        anywhere = ", any dataset" if self.decide == "any_dataset" else ""
        sign = DIRECTIONS.get(self.direction, self.direction)
        return f"{self.id}: {what} of {self.arm} {sign} {self.against}{margin}{where}{anywhere}"


def read_claims(source: YamlFile, layers: Layers) -> tuple[Claim, ...]:
    """All claims, one for each arm that is compared against."""
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
        test = given.get("test", "compare")
        if "test" not in given:
            source.wrong(spot, f"the key 'test' is missing, expected one of: {', '.join(TESTS)}")
        elif not isinstance(test, str) or test not in TESTS:
            source.wrong((*spot, "test"), _not_of("test", test, tuple(TESTS)))
            continue
        for claim in TESTS[test](_Reader(source, layers, spot, given)):
            if claim.key in claims:
                source.wrong(spot, f"claim {claim.key!r} is given twice; remove one")
            claims[claim.key] = claim
    return tuple(claims.values())


def _not_of(what: str, value: Any, known: tuple[str, ...]) -> str:
    if isinstance(value, str):
        return registry.unknown(what, value, known)
    return f"{what} is {shown(value)}, expected one of: {', '.join(known)}"


@dataclass(frozen=True)
class _Reader:
    """Reads the fields of one claim; a field that is wrong is noted, and read as something harmless."""

    source: YamlFile
    layers: Layers
    spot: KeyPath
    given: dict[str, Any]

    def wrong(self, field: str, message: str, key: bool = False) -> None:
        self.source.wrong((*self.spot, field), message, key)

    def fields(self, required: tuple[str, ...], optional: tuple[str, ...]) -> None:
        for field in self.given:
            if field not in (*required, *optional):
                self.wrong(field, registry.unknown("key", field, (*required, *optional)), key=True)
        for field in required:
            if field not in self.given and field != "test":
                self.source.wrong(self.spot, f"the key {field!r} is missing")

    def text(self, field: str) -> str:
        if field not in self.given:
            return ""
        return read_text(self.source, (*self.spot, field), self.given[field], field)

    def name(self, field: str) -> str:
        name = self.text(field)
        if name:
            good_name(self.source, (*self.spot, field), name, field, key=False)
        return name

    def one_of(self, field: str, known: tuple[str, ...], default: str = "") -> str:
        if field not in self.given:
            return default
        value = self.given[field]
        if isinstance(value, str) and value in known:
            return value
        self.wrong(field, _not_of(field, value, known))
        return ""

    def listed(self, field: str, what: str) -> list[tuple[KeyPath, str]]:
        """One text or a list of different ones, with their places."""
        if field not in self.given:
            return []
        value, spot = self.given[field], (*self.spot, field)
        if isinstance(value, str) and value:
            return [(spot, value)]
        if not isinstance(value, list) or not value:
            found = "empty" if value in ("", [], None) else shown(value)
            self.wrong(field, f"{field} is {found}, expected {what} or a list of them")
            return []
        found_items: list[tuple[KeyPath, str]] = []
        for i, item in enumerate(value):
            if not isinstance(item, str) or not item:
                self.source.wrong((*spot, i), f"{shown(item)}, expected {what}")
            elif any(item == other for _, other in found_items):
                self.source.wrong((*spot, i), f"{item!r} is given twice; remove one")
            else:
                found_items.append(((*spot, i), item))
        return found_items

    def arm(self, spot: KeyPath, name: str) -> str:
        """The arm's name, or nothing where there is no such arm."""
        if name in self.layers.arms or not any(self.layers.arms):
            return name  # where there are no arms at all, that is what is reported
        self.source.wrong(spot, registry.unknown("arm", name, self.layers.arms))
        return ""

    def datasets(self) -> tuple[str, ...]:
        known = tuple(label for label in self.layers.datasets if label)
        if "datasets" not in self.given:
            return known
        chosen = []
        for spot, label in self.listed("datasets", "a dataset's label"):
            if label in known or not known:
                chosen.append(label)
            else:
                self.source.wrong(spot, registry.unknown("dataset label", label, known))
        return tuple(label for label in known if label in chosen)

    def margin(self) -> float:
        value = self.given.get("margin", 0)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e300:
            return float(value)
        self.wrong("margin", f"margin is {shown(value)}, expected a finite number of at least 0")
        return 0.0

    def metric(self, arms: list[str], datasets: tuple[str, ...]) -> str:
        known = {name: entry for kind in METRIC_KINDS for name, entry in registry.entries(kind).items()}
        metric = self.one_of("metric", (*known, *FROM_RUNS))
        needs = known[metric].facts.get("needs", ()) if metric in known else ()
        for need in needs:
            lacking = [label for label in datasets if not _has(self.layers, label, arms, need)]
            if lacking:
                what = " or ".join(NEEDS.get(part, part) for part in need.split(" or "))
                fitting = [label for label in datasets if label not in lacking]
                advice = f"; give the claim datasets: [{', '.join(fitting)}]" if fitting else ""
                self.wrong("metric", f"metric {metric} does not apply to {', '.join(lacking)}: it needs {what}{advice}")
                break
        return metric


def _has(layers: Layers, label: str, arms: list[str], need: str) -> bool:
    """Whether the runs of those arms on that dataset meet a metric's need."""
    dataset = layers.datasets[label]
    entry = registry.find("dataset", dataset.name)
    if entry is None:
        return True  # the unknown dataset is reported
    shape, classes = entry.facts.get("shape", ()), entry.facts.get("classes", 0)
    image = len(shape) == 3
    stacked = entry.facts.get("stacked", False)
    meets = {
        "points": shape == (2,),
        "modes": shape == (2,) and classes != 0,
        "classes": image and classes != 0 and not stacked,
    }
    if need == "stacked":
        counted = entry.facts.get("evaluation_samples")
        chosen = [merge(*layers.of(label, arm)).get("evaluation_samples") for arm in arms]
        return stacked and all(given is None or given.value == counted for given in chosen)
    if need == "labels":
        asked = all(merge(*layers.of(label, arm)).get("conditional", _ABSENT).value is True for arm in arms)
        return asked and image and classes != 0
    return any(meets.get(part, True) for part in need.split(" or "))


_ABSENT = Given(False, ())


def _compare(read: _Reader) -> list[Claim]:
    """An arm is better in the claimed direction than another."""
    read.fields(
        ("id", "says", "test", "metric", "arm", "against", "direction"),
        ("source", "statistic", "margin", "datasets", "decide"),
    )
    arm = read.text("arm")
    arm = arm and read.arm((*read.spot, "arm"), arm)
    others = []
    for spot, name in read.listed("against", "an arm's name"):
        if name == arm:
            read.source.wrong(spot, f"arm {name!r} is compared against itself, expected another arm")
        elif read.arm(spot, name):
            others.append(name)
    datasets = read.datasets()
    shared: dict[str, Any] = {
        "id": read.name("id"),
        "source": tuple(text for _, text in read.listed("source", "a document's name")),
        "says": read.text("says"),
        "test": "compare",
        "metric": read.metric([name for name in (arm, *others) if name in read.layers.arms], datasets),
        "statistic": read.one_of("statistic", STATISTICS, "value"),
        "arm": arm,
        "direction": read.one_of("direction", tuple(DIRECTIONS)),
        "margin": read.margin(),
        "datasets": datasets,
        "decide": read.one_of("decide", DECISIONS, "pooled"),
        "everywhere": "datasets" not in read.given,
    }
    return [Claim(against=other, **shared) for other in others] if arm and shared["metric"] else []


TESTS: dict[str, Callable[[_Reader], list[Claim]]] = {"compare": _compare}
"""The kinds of test by name: each reads a claim's fields."""
