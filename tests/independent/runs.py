"""What runs say of a claim, by numpy and scipy alone: values from the tables, exact and permutation tests, intervals."""

import math

import numpy as np
from scipy import optimize, stats

LOGS = ("optimum_error", "w1_ratio", "plan_slope_mean", "critic_slope_mean", "fid", "w1")
DEALS, RESAMPLES, rng = 10_000, 4_000, np.random.default_rng(0)


def values(study, dataset, arm, metric, arms):
    rows = study.runs[(study.runs.dataset == dataset) & (study.runs.arm == arm)]
    rows = rows[rows.status.isin(["done", "diverged"])]
    if metric == "diverged":
        return (rows.status == "diverged").to_numpy(float)
    if metric.startswith("spearman("):
        names = metric[9:-1].split(", ")
        return np.array([spearman(*(curve(study, run, name) for name in names)) for run in rows.run_id])
    if metric in ("steps_to_target", "seconds_to_target"):
        target = max(np.median(values(study, dataset, name, "fid", arms)) for name in arms)
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
    """One-sided p that first − second lies below `end`, and above: exact, and the studentized one where small and larger."""
    pairs = [(np.round(a - end, 12), np.round(b, 12)) for a, b in pairs]
    unit, chances, seen = math.lcm(*(len(a) + len(b) + 1 for a, b in pairs)), np.ones(1), 0
    for a, b in pairs:  # van Elteren's weights; the ways to deal the midranks are counted run by run
        m, ranks = len(a), np.rint(2 * stats.rankdata([*a, *b])).astype(int) * (unit // (len(a) + len(b) + 1))
        ways = np.eye(m + 1, 1) * np.eye(1, np.sort(ranks)[-m:].sum() + 1)
        for rank in ranks:
            ways[1:, rank:] += ways[:-1, : max(ways.shape[1] - rank, 0)].copy()
        chances, seen = np.convolve(chances, ways[m] / ways[m].sum()), seen + ranks[:m].sum()
    exact = chances[: seen + 1].sum(), chances[seen:].sum()
    if min(exact) >= 0.05 or all(a.max() < b.min() or b.max() < a.min() for a, b in pairs):
        return exact
    lead, variance = np.zeros(DEALS + 1), np.full(DEALS + 1, 1e-18)
    for a, b in pairs:  # Brunner and Munzel's statistic, its deals
        m, n, ranks = len(a), len(b), stats.rankdata([*a, *b])
        dealt = np.vstack([ranks, rng.permuted(np.tile(ranks, (DEALS, 1)), axis=1)])
        first, second = (part - stats.rankdata(part, axis=1) for part in (dealt[:, :m], dealt[:, m:]))
        lead += first.mean(axis=1) / n - second.mean(axis=1) / m
        variance += 4 * (first.var(axis=1, ddof=1) / n**2 / m + second.var(axis=1, ddof=1) / m**2 / n)
    t = lead / np.sqrt(variance)
    found = np.maximum(exact, (np.mean(t <= t[0] + 1e-9), np.mean(t >= t[0] - 1e-9)))
    there = [np.ma.masked_invalid([*a, *b]) for a, b in pairs]
    pairs = [[np.clip(x, of.min(), of.max()) for x in pair] for pair, of in zip(pairs, there, strict=True)]
    if any(len(a) != len(b) or stats.levene(a, b, center="median").pvalue < 0.05 for a, b in pairs):
        parts = np.array([x.var(ddof=1) / len(x) for pair in pairs for x in pair])  # Welch's test must agree
        freedom = parts.sum() ** 2 / (parts**2 / [len(x) - 1 for pair in pairs for x in pair]).sum()
        deviate = sum(a.mean() - b.mean() for a, b in pairs) / math.sqrt(parts.sum())
        return np.maximum(found, (stats.t.cdf(deviate, freedom), stats.t.sf(deviate, freedom)))
    return found


def best_test(pairs):
    dealt = [np.vstack([[*a, *b], rng.permuted(np.tile([*a, *b], (DEALS, 1)), axis=1)]) for a, b in pairs]
    leads = [x[:, : len(a)].min(axis=1) - x[:, len(a) :].min(axis=1) for x, (a, _) in zip(dealt, pairs, strict=True)]
    lead = np.sum(leads, axis=0)
    return np.mean(lead <= lead[0] + 1e-12), np.mean(lead >= lead[0] - 1e-12)


def sign_test(x, end):
    below, above = (x < end).sum(), (x > end).sum()
    return stats.binom.cdf(above, below + above, 0.5), stats.binom.cdf(below, below + above, 0.5)


def iqm(x, axis=-1):
    return stats.trim_mean(x, 0.25, axis=axis)


def trimmed(x):
    """Interquartile mean, degrees of freedom and standard error (Tukey and McLaughlin)."""
    cut, ordered = len(x) // 4, np.sort(x)
    inner = ordered[cut : len(x) - cut]
    error = np.clip(x, inner[0], inner[-1]).std(ddof=1) / (1 - 2 * cut / len(x)) / math.sqrt(len(x))
    return inner.mean(), len(inner) - 1, max(error, 1e-300)


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


def interval(finite, effect, of, level):
    """The bootstrap's, of one arm as far as that of Student's t of trimmed values; and the share of resamples below 0."""
    drawn = np.zeros(RESAMPLES)
    for pair in finite:
        for side, x in zip((1, -1), pair, strict=False):
            drawn += side * of(x[rng.integers(0, len(x), (RESAMPLES, len(x)))], axis=-1) / len(finite)
    low, high = np.quantile(drawn, [0.5 - level / 2, 0.5 + level / 2])
    if len(finite[0]) == 1 and min(len(x) for (x,) in finite) >= 5:
        _, degrees, errors = np.array([trimmed(x) for (x,) in finite]).T
        weights = (errors / errors.max()) ** 2
        t = stats.t.ppf(0.5 + level / 2, weights.sum() ** 2 / (weights**2 / degrees).sum())
        half = t * math.sqrt((errors**2).sum()) / len(finite)
        low, high = min(low, effect - half), max(high, effect + half)
    return [effect, low, high], np.mean(drawn < 0) / 2 + np.mean(drawn <= 0) / 2
