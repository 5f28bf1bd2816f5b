"""What README and CONTRIBUTING show works as it stands there."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

from ablate import registry
from ablate.claims.calibration_table import FOLDER, Power, read_table
from ablate.report import claims_words
from ablate.report.board import SYMBOLS
from ablate.study import recipes
from ablate.study.load import load_study

ROOT = Path(__file__).parents[1]
README, CONTRIBUTING = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "CONTRIBUTING.md"))


def block(language: str, holding: str) -> str:
    """The code block of that language with that text in it."""
    (found,) = (b for b in re.findall(rf"```{language}\n(.*?)```", README, re.S) if holding in b)
    return str(found)


def ablate(*arguments: object, cwd: Path) -> str:
    words = [sys.executable, "-m", "ablate", *map(str, arguments)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, cwd=cwd, env={**os.environ})
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_study_and_the_loss_that_it_shows_run(tmp_path: Path) -> None:
    study = block("yaml", "study: my_idea").replace("seeds: 10 ", "seeds: 1 ")
    claim = "id: own, source: [me], says: mine, test: compare, metric: fid, arm: mine, against: plain, direction: less"
    study += f"  - {{{claim}}}\n"
    study = study.replace("arms:\n", "arms:\n  mine: {loss: softplus_wasserstein}\n")
    (tmp_path / "my_idea.yaml").write_text(study)
    (tmp_path / "my_loss.py").write_text(block("python", "softplus_wasserstein"))
    small = ("--set=generator_steps=5", "--set=evaluation_samples=200", "--set=evaluations=1", "--workers=2")
    told = ablate("run", "my_idea.yaml", *small, "--plugin", "my_loss.py", "--only", "dataset=ring8", cwd=tmp_path)
    assert "3 runs trained" in told
    ablate("report", "--results", "runs", "--out", "page", "--plugin", "my_loss.py", cwd=tmp_path)
    assert "softplus_wasserstein" in (tmp_path / "page" / "index.html").read_text(encoding="utf-8")


def test_the_search_that_it_shows_is_a_study(tmp_path: Path) -> None:
    study = block("yaml", "study: my_idea")
    study = study[: study.index("claims:")].replace("seeds: 10 ", "#") + block("yaml", "search:")
    (tmp_path / "my_search.yaml").write_text(study)
    assert "200 runs" in ablate("validate", "my_search.yaml", cwd=tmp_path)


def section(name: str) -> str:
    """The text under a heading of README."""
    return README.split(f"\n## {name}\n")[1].split("\n## ")[0]


def test_its_table_of_claims_is_a_copy_of_the_reports() -> None:
    table = (ROOT / "reports" / "verdicts.md").read_text(encoding="utf-8")
    assert table in README
    assert README.count("| verdict | its tests |") == 1
    with open(ROOT / "reports" / "verdicts.csv", encoding="utf-8", newline="") as file:
        claims = {row["claim"] for row in csv.DictReader(file)}
    assert {line.split("`")[1] for line in table.splitlines()[2:]} == claims


def test_every_claim_of_a_document_is_there_in_its_words() -> None:
    words = claims_words.read(ROOT / "results" / claims_words.TABLE)
    with open(ROOT / "reports" / "verdicts.csv", encoding="utf-8", newline="") as file:
        assert set(words) == {row["claim"] for row in csv.DictReader(file) if row["source"]}


def test_how_to_read_it_fits_on_a_screen_and_names_every_sign() -> None:
    lines = section("How to read it").strip().splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 120
    for word, symbol in SYMBOLS.items():
        assert f"| {word} {symbol} |" in section("How to read it")


def test_its_hours_runs_and_seeds_are_those_of_the_committed_tables() -> None:
    hours, runs, seeds = Counter[str](), Counter[str](), dict[str, int]()
    for path in (ROOT / "results").glob("**/environment.json"):
        environment, name = json.loads(path.read_text(encoding="utf-8")), path.parent.name
        kind = "recipes" if path.parent.parent.name == "recipes" else "studies"
        hours[kind] += environment["wall_seconds"] / 3600
        runs[kind] += len((path.parent / "runs.csv").read_text(encoding="utf-8").splitlines()) - 1
        seeds[f"{kind}/{name}"] = len(environment["seeds"])
    told = " ".join(section("What came out").split())
    assert f"{runs['studies']:,} runs of studies in {hours['studies']:.1f} hours" in told
    assert f"{runs['recipes']} runs of the documents' recipes in {hours['recipes']:.1f} hours" in told
    few = {name: count for name, count in seeds.items() if count != 10 and name != "studies/gp_tuning"}
    pilots = sorted((few.pop(name) for name in list(few) if name.endswith(("_pilot", "_rates"))), reverse=True)
    assert f"10 seeds (`precision`: {few.pop('studies/precision')})" in told
    assert f"or {load_study(ROOT / 'studies' / 'gp_tuning.yaml').repeats} draws" in told
    assert f"three pilots have {pilots[0]}, {pilots[1]} and {pilots[2]} seeds" in told
    assert set(few) == {name for name in seeds if name.startswith("recipes/")}
    assert f"recipes {min(few.values())} or {max(few.values())}" in told


def test_its_power_is_that_of_the_committed_simulation() -> None:
    rows = read_table(ROOT / "results" / FOLDER, Power)
    found = {
        row.effect_sd: f"{100 * row.power:.0f} %"
        for row in rows
        if (row.kind, row.distribution, row.n) == ("compare", "normal", 10)
    }
    told = " ".join(section("How to read it").split())
    assert (
        f"1.5 standard deviations of the seeds with {found[1.5]}, 1 with {found[1]} and 0.5 with {found[0.5]}" in told
    )


def test_the_last_batches_of_the_documents_epochs_are_what_it_says() -> None:
    images = 60_000  # MNIST's training set
    left = [images % _batch_size(name) for name in ("cwgan_gp_mnist", "wgan_mnist")]
    assert f"(of {left[0]} in D1, of {left[1]} in D2)" in " ".join(section("How to read it").split())


def _batch_size(recipe: str) -> int:
    study = load_study(recipes.path_of(recipe))
    return study.config(study.datasets[0], study.arms[0]).batch_size


def test_every_command_that_it_shows_exists(tmp_path: Path) -> None:
    listed = ablate("--help", cwd=tmp_path)
    for name in set(re.findall(r"^ablate ([a-z-]+)|`ablate ([a-z-]+)", README, re.M)):
        assert f"\n  {name[0] or name[1]} " in listed, name


def test_the_files_that_it_points_to_are_there() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", README):
        assert (ROOT / target).exists(), target


def paths_in(text: str) -> list[str]:
    """What is written as a path within the repository; NAME stands for any."""
    tops = "|".join(re.escape(path.name) for path in ROOT.iterdir())
    return [path for path in re.findall(rf"(?<![\w/])(?:{tops})/[\w./-]*", text) if "NAME" not in path]


def test_every_path_that_contributing_and_readme_name_exists() -> None:
    assert len(paths_in(CONTRIBUTING)) > 25
    for path in (*paths_in(CONTRIBUTING), *re.findall(r"`(ablate/[\w./-]+|studies/[\w./]+|benchmarks/)`", README)):
        assert (ROOT / path).exists(), path


def test_contributing_fits_on_a_screen_and_knows_every_folder_and_kind_of_component() -> None:
    assert len(CONTRIBUTING.splitlines()) <= 60
    folders = {path.name for path in (ROOT / "ablate").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders == set(re.findall(r"`ablate/(\w+)/`", CONTRIBUTING))
    kinds = re.findall(r"\| `\"(\w+)\"` \|", CONTRIBUTING)
    assert set(kinds) == set(registry.KINDS)


def test_each_file_to_copy_from_registers_a_component_of_that_kind() -> None:
    rows = re.findall(r"^\| an? [^|]*\| ([^|]+) \| `\"(\w+)\"` \|", CONTRIBUTING, re.M)
    assert len(rows) == 10
    for files, kind in rows:
        for path in re.findall(r"`([^`]+)`", files):
            assert (ROOT / path).is_file()
            if kind != "claim":
                assert f'"{kind}", "' in re.sub(r"\n\s*", " ", (ROOT / path).read_text(encoding="utf-8")), path


def test_every_marker_that_contributing_names_is_registered() -> None:
    line = next(line for line in CONTRIBUTING.splitlines() if line.startswith("pytest -m"))
    named = set(re.findall(r"mnist|browser|ray|gpu|postgresql", line.replace("Ray", "")))
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert named == set(re.findall(r'^  "(\w+): ', pyproject, re.M))
