"""What `compare` asks of a search's draws: which succeed, arms paired by draw, and how many draws a search needs.

The arms of a search share their draws on a dataset, and a draw's runs share their seed: so each run of an arm has a partner.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ablate.registry.measures import measure
from ablate.results.numbers import number
from ablate.study.claims.claim import Fields
from ablate.study.settings import shown

if TYPE_CHECKING:
    from ablate.claims.evidence import Evidence
    from ablate.claims.statistics.bootstrap import Floats
    from ablate.claims.study_rows import StudyRows
    from ablate.claims.values import Samples
    from ablate.study.claims import Claim
    from ablate.study.claims.reader import Reader

FIELDS = ("paired", "thresholds", "of")
SUCCESS, NEEDED, NEAR = "success", "draws_needed", "share_near_best"
PAIRED = ("value", NEAR, SUCCESS, NEEDED)
"""Statistics that each draw has for itself"""
UNTRAINED, BEST = "untrained", "best"
UNTRAINED_FID = "untrained_fid"
BY_DRAW = ", paired by draw"


@dataclass(frozen=True)
class CompareFields(Fields):
    """What only claims of this kind have."""

    value: float | None = None
    """what the metric is held against, where it is no other arm"""
    factor_of_best: float = 2.0
    """share_near_best, draws_needed: a run counts that is within this factor of the best on the dataset"""
    paired: bool = False
    """the arms are compared draw by draw"""
    threshold: float = 0.0
    """success: up to this multiple of the reference; a claim for each threshold of the file"""
    reference: str = UNTRAINED
    """untrained: of the fid of the same run's generator before training; best: of the best on the dataset"""


def read_draw_fields(reader: Reader, statistic: str) -> tuple[bool, str, list[float]]:
    """paired, the reference, thresholds (one that stands for none where none are asked for); what is wrong is noted."""
    paired = reader.one_of("paired", ("draw",)) == "draw"
    if "paired" in reader.given:
        _check_pairs(reader, statistic)
    elif statistic == NEEDED:
        reader.wrong("statistic", "numbers of draws are compared draw by draw, expected paired: draw beside it")
    if statistic != SUCCESS:
        for field in ("thresholds", "of"):
            if field in reader.given:
                reader.wrong(field, f"{field} has no effect, expected statistic: success beside it", key=True)
        return paired, UNTRAINED, [0.0]
    of = reader.one_of("of", (UNTRAINED, BEST), UNTRAINED)
    if of == UNTRAINED and reader.given.get("metric") != "fid":
        reader.wrong("metric", "of the untrained generator only fid is measured, expected fid, or of: best beside it")
    return paired, of, _thresholds(reader, of)


def _check_pairs(reader: Reader, statistic: str) -> None:
    search = reader.layers.search
    if statistic and statistic not in PAIRED:
        reader.wrong(
            "paired", f"a {statistic} is not one of each draw, expected statistic: {', '.join(PAIRED)}", key=True
        )
    elif "value" in reader.given:
        reader.wrong(
            "paired", "paired has no effect where the claim has a fixed value, expected against: an arm", key=True
        )
    elif search is None:
        reader.wrong(
            "paired", "paired: draw needs a search, whose arms share their draws; this study has none", key=True
        )
    elif search.adaptive:
        reader.wrong(
            "paired", f"sampler {search.sampler} draws for each arm by itself, so that draws have no partners; "
            "expected sampler random or qmc", key=True,
        )  # fmt: skip


def _thresholds(reader: Reader, of: str) -> list[float]:
    """Different numbers of the right size; noted where they are not."""
    if "thresholds" not in reader.given:
        reader.source.wrong(reader.spot, "success needs thresholds: [0.5, 0.2, …], up to which a run succeeds")
        return []
    given = reader.given["thresholds"]
    right = "above 0 and below 1: a share of the untrained fid" if of == UNTRAINED else "above 1: a factor of the best"
    values = given if isinstance(given, list) else [given]
    numbers: list[float] = []
    for i, value in enumerate(values):
        spot = (*reader.spot, "thresholds", i) if isinstance(given, list) else (*reader.spot, "thresholds")
        a_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not a_number or not (0 < value < 1 if of == UNTRAINED else 1 < value < 1e300):
            reader.source.wrong(spot, f"{shown(value)}, expected a number {right}")
        elif value in numbers:
            reader.source.wrong(spot, f"{value:g} is given twice; remove one")
        else:
            numbers.append(float(value))
    if not values:
        reader.wrong("thresholds", "thresholds is empty, expected a number or a list of them")
    return numbers


def statistic_text(claim: Claim) -> str:
    """What is taken of the metric, so that the metric's name may follow."""
    own = CompareFields.of(claim)
    text = {
        NEAR: f"share within {own.factor_of_best:g} × the best",
        NEEDED: f"number of draws to reach {own.factor_of_best:g} × the best",
        SUCCESS: f"share within {own.threshold:g} × the {own.reference}",
    }.get(claim.statistic, claim.statistic)
    return text + BY_DRAW * own.paired


def with_outcomes(rows: StudyRows, claim: Claim, dataset: str, samples: Samples) -> Samples:
    """Of each run 1 where it succeeds, or comes near the best, and 0 where not.

    The best is that of all arms of the study, and so the same however the runs are dealt to the two arms: tests of
    the shares stay exact.
    """
    from ablate.claims.statistics import binary
    from ablate.claims.values import best_value

    own = CompareFields.of(claim)
    if claim.statistic == SUCCESS and own.reference == UNTRAINED:
        return _below_untrained(rows, claim, dataset, samples)
    best, better = best_value(rows, claim.metric, dataset), measure(claim.metric).better
    factor = own.threshold if claim.statistic == SUCCESS else own.factor_of_best
    arms = [samples.arm] if samples.against is None else [samples.arm, samples.against]
    return _as_outcomes(samples, [binary.near(values, best, factor, better) for values in arms])


def _below_untrained(rows: StudyRows, claim: Claim, dataset: str, samples: Samples) -> Samples:
    """A run that diverged fails; one whose untrained generator was not measured has no outcome."""
    import numpy as np

    threshold, known, outcomes = CompareFields.of(claim).threshold, False, []
    for name, values, seeds in zip(samples.names, (samples.arm, samples.against), samples.seeds, strict=True):
        assert values is not None
        group = rows.rows(dataset, name)
        cells = (
            group[UNTRAINED_FID].to_numpy(dtype=float)
            if UNTRAINED_FID in group.columns
            else np.full(len(group), np.nan)
        )
        untrained = dict(zip(group["seed"], cells, strict=True))
        levels = np.array([untrained[seed] for seed in seeds], dtype=float)
        known |= bool(np.isfinite(levels).any())
        outcome = (values <= threshold * levels).astype(float)
        outcomes.append(np.where(np.isnan(levels) & np.isfinite(values), np.nan, outcome))
    kept = [~np.isnan(outcome) for outcome in outcomes]
    lost = [int((~there).sum()) for there in kept]
    samples = replace(
        samples,
        missing=(samples.missing[0] + lost[0], samples.missing[1] + lost[1]),
        seeds=tuple(seeds[there] for seeds, there in zip(samples.seeds, kept, strict=True)),
    )
    if sum(map(len, kept)) and not known:
        samples = replace(samples, applies=False, lacks=UNTRAINED_FID)
    return _as_outcomes(samples, [outcome[there] for outcome, there in zip(outcomes, kept, strict=True)])


def _as_outcomes(samples: Samples, arms: list[Floats]) -> Samples:
    against = arms[1] if len(arms) > 1 else None
    return replace(samples, arm=arms[0], against=against, scale="difference", center="mean")


def by_draw(samples: Samples) -> Samples:
    """Both arms' values in one order of draws; a draw that either arm lacks is left out."""
    import numpy as np

    assert samples.against is not None
    first, second = samples.seeds
    shared, mine, others = np.intersect1d(first, second, return_indices=True)
    return replace(samples, arm=samples.arm[mine], against=samples.against[others], seeds=(shared, shared))


def weigh_by_draw(evidence: Evidence, level: float) -> Evidence:
    """The test of two arms that are paired by draw, with the effect and its interval; some dataset has runs."""
    evidence = replace(evidence, paired=True, improvement_of="draws")
    if evidence.claim.statistic == NEEDED:
        return _weigh_needed(evidence, level)
    return _weigh_shares(evidence, level) if evidence.binary else _weigh_values(evidence, level)


def _weigh_values(evidence: Evidence, level: float) -> Evidence:
    """Wilcoxon's signed rank test. A draw on which one arm diverged differs most; on which both did, not at all."""
    from ablate.claims.statistics import effects
    from ablate.claims.statistics.intervals import difference_from_value
    from ablate.claims.statistics.signed_rank import signed_rank_test

    margin, gaps = evidence.margin, differences_by_draw(evidence)
    beyond, short = (signed_rank_test(gaps, shift) for shift in (margin, -margin))
    within = max(beyond.p_greater, short.p_less)
    ahead = effects.improvement_on(gaps, 0.0, level)
    evidence = evidence.with_test(beyond.p_less, short.p_greater, beyond.method, ahead, within)
    pairs = [pair for pair in (samples.comparable() for samples in evidence.filled) if pair is not None]
    if not pairs:
        return evidence.without_finite_values()
    differences = [first - second for first, second in pairs]
    center = evidence.filled[0].center
    return evidence.with_effect(*difference_from_value(differences, 0.0, evidence.bootstrap_seed, center, level))


def _weigh_shares(evidence: Evidence, level: float) -> Evidence:
    """McNemar's test, and the difference of the paired shares; a probability of improvement is told, and decides nothing."""
    from ablate.claims.statistics import effects
    from ablate.claims.statistics.paired_shares import paired_difference, paired_margin_test

    strata, margin = counts_by_draw(evidence), evidence.margin
    way = -1.0 if evidence.claim.direction == "greater" else 1.0
    beyond, short = (paired_margin_test(strata, -way * side * margin) for side in (1, -1))
    p_for, p_against = (beyond[0], short[1]) if way > 0 else (beyond[1], short[0])
    within = max(beyond[1], short[0]) if way > 0 else max(beyond[0], short[1])
    method = "score interval" if margin else "exact"
    evidence = evidence.with_test(
        p_for, p_against, method, effects.improvement_on(differences_by_draw(evidence), 0.0, level), within
    )
    return evidence.with_effect(*paired_difference(strata, level))


def _weigh_needed(evidence: Evidence, level: float) -> Evidence:
    """The numbers of draws that the two arms need, by ratio."""
    from ablate.claims.statistics.draws_needed import needed_test

    evidence = replace(evidence, scale="ratio", seeds_decide=False)
    test = needed_test(counts_by_draw(evidence), evidence.margin, evidence.bootstrap_seed, level)
    less, greater = test.p_less, test.p_greater
    if evidence.claim.direction == "greater":
        less, greater = greater, less
    evidence = evidence.with_test(less, greater, test.method, p_within=test.p_within)
    return evidence.with_effect(test.effect, test.low, test.high)


def differences_by_draw(evidence: Evidence) -> list[Floats]:
    """Differences within draws of each dataset that has runs, oriented: lower is claimed; 0 where both runs diverged."""
    import numpy as np

    way, gaps = -1.0 if evidence.claim.direction == "greater" else 1.0, []
    for samples in evidence.filled:
        first, second = samples.ranked()
        alike = first == second
        gaps.append(way * (np.where(alike, 0.0, first) - np.where(alike, 0.0, second)))
    return gaps


def counts_by_draw(evidence: Evidence) -> list[Any]:
    """PairedCounts of each dataset that has runs."""
    from ablate.claims.statistics.paired_shares import PairedCounts

    return [PairedCounts.of(own.arm, own.against) for own in evidence.filled if own.against is not None]


def heterogeneity_by_draw(parts: Sequence[Evidence]) -> float:
    """p that the difference of shares, or the share of draws on which the arm is ahead, is the same on every dataset."""
    from ablate.claims.statistics.heterogeneity import heterogeneity_of_improvement
    from ablate.claims.statistics.paired_shares import heterogeneity_of_paired

    if all(part.binary for part in parts):
        return heterogeneity_of_paired([counts_by_draw(part)[0] for part in parts])
    return heterogeneity_of_improvement([part.improvement for part in parts], [(part.seeds, 0) for part in parts])


def numbers_needed(evidence: Evidence) -> str:
    """Each arm's number of draws by dataset, rounded up, with its interval."""
    from ablate.claims.statistics.bootstrap import seed_of
    from ablate.claims.statistics.draws_needed import needed_interval

    told = []
    for dataset, samples in evidence.used:
        values = [own for own in (samples.arm, samples.against) if own is not None and len(own)]
        for name, own in zip(samples.names, values, strict=False):
            near = int(own.sum())
            ends = needed_interval(near, len(own), seed_of(str(evidence.bootstrap_seed), dataset, name))
            needed, low, high = (number(end if math.isinf(end) else math.ceil(end)) for end in ends)
            told.append(f"{name} on {dataset} {needed} [{low}, {high}]")
    return f"draws needed: {', '.join(told)}" if told else ""
