"""What the runs say of a claim on one dataset and over all of them, oriented so that lower is what is claimed."""

import math
from types import SimpleNamespace as Told

import numpy as np
from runs import LOGS, best_test, interval, iqm, newcombe, rank_test, shares_test, sign_test, trimmed, values
from scipy import stats


def weigh(study, row, datasets, level=0.95, rival=""):
    """Lower is what is claimed. p: for, against, within; ends: effect, low, high."""
    rival = rival or row.against
    if rival.startswith("best of "):
        names = rival[8:].split(", ")
        each = [weigh(study, row, datasets, level, name) for name in names]
        strict = [weigh(study, row, datasets, 1 - (1 - level) / len(names), name) for name in names]
        told = max(each, key=lambda part: (part.p[0], part.ends[0]))
        told.p[1] = min(1, len(names) * min(part.p[1] for part in each))
        told.ends = [max(part.ends[k] for part in of) for k, of in enumerate((each, strict, each))]
        return told
    way, near, two = -1 if row.direction == "greater" else 1, row.statistic.startswith("share"), row.n_against > 0
    binary, of = (
        near or row.metric.startswith(("diverged", "failed_")),
        (np.min if way > 0 else np.max) if row.statistic == "best" else iqm,
    )
    logs = row.scale == "ratio" or (row.kind == "bound" and row.metric in LOGS)
    scaled = (lambda x: np.log(np.maximum(x, 1e-300))) if logs else (lambda x: np.asarray(x, float))
    width, ranged = math.log1p(row.margin) if logs else row.margin, row.kind in ("bound", "equivalent")
    zero = float(row.against) if row.kind in ("compare", "trend") and not two else 0.0
    target = (-np.inf if row.direction and row.kind == "equivalent" else -width, width)
    target = scaled([row.target_low, row.target_high]) if row.kind == "bound" else target
    pairs, gaps = [], []
    for name in datasets:
        pair = [values(study, name, arm, row.metric, (row.arm, rival)) for arm in (row.arm, rival)[: 1 + two]]
        if near:
            best = study.runs[study.runs.dataset == name][row.metric].min()
            pair = [x <= best * float(row.statistic.split()[2]) for x in pair]
        if row.statistic == "spread":
            gaps.append([way * abs(np.diff(np.log(x).reshape(-1, 2))[:, 0]) for x in pair])
            pair = [abs(np.log(x) - np.median(np.log(x))) for x in pair]
        pairs.append([way * (scaled(x) - zero) for x in pair])
    counts = [[int(count) for x in pair for count in (abs(x).sum(), len(x))] for pair in pairs] if binary else []
    inside = [np.ma.masked_invalid(np.concatenate(pair)) for pair in pairs]
    finite = [[np.clip(x, there.min(), there.max()) for x in pair] for pair, there in zip(pairs, inside, strict=True)]

    def test(end):
        if np.isinf(end):
            return (0.0, 1.0) if end > 0 else (1.0, 0.0)
        if row.kind == "bound":
            center, degrees, error = trimmed(pairs[0][0])
            return stats.t.cdf([(end - center) / error, (center - end) / error], degrees)[::-1]
        if binary:
            return shares_test(counts, way * end)[::way]
        if not two:
            return sign_test(np.concatenate([x for (x,) in pairs]), end)
        if row.statistic == "best":
            return best_test([[way * x for x in pair] for pair in finite])[::way]
        return rank_test(gaps or pairs, end)

    (below, above), (under, over) = (test(end) for end in (target if ranged else (-width, width)))
    p = [max(above, under), min(below, over), 1.0] if ranged else [below, over, max(above, under) if width else 1.0]
    effect = np.mean([sum(side * of(x, axis=-1) for side, x in zip((1, -1), pair, strict=False)) for pair in finite])
    ends, below_zero = interval(finite, effect, of, level)
    ends = np.sort(way * newcombe(counts, level))[[1, 0, 2]] if binary else ends
    versus = [(pair[0], pair[1] if two else np.zeros(1)) for pair in pairs]
    shares = [(np.mean(a[:, None] < b) + np.mean(a[:, None] <= b)) / 2 for a, b in versus]
    shares = [below_zero] if row.statistic == "best" else shares
    alike = binary and len({abs(x) for pair in pairs for own in pair for x in own}) == 1
    return Told(
        row=row,
        datasets=datasets,
        p=p,
        ends=ends,
        share=np.mean(shares),
        seeds=min(len(x) for pair in pairs for x in pair),
        target=target if ranged else None,
        span=target if ranged else (-width, width),
        binary=binary,
        alike=alike,
        sizes=[(len(pair[0]), len(pair[1]) if two else 0) for pair in pairs],
        counts=counts,
        outside=False,
        het=np.nan,
    )


def heterogeneity(parts):
    """Cochran's Q of differences of shares (Agresti and Caffo), or of probabilities of improvement (Newcombe)."""
    effects, variances = np.array([part.share for part in parts]), []
    t = effects.mean()
    if parts[0].counts:
        shares = [
            [((h + 1) / (m + 2), m + 2) for h, m in (of[:2], of[2:])] for (of,) in (part.counts for part in parts)
        ]
        effects = np.array([one - two for (one, _), (two, _) in shares])
        variances = [sum(share * (1 - share) / n for share, n in pair) for pair in shares]
    elif parts[0].row.statistic == "best" or t in (0, 1):
        return np.nan if parts[0].row.statistic == "best" else 1.0
    for m, n in [] if variances else [part.sizes[0] for part in parts]:
        shape = 1 + ((m + n) / 2 - 1) * ((1 - t) / (2 - t) + t / (1 + t))
        variances.append(t * (1 - t) * (shape / (m * n) if n else 1 / m))
    weights = 1 / np.array(variances)
    return stats.chi2.sf((weights * (effects - np.average(effects, weights=weights)) ** 2).sum(), len(parts) - 1)


def headline(study, row, parts):
    datasets = [part.datasets[0] for part in parts]
    if row.decide == "pooled":
        told = weigh(study, row, datasets)
        if len(parts) > 1:
            told.outside = any(not part.span[0] <= part.ends[0] <= part.span[1] for part in parts)
            told.het = heterogeneity(parts)
        return told
    rank = (lambda part: (part.share <= 0.5, part.p[0])) if row.decide == "any_dataset" else (lambda part: part.p[1])
    picked = weigh(study, row, min(parts, key=rank).datasets, 1 - 0.05 / len(parts))
    picked.p = [min(1, len(parts) * p) for p in picked.p]
    if row.decide == "any_dataset":
        return picked
    weakest = max(parts, key=lambda part: part.p[0])
    told = Told(**vars(weakest if weakest.p[0] <= picked.p[1] else picked))
    told.p = [weakest.p[0], picked.p[1], max(part.p[2] for part in parts)]
    return told
