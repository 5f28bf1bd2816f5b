"""The commands as a user types them: exit codes, what they say, and never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from ablate import cli
from tests.support.commands import ablate
from tests.support.timing import processor_seconds

STUDY = """\
study: tiny
question: Is there a difference?
seeds: 2
datasets: [ring8]
base: {width: 4, batch_size: 8, n_critic: 1, generator_steps: 4, evaluations: 2, evaluation_samples: 200}
arms:
  wgan_gp: {loss: wasserstein, lipschitz: gradient_penalty, lambda_gp: 0.1}
  gan: {loss: non_saturating, lipschitz: none}
claims:
  - id: gp-quality
    source: [D0]
    says: the penalty gives better samples
    test: compare
    metric: fid
    arm: wgan_gp
    against: gan
    direction: less
"""


def in_a_process(*arguments: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "ablate", *map(str, arguments)]
    done = subprocess.run(
        words, capture_output=True, text=True, timeout=120, cwd=cwd, env={**os.environ, **environment}
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a study file in it, as a user's working folder."""
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies" / "tiny.yaml").write_text(STUDY)
    return tmp_path


FILE = "studies/tiny.yaml"


def test_a_study_goes_from_its_file_to_the_page(folder: Path) -> None:
    done = in_a_process("run", FILE, "--workers", 1, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "4 runs trained" in done.stdout
    assert "no reference to compare with" in done.stdout
    done = in_a_process("report", "--results", "runs", "--out", "page", cwd=folder)
    assert done.returncode == 0, done.stderr
    page = (folder / "page" / "index.html").read_text()
    assert "the penalty gives better samples" in page
    assert "inconclusive" in page
    assert (folder / "page" / "verdicts.csv").read_text().count("\n") >= 2


def test_a_run_is_compared_with_the_reference(folder: Path) -> None:
    ablate("run", FILE, "--workers", 1, "--out", "results/tiny", cwd=folder)
    done = ablate("run", FILE, "--workers", 1, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "the same to the last digit: 4" in done.stdout
    assert "agrees with the reference" in done.stdout


def test_a_dry_run_trains_nothing_and_says_what_it_would_train(folder: Path) -> None:
    done = ablate("run", FILE, "--dry-run", cwd=folder)
    assert done.returncode == 0
    assert "4 of them missing" in done.stdout
    assert not (folder / "runs").exists()


def test_only_trains_a_part_and_the_rest_is_trained_later(folder: Path) -> None:
    first = json.loads(ablate("run", FILE, "--workers", 1, "--only", "arm=gan", "--json", cwd=folder).stdout)
    assert (first["trained"], first["runs"]) == (2, 2)
    second = json.loads(ablate("run", FILE, "--workers", 1, "--json", cwd=folder).stdout)
    assert (second["trained"], second["counts"]) == (2, {"done": 4})
    third = json.loads(ablate("run", FILE, "--only", "arm=gan", "--json", cwd=folder).stdout)
    assert (third["trained"], third["unused_rows"]) == (0, [])


def test_seeds_and_settings_can_be_changed_from_the_command_line(folder: Path) -> None:
    done = ablate("run", FILE, "--dry-run", "--json", "--seeds", "0:5", "--set", "lr=1e-3", cwd=folder)
    assert json.loads(done.stdout)["runs"] == 10


USAGE = [
    (("run", "nowhere.yaml"), "nowhere.yaml"),
    (("run", FILE, "--set", "lrr=1"), "did you mean 'lr'"),
    (("run", FILE, "--set", "lr"), "lr"),
    (("run", FILE, "--only", "arm=ganz"), "ganz"),
    (("run", FILE, "--seeds", "5:0"), "5:0"),
    (("run", FILE, "--device", "tpu"), "expected one of: auto, cpu, cuda"),
    (("run", FILE, "--workers", "0"), "--workers"),
    (("run", FILE, "--plugin", "nowhere.py"), "nowhere.py: no such file"),
    (("run", FILE, "--features", "incepton"), "expected classifier (as without it) or inception"),
    (("run", FILE, "--inception-weights", "x.pth"), "has no effect without --features inception"),
    (("run", FILE, "--features", "inception", "--inception-weights", "x.pth"), "x.pth: no such file"),
    (("list", "losess"), "did you mean 'losses'"),
    (("report",), "no result tables there"),
    (("report", "tinny", "--results", "results"), "tinny"),
    (("validate", "nowhere.yaml", FILE), "nowhere.yaml"),
    (("promote", FILE), "no runs.csv there"),
    (("train-classifier", "ring8"), "not a stored set of labelled images"),
    (("train-classifier", "image_folder"), "dataset image_folder needs path, which is not given"),
    (("train-classifier", "image_folder", "--set", "path=nowhere"), "nowhere does not exist"),
    (("train-classifier", "image_folder", "--set", "path=x", "--set", "channels=2"), "expected one of: 1, 3"),
    (("train-classifier", "digits", "--set", "size"), "expected OPTION=VALUE"),
    (("nonsense",), "No such command"),
    (("run", FILE, "--nonsense"), "No such option"),
]


@pytest.mark.parametrize(("arguments", "said"), USAGE, ids=[" ".join(a) for a, _ in USAGE])
def test_a_mistake_in_a_command_is_one_clear_message_and_exit_2(
    arguments: tuple[str, ...], said: str, folder: Path
) -> None:
    done = ablate(*arguments, cwd=folder)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr


def test_missing_data_says_what_to_download_and_where_to_put_it(folder: Path) -> None:
    text = STUDY.replace("[ring8]", "[mnist]")
    (folder / "studies" / "tiny.yaml").write_text(text)
    blocked = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    done = ablate("run", FILE, "--workers", 1, "--data", folder / "empty", cwd=folder, **blocked)
    assert done.returncode == 2
    for part in ("train-images-idx3-ubyte", str(folder / "empty"), "--data", "ABLATE_DATA"):
        assert part in done.stderr


def test_a_study_of_very_many_runs_is_asked_about_first(folder: Path) -> None:
    done = ablate("run", FILE, "--seeds", "0:100000", "--dry-run", cwd=folder)
    assert done.returncode == 2
    assert done.stderr.strip() == (
        f"ablate: {FILE}: 200,000 runs, more than 100,000; --yes says that they are meant, --only trains a part"
    )
    assert ablate("run", FILE, "--seeds", "0:9", "--dry-run", cwd=folder).returncode == 0


def test_promote_refuses_rows_of_uncommitted_code_or_of_changed_settings(folder: Path) -> None:
    ablate("run", FILE, "--workers", 1, cwd=folder)
    table = folder / "runs" / "tiny" / "runs.csv"
    table.write_text(table.read_text().replace(",False,", ",True,"))
    done = ablate("promote", FILE, cwd=folder)
    assert done.returncode == 2
    assert "runs.csv:2: edited by hand" in done.stderr
    (table.parent / "checksums.json").unlink()
    done = ablate("promote", FILE, cwd=folder)
    assert done.returncode == 2
    assert "not committed" in done.stderr
    assert not (folder / "results").exists()


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("list", "losses"), "wasserstein"),
        (("list", "settings"), "n_critic"),
        (("list", "studies"), "Is there a difference?"),
        (("list", "datasets"), "PacGAN"),
        (
            ("list", "measures"),
            "metric, at the end of a run; less is better; needs points, or images with a classifier",
        ),
        (("list", "needs"), "[points in two dimensions]"),
        (("show", FILE), "lambda_gp: 0.1"),
        (("validate", FILE), "4 runs, 1 claims"),
    ],
)
def test_listing_commands_show_what_there_is(arguments: tuple[str, ...], shown: str, folder: Path) -> None:
    done = ablate(*arguments, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert shown in done.stdout


PLUGIN = """\
import pathlib
from ablate.registry import Setting, register
from ablate.training.losses import Wasserstein

with open(pathlib.Path(__file__).with_name("loaded.txt"), "a") as file:
    file.write("x")


@register("loss", "tempered", settings=(Setting("temperature", default=2.0, above=0, most=9, doc="of the scores"),))
class Tempered(Wasserstein):
    "Scores are divided by a temperature."


@register("lipschitz", "soft", settings=(Setting("softness", above=0, doc="of the bound"),))
class Soft:
    "A bound that gives way."
"""
OWN = STUDY.replace("gan: {loss: non_saturating", "gan: {loss: tempered, temperature: 3.0").replace(
    "study: tiny", "study: own"
)


@pytest.fixture
def plugin(folder: Path) -> Path:
    """A plugin with settings of its own beside two studies that use them."""
    (folder / "my_parts.py").write_text(PLUGIN)
    for name in ("own", "other"):
        (folder / "studies" / f"{name}.yaml").write_text(OWN)
    return folder


def test_settings_of_plugins_are_validated_shown_and_listed_as_built_in_ones_are(plugin: Path) -> None:
    given = ("--plugin", "my_parts.py")
    shown = ablate("show", "studies/own.yaml", *given, cwd=plugin)
    assert "temperature: 3.0" in shown.stdout, shown.stderr
    settings = ablate("list", "settings", *given, cwd=plugin).stdout.splitlines()
    lines = {line.split()[0]: line for line in settings}
    expected = "of the scores [of loss tempered: default 2.0; a finite number above 0 and at most 9]"
    assert lines["temperature"].endswith(expected)
    assert lines["softness"].endswith("of the bound [of lipschitz soft: must be given; a finite number above 0]")
    assert "lipschitz gradient_penalty" in lines["lambda_gp"]
    assert "soft" in lines["lipschitz"].split("one of: ")[1]
    assert "temperature" not in ablate("list", "settings", cwd=plugin).stdout


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("temperature: 3.0", "temprature: 3.0", "own.yaml:8:25: arms.gan.temprature: unknown setting 'temprature'"),
        ("temperature: 3.0", "temprature: 3.0", "did you mean 'temperature'?"),
        ("temperature: 3.0", "temperature: 10", "temperature is 10, expected a finite number above 0 and at most 9"),
        ("lipschitz: none", "lipschitz: soft", "lipschitz soft needs softness, which is not given"),
        ("loss: tempered", "loss: hinge", "temperature has no effect in any run: it is used only by loss tempered"),
    ],
)
def test_mistakes_in_settings_of_plugins_are_explained(old: str, new: str, said: str, plugin: Path) -> None:
    (plugin / "studies" / "own.yaml").write_text(OWN.replace(old, new, 1))
    done = ablate("validate", "studies/own.yaml", "--plugin", "my_parts.py", cwd=plugin)
    assert done.returncode == 2
    assert said in done.stderr


def test_a_plugin_is_loaded_once_however_many_studies_are_validated(plugin: Path) -> None:
    done = ablate("validate", "studies/own.yaml", "studies/other.yaml", "--plugin", "my_parts.py", cwd=plugin)
    assert done.returncode == 0, done.stderr
    assert (plugin / "loaded.txt").read_text() == "x"


def test_an_internal_error_is_one_message_that_says_how_to_report_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(**_: object) -> None:
        raise RuntimeError("out of luck")

    monkeypatch.setattr(cli, "app", broken)
    monkeypatch.setattr("warnings.showwarning", warnings.showwarning)  # main replaces it
    monkeypatch.delenv(cli.TRACEBACK_VARIABLE, raising=False)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    first, second = capsys.readouterr().err.splitlines()
    assert first == "ablate: an internal error: RuntimeError: out of luck"
    assert cli.TRACEBACK_VARIABLE in second
    monkeypatch.setenv(cli.TRACEBACK_VARIABLE, "1")
    with pytest.raises(RuntimeError):
        cli.main()


def test_validate_starts_in_a_second(folder: Path) -> None:
    seconds = [processor_seconds(lambda: in_a_process("validate", FILE, cwd=folder)) for _ in range(3)]
    assert min(seconds) < 1.2  # 0.6 s on an idle machine; other work slows its caches


def test_the_packages_own_studies_are_valid() -> None:
    root = Path(__file__).parents[1]
    done = ablate("validate", *sorted((root / "studies").glob("*.yaml")), cwd=root)
    assert done.returncode == 0, done.stderr
