"""Every verdict worked out again from the committed tables, with nothing of ablate.

`python tests/independent/verdicts.py results reports/verdicts.csv` says what differs, and what differs but lies so near to a
threshold that the error of random deals and resamples explains it.
"""

import math
import sys
from pathlib import Path
from types import SimpleNamespace as Told

import numpy as np
import pandas as pd
import yaml
from evidence import headline, weigh
from runs import DEALS, values

WORDS = ("reproduced", "contradicted", "no difference that matters")
LEANS = (-0.05, 0.0, 0.05)
"""Three standard errors of the difference of two bootstrap intervals' ends, in widths of the interval"""


def word(told, p, lean=0.0):
    """The verdict; `lean` moves both ends of the interval, in widths of it."""
    _, low, high = told.ends
    low, high = low - lean * (high - low), high + lean * (high - low)
    (least, most), sure = told.span, told.binary
    if told.seeds < 5 or p >= 0.05 or told.alike:
        return "no events" if told.alike and told.seeds >= 5 else "inconclusive"
    inside = least <= low and high <= most and not told.outside
    if told.target is not None:
        pick = int(told.p[0] > told.p[1])
        shown = high < least or low > most if pick else inside
    else:
        pick = int(np.argmin(told.p))
        ahead, even = told.share >= 0.75 - 1e-9, abs(told.share - 0.5) <= 0.4 + 1e-9
        behind = told.share <= 0.25 + 1e-9
        shown = (high < least and (sure or ahead), low > most and (sure or behind), inside and (sure or even))[pick]
    return WORDS[pick] if shown else "inconclusive"


def holm(p):
    order = np.argsort(p, kind="stable")
    stepped = np.minimum(1, np.maximum.accumulate(np.array(p)[order] * np.arange(len(p), 0, -1)))
    return stepped[np.argsort(order)]


def conclude(row, told, parts, p, words, p_varied, lean=0.0):
    """The headline's word, held against those of its datasets."""
    said = word(told, p, lean)
    if row.decide == "any_dataset":
        if set(words) <= set(WORDS[1:]):
            return WORDS[2] if WORDS[2] in words else WORDS[1]
        return "inconclusive" if said in WORDS[1:] else said
    if row.decide == "every_dataset" and said in (WORDS[0], WORDS[2]):
        return said if all(word(part, p, lean) == said for part in parts) else "inconclusive"
    decided = set(words) & set(WORDS)
    if row.decide == "pooled" and p_varied < 0.05 and decided and not (said in WORDS and decided == {said}):
        return "depends on the dataset"
    return said


def misread(folder, heads):
    """Headlines whose margin, direction or end is not that of the study file."""
    claims = yaml.safe_load((folder / "study.yaml").read_text(encoding="utf-8"))["claims"]
    for row in heads:
        same = [
            claim for claim in claims if (claim["id"], claim["says"], claim["test"]) == (row.claim, row.says, row.kind)
        ]
        ways = {"falls": "less", "rises": "greater"}
        if not any(
            claim.get("margin", 0) == row.margin
            and ways.get(claim.get("direction"), claim.get("direction", row.direction)) == row.direction
            and (row.kind != "bound" or claim.get("low", row.target_low) == row.target_low)
            and (row.kind != "bound" or claim.get("high", row.target_high) == row.target_high)
            for claim in same
        ):
            yield f"{row.claim} {row.metric} {row.arm}: not as the study file has it"


def identities(study, blocks):
    """Those that do not hold, or hold and are not said to."""
    for head, *others in blocks:
        sign, value, _, width = head.against.split()
        x = np.concatenate([values(study, row.dataset, row.arm, row.metric, ()) for row in others])
        held = ((abs(x - float(value)) <= float(width)) == (sign == "=")).all()
        if head.verdict != WORDS[0 if held else 1]:
            yield f"{head.claim} {head.metric} {head.arm}: {WORDS[0 if held else 1]}, {head.verdict}"


def recompute(folder, table):
    """Lines of what differs, of what differs within Monte Carlo error of a threshold, and how many rows were worked out."""
    runs, curves = pd.read_csv(folder / "runs.csv", low_memory=False), pd.read_parquet(folder / "curves.parquet")
    study = Told(runs=runs, curves=curves[np.isfinite(curves.value)].groupby(["run_id", "metric"]))
    blocks = [list(block.itertuples()) for _, block in table.groupby((table.dataset == "pooled").cumsum())]
    blocks = [block for block in blocks if block[0].verdict != "waiting"]
    sure, near = list(misread(folder, [block[0] for block in blocks])), []
    sure += list(identities(study, [block for block in blocks if block[0].kind == "identity"]))
    blocks = [block for block in blocks if block[0].kind != "identity"]
    parts = [[weigh(study, row, [row.dataset]) for row in others] for _, *others in blocks]
    wholes = [headline(study, block[0], own) for block, own in zip(blocks, parts, strict=True)]
    of_whole = dict(zip(map(id, wholes), corrected(wholes), strict=True))
    flat = [part for own in parts for part in own]
    of_part = dict(zip(map(id, flat), corrected(flat), strict=True))
    varied = [told for told in wholes if not np.isnan(told.het)]
    of_varied = dict(zip(map(id, varied), holm([told.het for told in varied]), strict=True))
    for (head, *others), own, told in zip(blocks, parts, wholes, strict=True):
        said = {}
        for lean in LEANS:
            for err in (0, -1, 1):
                p = {key: at + err * off for key, (at, off, _) in (of_whole | of_part).items()}
                words = [word(part, p[id(part)], lean) for part in own]
                whole = conclude(head, told, own, p[id(told)], words, of_varied.get(id(told), np.nan), lean)
                for row, mine in zip((head, *others), (whole, *words), strict=True):
                    said.setdefault(row.Index, []).append(mine)
        for row, part in zip((head, *others), (told, *own), strict=True):
            *_, p = (of_whole | of_part)[id(part)]
            wrong_p = abs(p - row.p) > error(p) + 1e-3 * p
            line = (
                f"{row.claim} {row.dataset} {row.metric} {row.arm} | {row.against}: {said[row.Index][3]}, {row.verdict}"
            )
            if wrong_p or row.verdict not in said[row.Index]:
                sure.append(f"{line}; p {p:.3g}, {row.p:.3g}")
            elif row.verdict != said[row.Index][3]:
                near.append(line)
    return sure, near, len(table[table.verdict != "waiting"])


def error(p):
    """Three standard errors of a two-sided p by random deals."""
    return 6 * math.sqrt(max(p / 2, 1e-4) * (1 / 9999 + 1 / DEALS))


def corrected(told):
    """Holm's p, three standard errors of it, and p itself."""
    p = [min(1, 2 * min(of.p)) for of in told]
    return [
        (adjusted, error(one) * max(1, adjusted / max(one, 1e-9)), one)
        for adjusted, one in zip(holm(p), p, strict=True)
    ]


if __name__ == "__main__":
    results, verdicts = Path(sys.argv[1]), pd.read_csv(sys.argv[2]).fillna({"direction": ""})
    for name, table in verdicts.groupby("study"):
        if (results / name / "runs.csv").is_file():
            sure, near, rows = recompute(results / name, table)
            told = [f"  {what}: {line}" for what, lines in (("differs", sure), ("near", near)) for line in lines]
            print(f"{name}: {rows} rows", *told, sep="\n")
