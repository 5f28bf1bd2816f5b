"""The kinds of test: what each reads from a claim of a study file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ablate.registry.measures import KINDS, measure
from ablate.study.claims.association import STEP, spearman_name
from ablate.study.claims.claim import DIRECTIONS, TRENDS, Claim, waiting
from ablate.study.claims.reader import Reader

STATISTICS = ("value", "spread", "best", "share_near_best")
OF_THE_BEST = ("best", "share_near_best")
CENTERS = ("iqm", "mean", "median", "share")
DECISIONS = ("pooled", "any_dataset", "every_dataset")
ALWAYS = ("id", "says", "test")
IF_WANTED = ("source", "datasets", "waits")


def _shared(read: Reader, **more: Any) -> dict[str, Any]:
    """The fields that every kind has, and defaults of those that some have."""
    return {
        "id": read.name("id"),
        "source": _source(read),
        "says": read.text("says"),
        "test": str(read.given.get("test", "compare")),
        "metric": "",
        "statistic": "value",
        "arm": "",
        "against": "",
        "direction": "",
        "margin": 0.0,
        "datasets": read.datasets(),
        "decide": "pooled",
        "everywhere": "datasets" not in read.given,
        "waits": read.text("waits"),
        **more,
    }


def _source(read: Reader) -> tuple[str, ...]:
    return tuple(text for _, text in read.listed("source", "a document's name"))


def read_waiting(read: Reader) -> list[Claim]:
    """A claim without a test yet: only what it says, and why it waits."""
    read.fields(("id", "says", "waits"), ("source",))
    return [waiting(read.name("id"), _source(read), read.text("says"), read.text("waits"))]


def _compare(read: Reader) -> list[Claim]:
    """An arm is better in the claimed direction than another, or than a fixed value."""
    read.fields(
        (*ALWAYS, "metric", "arm", "direction"),
        (*IF_WANTED, "against", "value", "statistic", "factor", "margin", "decide"),
    )
    arms = read.arms("arm")
    others = [""] if read.exactly_one("against", "value") == "value" else _others(read, arms)
    shared = _shared(
        read,
        statistic=read.one_of("statistic", STATISTICS, "value"),
        direction=read.one_of("direction", tuple(DIRECTIONS)),
        margin=read.margin(),
        decide=read.one_of("decide", DECISIONS, "pooled"),
        value=read.number("value"),
        factor_of_best=read.number("factor", 2.0),
    )
    fixed = "value" in read.given
    if fixed and shared["statistic"] != "value":
        what = {"spread": "a spread", "best": "a best run"}.get(shared["statistic"], "such a share")
        read.wrong("statistic", f"{what} is that of two arms, expected value where the claim has a fixed value")
    if "factor" in read.given and shared["statistic"] != "share_near_best":
        read.wrong("factor", "factor has no effect, expected statistic: share_near_best beside it", key=True)
    elif shared["factor_of_best"] <= 1:
        read.wrong("factor", f"factor is {shared['factor_of_best']:g}, expected more than 1: how near to the best")
    shared["metric"] = read.metric([*arms, *filter(None, others)], shared["datasets"], pair=not fixed)
    if shared["statistic"] in OF_THE_BEST and shared["metric"]:
        _has_a_best(read, shared["metric"], shared["statistic"])
    return _each(shared, arms, others)


def _has_a_best(read: Reader, metric: str, statistic: str) -> None:
    """Note a metric of which there is no best run, or no multiple of it."""
    facts = measure(metric)
    if facts.better not in DIRECTIONS or facts.origin not in KINDS:
        read.wrong("metric", f"no run is the best by {metric}, expected a metric of which one way is better")
    elif statistic == "share_near_best" and facts.scale != "ratio":
        read.wrong("metric", f"{metric} is not compared by ratio, expected a metric that has multiples, such as fid")


def _others(read: Reader, arms: list[str]) -> list[str]:
    found = []
    for spot, name in read.listed("against", "an arm's name"):
        if name in arms:
            read.source.wrong(spot, f"arm {name!r} is compared against itself, expected another arm")
        elif read.arm(spot, name):
            found.append(name)
    return found


def _each(shared: dict[str, Any], arms: list[str], others: list[str]) -> list[Claim]:
    if not shared["metric"]:
        return []
    return [Claim(**{**shared, "arm": arm, "against": other}) for arm in arms for other in others]


def _equivalent(read: Reader) -> list[Claim]:
    """An arm equals another to within the margin, or is not worse than it, or than the best of several."""
    read.fields(
        (*ALWAYS, "metric", "arm", "margin"), (*IF_WANTED, "against", "best_of", "not_worse", "better", "decide")
    )
    arms = read.arms("arm")
    best = read.exactly_one("against", "best_of") == "best_of"
    others = [""] if best else _others(read, arms)
    rivals = {arm: read.varied(arm, "best_of") if best else () for arm in arms}
    shared = _shared(read, margin=read.margin(), decide=read.one_of("decide", DECISIONS, "pooled"))
    if "margin" in read.given and not shared["margin"]:
        read.wrong("margin", "margin is 0, expected the largest difference that does not matter, above 0")
    named = [*arms, *filter(None, others), *(rival for each in rivals.values() for rival in each)]
    shared["metric"] = read.metric(named, shared["datasets"])
    one_sided = read.flag("not_worse") or best
    if "better" in read.given and not one_sided:
        read.wrong("better", "better says which way is not worse, but the claim is not one-sided; remove it", key=True)
    if one_sided:
        shared["direction"] = _better(read, shared["metric"])
    return [claim for arm in arms for claim in _each({**shared, "rivals": rivals[arm]}, [arm], others)]


def _better(read: Reader, metric: str) -> str:
    """Which way is better: as given, else as the metric says of itself."""
    if "better" in read.given:
        return read.one_of("better", tuple(DIRECTIONS))
    better = measure(metric).better
    if better == "none" and metric:
        read.wrong("metric", f"neither way of {metric} is better by itself; give the claim better: less, or greater")
        return ""
    return better


def _bound(read: Reader) -> list[Claim]:
    """A statistic of the metric over an arm's seeds lies in a range."""
    read.fields((*ALWAYS, "metric", "arm"), (*IF_WANTED, "low", "high", "statistic", "within"))
    arms = read.arms("arm")
    low, high = read.number("low"), read.number("high")
    if "low" not in read.given and "high" not in read.given:
        read.source.wrong(read.spot, "the range is missing, expected low, high or both")
    if low is not None and high is not None and low > high:
        read.wrong("high", f"high is {high:g}, expected at least low, {low:g}")
    statistic = read.one_of("statistic", CENTERS, "iqm")
    within = read.range("within")
    shared = _shared(read, statistic=statistic, low=low, high=high, within=within, decide="every_dataset")
    shared["metric"] = read.metric(arms, shared["datasets"], pair=False)
    if statistic == "share" and "within" not in read.given and shared["metric"] != "diverged":
        read.wrong("statistic", "a share of runs needs within: [from, to], the values that count")
    if statistic != "share" and "within" in read.given:
        read.wrong("within", "within has no effect, expected statistic: share beside it", key=True)
    return _each(shared, arms, [""]) if low is not None or high is not None else []


def _trend(read: Reader) -> list[Claim]:
    """The metric falls, or rises, over a factor, or along training."""
    factor = read.text("over")
    needed = () if factor else ("arm",)
    read.fields((*ALWAYS, "metric", "direction", *needed), (*IF_WANTED, "arm", "over", "margin", "decide"))
    direction = TRENDS.get(read.one_of("direction", tuple(TRENDS)), "")
    shared = _shared(read, direction=direction, margin=read.margin(), decide=read.one_of("decide", DECISIONS, "pooled"))
    if shared["margin"] >= 1:
        read.wrong("margin", f"margin is {shared['margin']:g}, expected less than 1: it is one of a rank correlation")
    if not factor:
        arms = read.arms("arm")
        given, spot = read.given.get("metric"), (*read.spot, "metric")
        curve = read.series(spot, given, arms, shared["datasets"]) if "metric" in read.given else ""
        shared["metric"] = curve and spearman_name(STEP, curve)
        return _each({**shared, "value": 0.0}, arms, [""])
    ladders = read.ladders(factor)
    climbing = [arm for ladder in ladders for _, arm in ladder]
    shared["metric"] = read.metric(climbing, shared["datasets"], pair=False)
    levels = ", ".join(dict.fromkeys(f"{level:g}" for ladder in ladders for level, _ in ladder))
    own = "" if "arm" not in read.given else f"{', '.join(name for _, name in read.listed('arm', ''))}, "
    shared |= {"factor": factor, "ladders": ladders}
    return _each(shared, [f"{own}{factor} {levels}"], [""]) if ladders else []


def _identity(read: Reader) -> list[Claim]:
    """In every run the metric equals a value, or differs from it, to within a tolerance."""
    read.fields((*ALWAYS, "metric", "arm"), (*IF_WANTED, "equals", "differs_from", "tolerance"))
    arms = read.arms("arm")
    form = read.exactly_one("equals", "differs_from")
    shared = _shared(
        read,
        value=read.number(form) if form else None,
        equal=form == "equals",
        tolerance=read.number("tolerance", 0.0, least=0.0),
        decide="every_dataset",
    )
    shared["metric"] = read.metric(arms, shared["datasets"], pair=False)
    return _each(shared, arms, [""]) if shared["value"] is not None else []


TESTS: dict[str, Callable[[Reader], list[Claim]]] = {
    "compare": _compare,
    "equivalent": _equivalent,
    "bound": _bound,
    "trend": _trend,
    "identity": _identity,
}
"""The kinds of test by name: each reads a claim's fields."""
