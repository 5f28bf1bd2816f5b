"""published: do our runs agree with a published figure, which has an error of its own?

They agree (reproduced) where the difference lies within the margin, by two one-sided tests and the interval, and differ
(contradicted) where it lies outside. Of a published mean by Welch's t (ablate.claims.statistics.published_mean), of a share of
runs by the interval of two shares, and of published results of single runs as `equivalent` compares two arms.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ablate.claims.kind import Judged, Kind, Mark, Simulation, Strata, axis_of, effect_text, minus
from ablate.claims.kinds.equivalent import weigh_pair
from ablate.registry import register
from ablate.registry.measures import measure
from ablate.results import numbers
from ablate.study.claims.claim import Claim, Fields, interval_text
from ablate.study.claims.kind import ALWAYS, IF_WANTED, claims_of, common_fields, margin_text
from ablate.study.claims.published_file import published_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ablate.claims.evidence import Evidence
    from ablate.claims.simulation import Law, Simulated
    from ablate.claims.statistics.bootstrap import Floats
    from ablate.claims.statistics.published_mean import Mean
    from ablate.claims.study_rows import StudyRows
    from ablate.claims.values import Samples
    from ablate.claims.verdict import Verdict
    from ablate.study.claims.reader import Reader

ERRORS = ("se", "sd", "interval")
PUBLISHED = "published"
SIMULATED_RUNS = 20
"""Behind the published figure of simulated studies"""


@dataclass(frozen=True)
class PublishedFields(Fields):
    """What only this kind has."""

    quoted: str = ""
    """where the figure is published"""
    value: float | None = None
    """the published mean, or share; None where single runs are published"""
    se: float | None = None
    sd: float | None = None
    interval: tuple[float, float] | None = None
    """95 %, of the mean"""
    runs: int | None = None
    within: tuple[float, float] | None = None
    """the figure is the share of runs whose metric lies here"""
    seeds: tuple[float, ...] = ()
    """published results of single runs"""
    file: str = ""
    """that holds them, by its path from the study file's folder"""
    rows: str = ""
    """which column of which rows"""

    @property
    def figure(self) -> str:
        """`5.89 ± 0.13 (200 runs)`, as the publication has it."""
        of = f" ({self.runs} runs)" if self.runs else ""
        if self.value is None:
            return f"{len(self.seeds)} runs of {self.file} ({self.rows})"
        if self.se is not None:
            return f"{self.value:g} ± {self.se:g}{of}"
        if self.sd is not None:
            return f"{self.value:g}, sd {self.sd:g}{of}"
        return f"{self.value:g} {interval_text(*self.interval) if self.interval else ''}".rstrip() + of


@register("claim", "published")
class Published(Kind):
    """An arm's metric agrees with a published figure, or with published results of single runs, within a margin."""

    decisions = ("every_dataset",)

    def read(self, reader: Reader) -> list[Claim]:
        reader.fields(
            (*ALWAYS, "metric", "arm", "margin", "quoted"),
            (*IF_WANTED, "value", *ERRORS, "runs", "within", "file", "column", "where"),
        )
        arms = reader.arms("arm")
        common = common_fields(reader) | {"decide": "every_dataset", "margin": reader.margin()}
        if "margin" in reader.given and not common["margin"]:
            reader.wrong("margin", "margin is 0, expected the largest difference that does not matter, above 0")
        common["metric"] = reader.metric(arms, common["datasets"], pair=False)
        share = "within" in reader.given or (bool(common["metric"]) and measure(common["metric"]).binary)
        form = reader.exactly_one("value", "file")
        own = PublishedFields(reader.text("quoted"), within=reader.range("within"))
        if form == "value":
            own = _with_value(reader, own, share)
        elif form == "file":
            own = _with_seeds(reader, own)
        common |= {"own": own, "statistic": "share" if share else "mean" if form == "value" else "value"}
        return claims_of(common, arms)

    def files(self, claim: Claim) -> Sequence[str]:
        return tuple(filter(None, (PublishedFields.of(claim).file,)))

    def opponent(self, claim: Claim) -> str:
        own = PublishedFields.of(claim)
        return f"{own.figure}, {own.quoted}"

    def statement(self, claim: Claim) -> str:
        metric = claim.metric if claim.statistic == "value" else f"{self.statistic(claim)} of {claim.metric}"
        figure = PublishedFields.of(claim).figure
        return f"{metric} of {claim.arm} equal to the published {figure}{margin_text(claim, 'within')}"

    def statistic(self, claim: Claim) -> str:
        within = PublishedFields.of(claim).within
        return f"share within {interval_text(*within)}" if within else claim.statistic

    def samples(self, rows: StudyRows, claim: Claim, dataset: str) -> Samples:
        """Ours; beside them the published runs, or of a published share so many ones and zeros."""
        import numpy as np

        from ablate.claims.values import samples_of

        own, samples = PublishedFields.of(claim), samples_of(rows, claim, dataset)
        against = np.array(own.seeds) if own.value is None else None
        if claim.statistic == "share":
            if own.value is not None:
                hits = round(own.value * (own.runs or 0))
                against = np.repeat([1.0, 0.0], [hits, (own.runs or 0) - hits])
            elif own.within:
                against = _inside(np.array(own.seeds), own.within)
            arm = _inside(samples.arm, own.within) if own.within else samples.arm
            samples = replace(samples, arm=arm, scale="difference", center="mean")
        if against is None:
            return samples
        return replace(samples, against=against, names=(claim.arm, PUBLISHED))

    def weigh(self, claim: Claim, strata: Strata, level: float) -> Evidence:
        """Evidence on one dataset: over several, a claim of a figure is one of each of them."""
        of_mean = claim.statistic == "mean"
        evidence = _weigh_mean(claim, strata, level) if of_mean else weigh_pair(claim, strata, level)
        # how many of our runs would decide is not told where the published ones, of which there are no more, count as well
        return replace(evidence, target_words="the margin around what is published", seeds_decide=of_mean)

    def judge(self, evidence: Evidence, p_adjusted: float, alpha: float) -> Judged:
        from ablate.claims.judgement import CONTRADICTED, REPRODUCED

        word, reason, seeds = super().judge(evidence, p_adjusted, alpha)
        told = {REPRODUCED: "agrees with", CONTRADICTED: "differs from"}.get(word)
        return word, f"{told} what is published: {reason}" if told else reason, seeds

    def mark(self, verdict: Verdict) -> Mark:
        what = f"{_metric(verdict)}: {verdict.arm} {minus(verdict)} published {verdict.against}"
        return Mark(what, axis_of(verdict))

    def finding(self, verdict: Verdict) -> str:
        other = f"the published {verdict.against}"
        if verdict.scale == "ratio":
            interval = numbers.interval(verdict.low, verdict.high)
            told = f"is {numbers.number(verdict.effect)} {interval} times {other}"
        else:
            told = f"differs from {other} by {effect_text(verdict)}"
        margin = numbers.percent(verdict.margin) if verdict.scale == "ratio" else numbers.number(verdict.margin)
        return f"{_metric(verdict)} of {verdict.arm} {told} (claimed: equal within {margin})"

    def simulations(self) -> tuple[Simulation, ...]:
        from ablate.claims.simulation import ONE_ARM

        return (
            Simulation("published", "published mean", _simulated_mean, laws=ONE_ARM),
            Simulation("published_seeds", "published results of single runs", _simulated_seeds, laws=ONE_ARM),
        )


def _with_value(reader: Reader, own: PublishedFields, share: bool) -> PublishedFields:
    """The published mean with its error, or the published share with its number of runs."""
    value, runs = reader.number("value"), _runs(reader)
    for field in ("column", "where"):
        if field in reader.given:
            reader.wrong(field, f"{field} has no effect, expected file: beside it", key=True)
    if share:
        for field in ERRORS:
            if field in reader.given:
                reader.wrong(field, f"a share has the error of its runs; remove {field}", key=True)
        if value is not None and not 0 <= value <= 1:
            reader.wrong("value", f"value is {value:g}, expected a share of runs from 0 to 1")
        if "runs" not in reader.given:
            reader.source.wrong(reader.spot, "a published share needs runs: how many it is of")
        return replace(own, value=value, runs=runs)
    error = reader.exactly_one(*ERRORS)
    if error == "sd" and "runs" not in reader.given:
        reader.wrong("sd", "sd is the spread of single runs, expected runs: beside it, or se: in its place")
    interval = reader.range("interval")
    if interval and value is not None and not interval[0] <= value <= interval[1]:
        reader.wrong("interval", f"interval does not hold the value, {value:g}")
    if value is not None and value <= 0 and reader.given.get("metric") in _ratios():
        reader.wrong(
            "value", f"value is {value:g}, expected one above 0: {reader.given['metric']} is compared by ratio"
        )
    se, sd = reader.number("se", least=0.0), reader.number("sd", least=0.0)
    return replace(own, value=value, se=se, sd=sd, interval=interval, runs=runs)


def _with_seeds(reader: Reader, own: PublishedFields) -> PublishedFields:
    for field in (*ERRORS, "runs"):
        if field in reader.given:
            reader.wrong(field, f"{field} is that of the file's rows; remove it", key=True)
    if "column" not in reader.given:
        reader.source.wrong(reader.spot, "the key 'column' is missing: which column of the file holds the metric")
    where = reader.given.get("where")
    rows = " of ".join(
        [reader.text("column"), *([", ".join(map(str, where.values()))] if isinstance(where, dict) else [])]
    )
    values = published_values(reader)
    least, metric = min(values, default=1.0), reader.given.get("metric")
    if least <= 0 and not own.within and metric in _ratios():
        reader.wrong("file", f"its rows hold {least:g}, expected values above 0: {metric} is compared by ratio")
    return replace(own, seeds=values, file=reader.text("file"), rows=rows)


def _runs(reader: Reader) -> int | None:
    runs = reader.number("runs")
    if runs is not None and (runs < 2 or runs != int(runs)):
        reader.wrong("runs", f"runs is {runs:g}, expected a whole number of at least 2")
        return None
    return None if runs is None else int(runs)


def _ratios() -> set[str]:
    from ablate.registry.measures import measures

    return {name for name, of in measures().items() if of.scale == "ratio"}


def _inside(values: Floats, within: tuple[float, float]) -> Floats:
    return ((values >= within[0]) & (values <= within[1])).astype(float)


def _metric(verdict: Verdict) -> str:
    return verdict.metric if verdict.statistic == "value" else f"{verdict.statistic} of {verdict.metric}"


def published_mean(own: PublishedFields) -> Mean:
    """The published mean with its standard error."""
    from ablate.claims.statistics.published_mean import Mean, error_of_interval

    assert own.value is not None
    runs = math.inf if own.runs is None else float(own.runs)
    if own.interval is not None:
        error = error_of_interval(*own.interval, runs)
    else:
        error = own.se if own.se is not None else (own.sd or 0.0) / math.sqrt(runs)
    return Mean(own.value, error, runs)


def _weigh_mean(claim: Claim, strata: Strata, level: float) -> Evidence:
    import numpy as np

    from ablate.claims.evidence import Evidence
    from ablate.claims.statistics.published_mean import Difference

    ((_, samples),) = strata
    evidence = Evidence(claim, strata, samples.scale)
    margin = evidence.margin
    evidence = replace(evidence, target=(-margin, margin))
    if not samples.applies or samples.fewest < 2:
        return evidence
    lost = int(np.isinf(samples.arm).sum())
    if lost:
        return replace(evidence, fault=f"{lost} of {samples.fewest} runs diverged: a mean tolerates none")
    by_ratio, theirs = samples.scale == "ratio", published_mean(PublishedFields.of(claim))
    if by_ratio and samples.arm.mean() <= 0:
        return replace(evidence, fault="the mean is not above 0, so that there is no ratio")
    difference = (Difference.of_logarithms if by_ratio else Difference.of)(samples.arm, theirs)
    above, below = difference.tails(margin), difference.tails(-margin)
    inside, outside = max(above[0], below[1]), min(above[1], below[0])
    return evidence.with_test(inside, outside, "Welch’s t").with_effect(*difference.interval(level))


def _simulated_mean(law: Law, n: int, effect: float) -> Simulated:
    """Our mean lies so much less than the margin above that of the published runs."""
    from ablate.claims.simulation import simulated_claim
    from ablate.claims.statistics.published_mean import Mean

    width = max(1.0, effect)
    theirs = law.runs(0.0, SIMULATED_RUNS)
    figure = Mean.of(theirs[theirs < math.inf])
    own = PublishedFields(value=figure.value, se=figure.error, runs=SIMULATED_RUNS)
    claim = simulated_claim(PUBLISHED, against="", direction="", statistic="mean", margin=law.margin(width), own=own)
    return claim, law.samples(law.runs(width - effect, n)), width - effect


def _simulated_seeds(law: Law, n: int, effect: float) -> Simulated:
    """The same of published results of single runs."""
    from ablate.claims.simulation import simulated_claim

    width, theirs = max(1.0, effect), law.runs(0.0, SIMULATED_RUNS)
    own = PublishedFields(seeds=tuple(theirs))
    claim = simulated_claim(PUBLISHED, against="", direction="", margin=law.margin(width), own=own)
    return claim, law.samples(law.runs(width - effect, n), theirs), width - effect
