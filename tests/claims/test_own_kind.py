"""A claim kind of one's own is one file: it is read, decided, shown on the page and simulated like those built in."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from ablate import registry
from ablate.claims.calibration import false_decisions, powers
from ablate.claims.calibration_table import Case
from ablate.claims.decide import decide
from ablate.claims.kind import kind_of, simulations
from ablate.errors import StudyErrors, UsageError
from ablate.report.board import board
from ablate.report.glance import at_a_glance
from ablate.report.site import build_report
from ablate.study.load import load_study
from ablate.study.study import Study
from tests.support.page_tags import Tags
from tests.support.simulated_study import NO_CURVES, NO_PROBES, SimulatedResults

PLUGIN = '''\
"""half_below: at least half of an arm's runs lie below a ceiling."""

from dataclasses import dataclass

from ablate.claims.kind import Axis, Kind, Mark, Simulation
from ablate.registry import register
from ablate.study.claims.claim import Fields
from ablate.study.claims.kind import ALWAYS, IF_WANTED, claims_of, common_fields


@dataclass(frozen=True)
class HalfBelowFields(Fields):
    ceiling: float = 0.0


@register("claim", "half_below")
class HalfBelow(Kind):
    """At least half of an arm's runs lie below a ceiling."""

    def read(self, reader):
        reader.fields((*ALWAYS, "metric", "arm", "ceiling"), IF_WANTED)
        arms, common = reader.arms("arm"), common_fields(reader)
        common["own"] = HalfBelowFields(reader.number("ceiling", 0.0))
        common["direction"] = "less"
        common["metric"] = reader.metric(arms, common["datasets"], pair=False)
        return claims_of(common, arms)

    def statement(self, claim):
        return f"half of {claim.metric} of {claim.arm} below {self.opponent(claim)}"

    def opponent(self, claim):
        return f"{HalfBelowFields.of(claim).ceiling:g}"

    def weigh(self, claim, strata, level):
        import numpy as np
        from ablate.claims.evidence import Evidence
        from ablate.claims.statistics.effects import improvement_on
        from ablate.claims.statistics.rank_tests import sign_test

        evidence = Evidence(claim, strata, "difference", improvement_of="runs")
        if not evidence.filled:
            return evidence
        values, ceiling = [samples.arm for samples in evidence.filled], HalfBelowFields.of(claim).ceiling
        test, improvement = sign_test(values, ceiling), improvement_on(values, ceiling, level)
        share, low, high = improvement
        evidence = evidence.with_test(test.p_less, test.p_greater, test.method, improvement)
        return evidence.with_effect(0.5 - share, 0.5 - high, 0.5 - low)

    def mark(self, verdict):
        return Mark(f"share of runs of {verdict.arm} with {verdict.metric} below {verdict.against}", Axis("half", 0.5))

    def finding(self, verdict):
        return f"{50 - 100 * verdict.effect:.0f} % of the runs of {verdict.arm} lie below {verdict.against}"

    def simulations(self):
        return (Simulation("half_below", "half of the runs below a ceiling", simulated),)


def simulated(law, n, effect):
    from ablate.claims.simulation import simulated_claim

    claim = simulated_claim("half_below", against="", own=HalfBelowFields(law.natural(law.median)))
    return claim, law.samples(law.runs(-effect, n)), 0.0
'''
STUDY = """\
study: own
question: Do most runs come below?
seeds: 10
datasets: [ring8, grid25]
base: {loss: wasserstein, lipschitz: gradient_penalty, lambda_gp: 10, generator_steps: 100}
arms:
  narrow: {width: 32}
  wide: {width: 64}
claims:
  - {id: low, says: most runs are good, test: half_below, metric: fid, arm: [narrow, wide], ceiling: 1}
"""


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Path]]:
    """Write a plugin and load it for one test."""
    monkeypatch.setattr(registry.registry, "_plugins", {})
    monkeypatch.setattr(registry.registry, "sources", {})
    path = tmp_path / "kind_of_a_test.py"

    def write_and_load(text: str) -> Path:
        path.write_text(text, encoding="utf-8")
        registry.load_plugin(str(path))
        return path

    yield write_and_load
    sys.modules.pop(path.stem, None)


@pytest.fixture
def plugin(load: Callable[[str], Path]) -> Path:
    return load(PLUGIN)


@pytest.fixture
def study(plugin: Path, tmp_path: Path) -> Study:
    path = tmp_path / "own.yaml"
    path.write_text(STUDY, encoding="utf-8")
    return load_study(path)


def results_of(study: Study) -> SimulatedResults:
    """Runs of `narrow` lie below 1, those of `wide` above it; one of `narrow` diverged."""
    rows = [
        {
            "run_id": run.run_id, "study": study.name, "dataset": run.dataset, "arm": run.arm, "seed": run.seed,
            "status": "diverged" if (run.arm, run.seed) == ("narrow", 0) else "done",
            "fid": (0.5 if run.arm == "narrow" else 2.0) + run.seed / 100,
        }
        for run in study.runs()
    ]  # fmt: skip
    return SimulatedResults(pd.DataFrame(rows), NO_CURVES, NO_PROBES)


def test_a_study_is_read_with_it_and_its_claims_have_keys_of_its_own(study: Study) -> None:
    assert [claim.key for claim in study.claims] == [
        "low: half of fid of narrow below 1", "low: half of fid of wide below 1"
    ]  # fmt: skip
    assert [claim.arms for claim in study.claims] == [("narrow",), ("wide",)]
    assert pickle.loads(pickle.dumps(study)).claims == study.claims


def test_its_claims_are_decided_by_it(study: Study) -> None:
    verdicts = {(v.arm, v.dataset): v for v in decide(study, results_of(study))}
    assert verdicts["narrow", "pooled"].verdict == "reproduced"
    assert verdicts["wide", "pooled"].verdict == "contradicted"
    assert verdicts["narrow", "pooled"].improvement == pytest.approx(0.9)  # a diverged run is not below
    assert verdicts["narrow", "ring8"].n == (10, 0)


def test_the_board_shows_its_mark_and_its_sentence(study: Study, tmp_path: Path) -> None:
    results = results_of(study)
    verdicts = decide(study, results)
    entries = board(verdicts)
    ((first, _),) = (entry.lines for entry in entries)
    assert first.what == "share of runs of narrow with fid below 1"
    assert first.sentence == "90 % of the runs of narrow lie below 1: reproduced"
    assert first.forest is not None
    assert first.forest.effect == pytest.approx(50 + 50 * 0.4 / (0.5 * 1.05), abs=0.01)  # its axis reaches to one half
    page = build_report([(study, results)], tmp_path / "page").read_text(encoding="utf-8")
    titles = [attributes.get("title") or "" for _, attributes in Tags.of(page).elements]
    assert first.sentence in titles
    assert first.what in page
    ((mark, _),) = (part.marks for row in at_a_glance(entries, verdicts) for part in row.sentences)
    assert mark.title == f"own: most runs are good: {first.sentence}"


def test_its_simulation_is_among_those_of_calibrate(plugin: Path) -> None:
    assert [*simulations()][-1] == "half_below"
    ((case, *_),) = false_decisions(100, kinds=["half_below"], laws=["normal"], seeds=[20])
    assert isinstance(case, Case)
    assert case.reproduced <= 0.08
    (row,) = powers(100, kinds=["half_below"], laws=["normal"], seeds=[20], effects=[2.0])
    assert row.power >= 0.9


def test_the_command_calibrate_takes_the_plugin(plugin: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "ablate",
        "calibrate",
        "--quick",
        "--studies",
        "1",
        "--plugin",
        str(plugin),
        "--json",
    ]
    done = subprocess.run([*command, "--out", str(tmp_path)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "half_below" in {case["kind"] for case in json.loads(done.stdout)["calibration.csv"]}


def test_an_unknown_test_is_refused_with_the_nearest_name(plugin: Path, tmp_path: Path) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(STUDY.replace("test: half_below", "test: half_bellow"), encoding="utf-8")
    with pytest.raises(StudyErrors) as caught:
        load_study(path)
    (problem,) = caught.value.problems
    assert ":10:" in problem
    assert (
        "unknown test 'half_bellow', expected one of: bound, compare, equivalent, identity, published, trend" in problem
    )
    assert "did you mean 'half_below'?" in problem


@pytest.mark.parametrize(
    ("body", "phrase"),
    [
        ("class Kindless:\n    pass", "is not a subclass of ablate.claims.kind.Kind"),
        ("class Half(Kind):\n    def read(self, reader): return []", "does not define: statement, weigh"),
    ],
)
def test_a_kind_that_is_not_whole_is_refused(
    load: Callable[[str], Path], tmp_path: Path, body: str, phrase: str
) -> None:
    imports = "from ablate.claims.kind import Kind\nfrom ablate.registry import register\n"
    load(f"{imports}@register('claim', 'half_below')\n{body}\n")
    path = tmp_path / "own.yaml"
    path.write_text(STUDY, encoding="utf-8")
    with pytest.raises(UsageError, match=phrase):
        load_study(path)


def test_each_built_in_kind_lies_in_one_file_of_its_name() -> None:
    for name, entry in registry.entries("claim").items():
        assert entry.module == f"ablate.claims.kinds.{name}"


def test_deciding_loads_no_pytorch_and_reading_claims_no_numpy(tmp_path: Path) -> None:
    path = tmp_path / "plain.yaml"
    path.write_text(STUDY.replace("half_below", "bound").replace("ceiling", "high"), encoding="utf-8")
    program = (
        "import sys\nfrom ablate.study.load import load_study\n"
        f"assert load_study({str(path)!r}).claims[0].key == 'low: iqm of fid of narrow in ≤ 1'\n"
        "assert not {'numpy', 'pandas', 'scipy'} & set(sys.modules)\n"
        "import ablate.claims.decide, ablate.claims.calibration, ablate.claims.against_reference\n"
        "assert 'torch' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_claim_of_one_kind_with_the_fields_of_another_is_an_error(study: Study) -> None:
    from ablate.claims.kinds.bound import BoundFields

    with pytest.raises(TypeError, match="its fields are HalfBelowFields, expected BoundFields"):
        BoundFields.of(study.claims[0])
    assert kind_of(study.claims[0]).opponent(study.claims[0]) == "1"
