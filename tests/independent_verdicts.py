"""Every verdict worked out again from the committed tables by numpy and scipy alone, with nothing of ablate.

`python tests/independent_verdicts.py results reports/verdicts.csv`: what rests on random draws may differ by their error.
"""

import math
import sys
from pathlib import Path
from types import SimpleNamespace as Told

import numpy as np
import pandas as pd
from scipy import optimize, stats

WORDS = ("reproduced", "contradicted", "no difference that matters")
LOGS = ("optimum_error", "w1_ratio", "plan_slope_mean", "critic_slope_mean", "fid", "w1")
DEALS, DRAWN, rng = 20_000, 0.035, np.random.default_rng(0)
"""DRAWN: three standard errors of a bootstrap interval's end, in widths of the interval"""


def values(study, row, dataset, arm, arms, metric):
    rows = study.runs[(study.runs.dataset == dataset) & (study.runs.arm == arm) & study.runs.status.isin(["done", "diverged"])]
    if metric == "diverged":
        return (rows.status == "diverged").to_numpy(float)
    if metric.startswith("spearman("):
        names = metric[9:-1].split(", ")
        return np.array([spearman(*(curve(study, run, name) for name in names)) for run in rows.run_id])
    if metric in ("steps_to_target", "seconds_to_target"):
        target = max(np.median(values(study, row, dataset, name, arms, "fid")) for name in arms)
        hits = [points[points[:, 2] <= target] for points in (curve(study, run, "fid") for run in rows.run_id)]
        return np.array([hit[0, int(metric.startswith("seconds"))] if len(hit) else np.inf for hit in hits])
    return rows[metric].dropna().to_numpy(float)


def curve(study, run, name):
    """Step, seconds and value of each point; None for the step itself."""
    if name != "step":
        points = study.curves.get_group((run, name)).sort_values(["generator_step", "critic_step"])
        step = "generator_step" if points.generator_step.is_unique else "critic_step"
        return points[[step, "seconds", "value"]].to_numpy(float)


def spearman(first, second):
    first = second[:, [0, 1, 0]] if first is None else first
    many, few = (first, second) if len(first) >= len(second) else (second, first)
    place = np.searchsorted(few[:, 0], many[:, 0])
    x, y = np.array([(many[place == k, 2].mean(), few[k, 2]) for k in np.unique(place) if k < len(few)]).T
    return 0.0 if np.ptp(x) == 0 or np.ptp(y) == 0 else stats.spearmanr(x, y).statistic


def rank_test(pairs, end):
    """One-sided p that first − second lies below `end`, and above: van Elteren's and, where small, the studentized one."""
    pairs = [(np.round(a - end, 12), np.round(b, 12)) for a, b in pairs]
    total, lead, variance = np.zeros(DEALS + 1), np.zeros(DEALS + 1), np.full(DEALS + 1, 1e-18)
    for a, b in pairs:
        m, n, ranks = len(a), len(b), stats.rankdata([*a, *b])
        dealt = np.vstack([ranks, rng.permuted(np.tile(ranks, (DEALS, 1)), axis=1)])
        first, second = (part - stats.rankdata(part, axis=1) for part in (dealt[:, :m], dealt[:, m:]))
        total += dealt[:, :m].sum(axis=1) / (m + n + 1)
        lead += first.mean(axis=1) / n - second.mean(axis=1) / m
        variance += 4 * (first.var(axis=1, ddof=1) / n**2 / m + second.var(axis=1, ddof=1) / m**2 / n)
    both = [(np.mean(t <= t[0] + 1e-9), np.mean(t >= t[0] - 1e-9)) for t in (total, lead / np.sqrt(variance))]
    return both[0] if min(both[0]) >= 0.05 or all(a.max() < b.min() or b.max() < a.min() for a, b in pairs) else np.max(both, axis=0)


def best_test(pairs, end):
    dealt = [np.vstack([[*a, *b], rng.permuted(np.tile([*a, *b], (DEALS, 1)), axis=1)]) for a, b in pairs]
    lead = np.sum([x[:, : len(a)].min(axis=1) - x[:, len(a) :].min(axis=1) for x, (a, _) in zip(dealt, pairs)], axis=0)
    return np.mean(lead <= lead[0] + 1e-12), np.mean(lead >= lead[0] - 1e-12)


def sign_test(singles, end):
    below, above = (np.sum(np.concatenate(singles) < end), np.sum(np.concatenate(singles) > end))
    return stats.binom.cdf(above, below + above, 0.5), stats.binom.cdf(below, below + above, 0.5)


def trimmed(x):
    """Student's t of the interquartile mean (Tukey and McLaughlin)."""
    cut, inner = len(x) // 4, np.sort(x)[len(x) // 4 : len(x) - len(x) // 4]
    error = np.clip(x, inner[0], inner[-1]).std(ddof=1) / (1 - 2 * cut / len(x)) / math.sqrt(len(x))
    return stats.t(len(inner) - 1, inner.mean(), max(error, 1e-300))


def newcombe(counts, level):
    """Difference of shares over datasets with its interval; counts: hits, runs, hits of the other, its runs."""
    seen, below, above = np.zeros(3)
    for h, m, k, n in counts:
        one, two = (stats.binomtest(*of).proportion_ci(level, "wilson") for of in ((h, m), (k, n)))
        seen, below = seen + h / m - k / n, below + (h / m - one.low) ** 2 + (two.high - k / n) ** 2
        above += (one.high - h / m) ** 2 + (k / n - two.low) ** 2
    return np.array([seen, seen - math.sqrt(below), seen + math.sqrt(above)]) / len(counts)


def shares_test(counts, end):
    """At 0 exact (Birch), elsewhere by the interval."""
    if end:
        side = 2 if newcombe(counts, 0.5)[0] < end else 1
        tail = optimize.brentq(lambda p: newcombe(counts, 1 - 2 * p)[side] - end, 1e-12, 0.4999999)
        return (tail, 1 - tail) if side == 2 else (1 - tail, tail)
    chances, seen = np.ones(1), sum(hits for hits, *_ in counts)
    for h, m, k, n in counts:
        chances = np.convolve(chances, stats.hypergeom(m + n, h + k, m).pmf(np.arange(m + 1)))
    return chances[: seen + 1].sum(), chances[seen:].sum()


def center(x):
    return stats.trim_mean(x, 0.25, axis=-1)


def weigh(study, row, datasets, level=0.95, rival=""):
    """Lower is what is claimed. p: for, against, within; ends: effect, low, high."""
    rival = rival or row.against
    if rival.startswith("best of "):
        names = rival[8:].split(", ")
        each, strict = ([weigh(study, row, datasets, at, name) for name in names] for at in (level, 1 - (1 - level) / len(names)))
        told = max(each, key=lambda part: (part.p[0], part.ends[0]))
        told.p[1] = min(1, len(names) * min(part.p[1] for part in each))
        told.ends = [max(part.ends[k] for part in of) for k, of in enumerate((each, strict, each))]
        return told
    way, near, two = -1 if row.direction == "greater" else 1, row.statistic.startswith("share within"), row.n_against > 0
    binary, of = near or row.metric == "diverged", np.min if row.statistic == "best" else center
    logs = row.scale == "ratio" or (row.kind == "bound" and row.metric in LOGS)
    scaled = (lambda x: np.log(np.maximum(x, 1e-300))) if logs else (lambda x: np.asarray(x, float))
    width = math.log1p(row.margin) if logs else row.margin
    zero = float(row.against) if row.kind in ("compare", "trend") and not two else 0.0
    target = scaled([row.target_low, row.target_high]) if row.kind == "bound" else (-np.inf if row.direction else -width, width)
    pairs, gaps = [], []
    for name in datasets:
        pair = [values(study, row, name, arm, (row.arm, rival), row.metric) for arm in (row.arm, rival)[: 1 + two]]
        if near:
            best = study.runs[study.runs.dataset == name][row.metric].min()
            pair = [(x <= best * float(row.statistic.split()[2])).astype(float) for x in pair]
        if row.statistic == "spread":
            gaps.append([abs(np.diff(np.log(x).reshape(-1, 2))[:, 0]) * way for x in pair])
            pair = [abs(np.log(x) - np.median(np.log(x))) for x in pair]
        pairs.append([way * (scaled(x) - zero) for x in pair])
    counts = [(abs(a).sum().astype(int), len(a), abs(b).sum().astype(int), len(b)) for a, b in pairs] if binary else []
    limits = [np.ma.masked_invalid(np.concatenate(pair)) for pair in pairs]
    finite = [[np.clip(x, of.min(), of.max()) for x in pair] for pair, of in zip(pairs, limits)]

    def test(end):
        if np.isinf(end):
            return (0.0, 1.0) if end > 0 else (1.0, 0.0)
        if row.kind == "bound":
            return trimmed(pairs[0][0]).sf(end) * 0 + 1 - trimmed(pairs[0][0]).cdf(end), trimmed(pairs[0][0]).cdf(end)
        if binary:
            return shares_test(counts, way * end)[::way]
        if not two:
            return sign_test([x for (x,) in pairs], end)
        return best_test(finite, end) if row.statistic == "best" else rank_test(gaps or pairs, end)

    (below, above), (under, over) = (test(end) for end in (target if row.kind in ("bound", "equivalent") else (-width, width)))
    ranged = row.kind in ("bound", "equivalent")
    p = [max(above, under), min(below, over), 1.0] if ranged else [below, over, max(above, under) if width else 1.0]
    picks = [[x[rng.integers(0, len(x), (DEALS, len(x)))] for x in pair] for pair in finite]
    effect, drawn = (np.mean([of(a, axis=-1) for a, *_ in x], axis=0) - np.mean([of(b, axis=-1) for *_, b in x], axis=0) * two for x in (finite, picks))
    ends = [effect, *np.quantile(drawn, [0.5 - level / 2, 0.5 + level / 2])]
    if binary:
        ends = np.sort(way * newcombe(counts, level))[[1, 0, 2]]
    versus = [(pair[0], pair[1] if two else np.zeros(1)) for pair in pairs]
    share = np.mean([(np.mean(a[:, None] < b) + np.mean(a[:, None] <= b)) / 2 for a, b in versus])
