"""The fault script in full: `python -m tests.faults.run` kills a study 30 times in each way and writes the table.

results/faults/faults.csv has a row a fault: how often it was tried, and how many runs were lost, duplicated or differ from
an undisturbed study's; these three must be 0, and are the exit code.
"""

from __future__ import annotations

import argparse
import csv
import random
import tempfile
from dataclasses import asdict, fields
from pathlib import Path

from ablate.files.whole_files import replace
from tests.support.kills import FAULTS, Count, Undisturbed, under_kills

TABLE = Path(__file__).parents[2] / "results" / "faults" / "faults.csv"


COLUMNS = [field.name for field in fields(Count) if field.compare]


def main() -> int:
    """The number of runs that a fault changed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=30, help="of each kind")
    parser.add_argument("--seed", type=int, default=0, help="decides the moments")
    parser.add_argument("--out", type=Path, default=TABLE, help="the table")
    parser.add_argument("faults", nargs="*", help=f"of {', '.join(FAULTS)}; default: all. Rows of others stay")
    given = parser.parse_args()
    counts = _read(given.out)
    with tempfile.TemporaryDirectory() as name:
        undisturbed = Undisturbed.of(Path(name))
        for fault in given.faults or FAULTS:
            chance = random.Random(f"{given.seed} {fault}")
            counts[fault] = under_kills(fault, given.kills, undisturbed, Path(name), chance)
            print(counts[fault], flush=True)
            replace(given.out, lambda path: _write(path, [counts[name] for name in FAULTS if name in counts]))
    return sum(count.lost + count.duplicated + count.differing for count in counts.values())


def _read(path: Path) -> dict[str, Count]:
    if not path.exists():
        return {}
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {row["fault"]: Count(row["fault"], *(int(row[name]) for name in COLUMNS[1:])) for row in rows}


def _write(path: Path, counts: list[Count]) -> None:
    with open(path, "w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, extrasaction="ignore", lineterminator="\n")
        table.writeheader()
        table.writerows(asdict(count) for count in counts)


if __name__ == "__main__":
    raise SystemExit(min(main(), 1))
